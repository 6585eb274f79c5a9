"""Forms of pages: what a person types, as arguments of an operation, and the pipeline's refusals beside the fields."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.http import QueryDict

from movmo.kit.errors import DomainError, Kind
from movmo.operations.card_numbers import CardNumberRefused

OF_SCHEMAS = ("String should", "Input should", "value is not")


@dataclass(frozen=True, slots=True)
class Field:
    """`kind` is an input's type, or `select` with `options`; an empty answer is sent as null unless `required`.
    Two that are `is_half` stand side by side; what is typed into one that is `is_upper` is meant in capitals. One with
    `after` is shown once that other field is filled."""

    name: str
    label: str
    kind: str = "text"
    required: bool = False
    hint: str = ""
    autocomplete: str = "off"
    options: Sequence[tuple[str, str]] = ()
    longest: int = 100
    is_half: bool = False
    is_upper: bool = False
    after: str = ""
    empty: Any = None

    def read(self, posted: QueryDict) -> Any:
        if self.kind == "checkbox":
            return self.name in posted
        text = posted.get(self.name, "").strip()
        text = text.upper() if self.is_upper else text
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
        shown = (one for one in self.fields if not one.after or self.values.get(one.after) or self.values.get(one.name))
        return [Bound(one, self._shown(one), self.errors.get(one.name, "")) for one in shown]

    def _shown(self, one: Field) -> Any:
        value = self.values.get(one.name)
        return "" if value is None else value

    def refused(self, refusal: DomainError, complaints: Mapping[str, str] | None = None) -> None:
        """Put each complaint beside its field; what belongs to none of them stands above the form. `complaints` are
        the refusal's own, unless a page knows better which of its fields they are about."""
        named = {one.name: one for one in self.fields}
        rest = []
        for pointer, text in (refusal.fields if complaints is None else complaints).items():
            name = pointer.lstrip("/").partition("/")[0]
            if name in named:
                self.errors[name] = self._for_people(named[name], text)
            else:
                rest.append(text)
        if refusal.code == CardNumberRefused.code:  # not even to the page that it came from
            self.values = {name: value for name, value in self.values.items() if name not in self.errors}
        if not self.errors or rest:
            self.failure = " ".join(rest) or for_people(refusal)

    def _for_people(self, one: Field, text: str) -> str:
        """A schema speaks of strings and patterns; whoever types is told by the field's hint what it wants."""
        if not text.startswith(OF_SCHEMAS):
            return text
        if one.required and not self._shown(one):
            return "Fill this in."
        if one.kind == "email":
            return "This is no e-mail address."
        return f"This cannot be read. {one.hint}".strip()


def for_people(refusal: DomainError) -> str:
    """Hints are for programs too: one that names a header or an operation helps nobody who reads a page."""
    if refusal.retryable or refusal.kind is Kind.LIMITED:
        return f"{refusal.text} Try again in a moment."
    is_readable = not any(mark in refusal.hint for mark in ("`", "_", "token"))
    return f"{refusal.text} {refusal.hint}" if is_readable else refusal.text


def read(fields: Sequence[Field], posted: QueryDict) -> dict[str, Any]:
    return {one.name: one.read(posted) for one in fields}
