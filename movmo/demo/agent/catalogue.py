"""tools/list, read for what to call: who gives a field that is needed, and what comes after what."""

import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from typing import Any

from mcp.types import Tool

from movmo.demo.agent import words
from movmo.demo.agent.words import Advice, Step

NEW_KEY = "new UUID"
"""So a field says that it wants a value of the caller's own making."""


@dataclass(frozen=True, slots=True)
class Use:
    """A tool as one who calls it sees it."""

    name: str
    title: str
    description: str
    fields: dict[str, Any]
    required: list[str]
    gives: list[str]
    is_final: bool

    @property
    def keys(self) -> list[str]:
        """The fields for idempotency keys, whatever they are called."""
        return [name for name in self.fields if NEW_KEY in self.says_of(name)]

    @property
    def needs(self) -> list[str]:
        """What has to be known before the call."""
        return [name for name in self.required if name not in self.keys]

    def says_of(self, name: str) -> str:
        return str(self.fields.get(name, {}).get("description", ""))


@dataclass(frozen=True, slots=True)
class Catalogue:
    uses: dict[str, Use] = field(default_factory=dict)

    @classmethod
    def of(cls, tools: Iterable[Tool]) -> "Catalogue":
        return cls({tool.name: _use(tool) for tool in tools})

    def titled(self, title: str) -> Use:
        """The tool whose title begins like this, and says least beyond it. Raises LookupError."""
        wanted = _letters(title)
        found = [use for use in self.uses.values() if _letters(use.title).startswith(wanted)]
        if not found:
            raise LookupError(f"no tool is titled “{title}”")
        return min(found, key=lambda use: len(use.title))

    def next_of(self, use: Use) -> list[Step]:
        return words.what_is_next(use.description, self.uses)

    def named_for(self, use: Use, name: str) -> list[Use]:
        """The tools that the description of a field names."""
        return [self.uses[other] for other in words.named(use.says_of(name), self.uses)]

    def sources_of(self, use: Use, name: str, wished: Collection[str]) -> list[Use]:
        """Who may be called to learn a field: those that its description names, then those whose answers have it; first
        of either those that the wish speaks of. Nothing that cannot be undone is called only to learn something."""
        told = self.named_for(use, name)
        given = [other for other in self.uses.values() if name in other.gives and other not in told]
        found = [*_wished_first(told, wished), *_wished_first(given, wished)]
        return [other for other in found if other.name != use.name and not other.is_final]

    def advice(self, hint: str, told: Iterable[str]) -> Advice:
        return words.advice(hint, self.uses, told)


def _wished_first(uses: list[Use], wished: Collection[str]) -> list[Use]:
    return sorted(uses, key=lambda use: not set(use.needs) & set(wished))


def _use(tool: Tool) -> Use:
    asked, answered, notes = tool.input_schema, tool.output_schema or {}, tool.annotations
    return Use(
        name=tool.name,
        title=tool.title or "",
        description=tool.description or "",
        fields=asked.get("properties", {}),
        required=asked.get("required", []),
        gives=list(answered.get("properties", {})),
        is_final=bool(notes and notes.destructive_hint),
    )


def _letters(title: str) -> str:
    return re.sub(r"[^a-z ]", "", title.lower())
