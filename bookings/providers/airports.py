"""Airports by IATA code, from the offline table of the `airportsdata` package."""

from dataclasses import dataclass
from functools import cache
from zoneinfo import available_timezones

import airportsdata


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


@cache
def _zones() -> frozenset[str]:
    return frozenset(available_timezones())


def is_zone(name: str) -> bool:
    """Whether `name` is an IANA zone here. A set, because ZoneInfo("America") opens a folder and raises OSError."""
    return name in _zones()
