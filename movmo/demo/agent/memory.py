"""What the wish and the answers have told so far, by the names of fields."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from movmo.demo.agent import words
from movmo.demo.agent.catalogue import Use

Row = dict[str, Any]
UNKNOWN: Any = object()


@dataclass(slots=True)
class Memory:
    """`told` is what answers said last, `meant` what they are to be sent as, `latest` the last answer whole, and
    `spoiled` values that led nowhere."""

    wish: Row
    told: Row = field(default_factory=dict)
    meant: Row = field(default_factory=dict)
    latest: Row = field(default_factory=dict)
    spoiled: dict[str, list[Any]] = field(default_factory=dict)

    def learn(self, use: Use, answer: Row) -> None:
        self.latest = answer
        self.told |= _said(answer)
        sent_as = words.sent_as(use.description).items()
        self.meant |= {sent: answer[told] for sent, told in sent_as if answer.get(told) is not None}

    def take(self, answer: Row, name: str) -> bool:
        """Whether the answer, or one of its rows that suits the wish, gives the field; then its other fields too."""
        for row in (answer, *rows_of(answer)):
            if row.get(name) is not None and row[name] not in self.spoiled.get(name, []) and self._suits(row):
                self.told |= _said(row)
                return True
        return False

    def spoil(self, name: str) -> None:
        """The value led nowhere: the next one, please. What was said of it goes with it."""
        self.spoiled.setdefault(name, []).append(self.told.pop(name, None))
        self.meant.clear()

    def value_for(self, use: Use, name: str) -> Any:
        """For a field that has to be there: as wished, as told, or as told of what its description speaks of."""
        value = shaped(use.fields[name], name, self.wish)
        if value is not UNKNOWN:
            return value
        heard = self.told | self.meant
        return next((heard[one] for one in (name, *words.quoted(use.says_of(name))) if one in heard), UNKNOWN)

    def open_rows(self, use: Use) -> Iterator[Row]:
        """Rows of the last answer that the tool fills in: something that it needs is there, something is not yet."""
        for row in rows_of(self.latest):
            known = {name: row[name] for name in use.needs if name in row}
            if None in known.values() and any(value is not None for value in known.values()):
                yield {name: value for name, value in known.items() if value is not None}

    def _suits(self, row: Row) -> bool:
        return all(row[name] == wanted for name, wanted in self.wish.items() if row.get(name) is not None)


def shaped(schema: Mapping[str, Any], name: str, known: Mapping[str, Any]) -> Any:
    """The field from what is known: by its own name, or put together as its schema says; else UNKNOWN."""
    if name in known:
        return known[name]
    if schema.get("type") == "array":
        one = shaped(schema.get("items", {}), "", known)
        return UNKNOWN if one is UNKNOWN else [one]
    parts = {part: shaped(inner, part, known) for part, inner in schema.get("properties", {}).items()}
    if not parts or any(parts[part] is UNKNOWN for part in schema.get("required", list(parts))):
        return UNKNOWN
    return {part: value for part, value in parts.items() if value is not UNKNOWN}


def rows_of(answer: Row) -> Iterator[Row]:
    for value in answer.values():
        if isinstance(value, list):
            yield from (row for row in value if isinstance(row, dict))


def _said(row: Row) -> Row:
    """What is worth keeping: lists belong to their answer."""
    return {name: value for name, value in row.items() if value is not None and not isinstance(value, list)}
