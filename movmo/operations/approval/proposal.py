"""What is put to a person before something irreversible happens: told by the operation, shown on the page."""

from __future__ import annotations

import hashlib
from datetime import date
from typing import Any
from uuid import UUID

import orjson
from pydantic import BaseModel, ConfigDict

from movmo.kit.money import Money


class Person(BaseModel):
    """One whom it is about, by the name on their ticket and the day they were born: two may have one name."""

    model_config = ConfigDict(frozen=True)

    passenger_id: UUID
    name: str
    type: str = ""
    birth_date: date | None = None


class Fact(BaseModel):
    """A line of the page: `Refund` and `118.00 EUR`."""

    model_config = ConfigDict(frozen=True)

    label: str
    text: str


class Price(BaseModel):
    """`is_charged` is false for what is only held: it is paid with a call of its own."""

    model_config = ConfigDict(frozen=True)

    minor: int
    currency: str
    is_charged: bool = True

    @property
    def money(self) -> Money:
        return Money(self.minor, self.currency)


class Proposal(BaseModel):
    """`title` is one line, `journeys` the flights in words, `price` what is spent, `card` the brand and last digits of
    what pays. Texts that come from elsewhere are single lines. `is_live`: something is really bought or lost."""

    model_config = ConfigDict(frozen=True)

    title: str
    journeys: list[dict[str, Any]] = []
    people: list[Person] = []
    price: Price | None = None
    card: str = ""
    facts: list[Fact] = []
    is_live: bool = False

    @property
    def terms(self) -> bytes:
        """The digest of everything that is shown."""
        told = orjson.dumps(self.model_dump(mode="json"), option=orjson.OPT_SORT_KEYS)
        return hashlib.sha256(told).digest()

    @property
    def text(self) -> str:
        """One line for whoever asks: what, and for how much."""
        return f"{self.title}: {self.price.money}" if self.price else self.title
