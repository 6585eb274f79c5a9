"""Airports by IATA code, and by what people type, from the offline table of the `airportsdata` package.

The table does not tell how large an airport is. A city with several is likelier to be meant than its namesakes, and an
airport that calls itself international than one that does not.
"""

from collections import Counter
from dataclasses import dataclass
from functools import cache
from zoneinfo import available_timezones

import airportsdata
from anyascii import anyascii


@dataclass(frozen=True, slots=True)
class Airport:
    """An airport. `zone` is its IANA time zone, the country an ISO 3166-1 alpha-2 code."""

    iata_code: str
    name: str
    city_name: str
    country_code: str
    zone: str
    latitude: float
    longitude: float


@cache
def _table() -> dict[str, airportsdata.Airport]:
    return airportsdata.load("IATA")


@cache
def airport(iata_code: str) -> Airport | None:
    """The airport of an IATA code, or None when the table has no such code."""
    row = _table().get(iata_code)
    if row is None:
        return None
    return Airport(iata_code, row["name"], row["city"], row["country"], row["tz"], row["lat"], row["lon"])


@dataclass(frozen=True, slots=True)
class _Entry:
    """An airport with its words as they are compared, and how unlikely it is beside others that match as well."""

    code: str
    city: str
    words: str
    unlikelihood: tuple[int, bool, str]

    def distance(self, typed: str) -> int | None:
        """How far it is from what was typed; None for no match."""
        if typed == self.code:
            return 0
        if self.city.startswith(typed):
            return 1 if typed == self.city else 2
        if self.code.startswith(typed):
            return 3
        return 4 if f" {typed}" in self.words else None


def matching(typed: str) -> list[Airport]:
    """The airports whose code, city or name begins with `typed`, or has a word that does; the likeliest first."""
    folded = _folded(typed)
    if not folded:
        return []
    found = [
        (distance, entry.unlikelihood, entry.code)
        for entry in _entries()
        if (distance := entry.distance(folded)) is not None
    ]
    return [one for _, _, code in sorted(found) if (one := airport(code.upper()))]


def _folded(text: str) -> str:
    """Without accents, capitals and punctuation: what people type when they mean it."""
    letters = "".join(letter if letter.isalnum() else " " for letter in anyascii(text).lower())
    return " ".join(letters.split())


@cache
def _entries() -> tuple[_Entry, ...]:
    rows = _table()
    sizes = Counter((row["city"], row["country"]) for row in rows.values() if row["city"])
    return tuple(
        _Entry(
            code=code.lower(),
            city=_folded(row["city"]),
            words=f" {_folded(row['city'])} {_folded(row['name'])}",
            unlikelihood=(-sizes[(row["city"], row["country"])], "International" not in row["name"], code),
        )
        for code, row in rows.items()
    )


@cache
def _zones() -> frozenset[str]:
    return frozenset(available_timezones())


def is_zone(name: str) -> bool:
    """Whether `name` is an IANA zone here. A set, because ZoneInfo("America") opens a folder and raises OSError."""
    return name in _zones()
