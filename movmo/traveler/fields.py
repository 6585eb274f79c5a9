"""Forms of pages: what a person types, as arguments of an operation, and the pipeline's refusals beside the fields."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.http import QueryDict

from movmo.kit.errors import DomainError


@dataclass(frozen=True, slots=True)
class Field:
    """`kind` is an input's type, or `select` with `options`; an empty answer is sent as null unless `required`."""

    name: str
    label: str
    kind: str = "text"
    required: bool = False
    hint: str = ""
    autocomplete: str = "off"
    options: Sequence[tuple[str, str]] = ()
    longest: int = 100
    empty: Any = None

    def read(self, posted: QueryDict) -> Any:
        if self.kind == "checkbox":
            return self.name in posted
        text = posted.get(self.name, "").strip()
        if not text:
            return "" if self.required else self.empty
        return int(text) if self.kind == "number" and text.isascii() and text.isdigit() and len(text) < 10 else text


@dataclass(frozen=True, slots=True)
class Bound:
    """A field as a page shows it: with its value, and what is wrong with it."""

    field: Field
    value: Any
    error: str = ""

    @property
    def is_checked(self) -> bool:
        return bool(self.value)


@dataclass(slots=True)
class Form:
    """`values` are arguments, or a view that shares their names."""

    fields: Sequence[Field]
    values: Mapping[str, Any] = field(default_factory=dict)
    errors: dict[str, str] = field(default_factory=dict)
    failure: str = ""

    @property
    def bound(self) -> list[Bound]:
        return [Bound(one, self._shown(one), self.errors.get(one.name, "")) for one in self.fields]

    def _shown(self, one: Field) -> Any:
        value = self.values.get(one.name)
        return "" if value is None else value

    def refused(self, refusal: DomainError) -> None:
        """Put each complaint beside its field; what belongs to none of them stands above the form."""
        names = {one.name for one in self.fields}
        rest = []
        for pointer, text in refusal.fields.items():
            name = pointer.lstrip("/").partition("/")[0]
            if name in names:
                self.errors[name] = text
            else:
                rest.append(text)
        if not self.errors or rest:
            self.failure = " ".join(rest) or f"{refusal.text} {refusal.hint}"


def read(fields: Sequence[Field], posted: QueryDict) -> dict[str, Any]:
    return {one.name: one.read(posted) for one in fields}
