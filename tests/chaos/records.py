"""What the processes of a run tell one another, as JSON."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass
class Answer:
    """What a caller heard: of a booking and its status, or a refusal's code."""

    door: str
    booking_id: str = ""
    status: str = ""
    code: str = ""

    @property
    def gist(self) -> str:
        """What must be the same whenever and wherever the key is repeated."""
        return self.booking_id or self.code


@dataclass
class Trip:
    """One intention to book: `order` are the arguments of create_booking, `sequel` what comes after it.

    `answers` were heard in the storm, `finals` after it. `amendments` are the operation, arguments and key of what was
    asked of the booking, `later` all that was answered to them.
    """

    key: str
    order: dict[str, Any]
    is_impatient: bool
    sequel: str
    answers: list[Answer] = field(default_factory=list)
    finals: list[Answer] = field(default_factory=list)
    amendments: list[tuple[str, dict[str, Any], str]] = field(default_factory=list)
    later: list[Answer] = field(default_factory=list)

    @property
    def booking_id(self) -> str:
        return next((answer.booking_id for answer in self.answers if answer.booking_id), "")


def trip_of(told: dict[str, Any]) -> Trip:
    heard: dict[str, Any] = {name: [Answer(**one) for one in told[name]] for name in ("answers", "finals", "later")}
    return Trip(**{**told, **heard})


@dataclass(frozen=True)
class Finding:
    """A count out of the books, with some of what was counted. Without a bar it is for information."""

    what: str
    count: int
    culprits: list[str] = field(default_factory=list)
    at_least: int | None = None
    at_most: int | None = None

    @property
    def is_broken(self) -> bool:
        too_few = self.at_least is not None and self.count < self.at_least
        return too_few or (self.at_most is not None and self.count > self.at_most)

    @property
    def bar(self) -> str:
        if self.at_most is not None:
            return f"≤ {self.at_most}"
        return "" if self.at_least is None else f"≥ {self.at_least}"

    @property
    def verdict(self) -> str:
        if not self.bar:
            return ""
        return "BROKEN" if self.is_broken else "holds"
