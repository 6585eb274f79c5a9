"""Searching for flights, for the tests of it: what is asked by default, and an airline with offers of the test's."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from bookings.offer.schemas import SearchResults
from bookings.providers.types import SearchQuery
from movmo.kit.errors import InvalidArguments
from movmo.operations.context import Caller
from tests.contract.world import World, departure_date, view_of
from tests.idle_airline import IdleAirline


@dataclass
class WholesaleAirline(IdleAirline):
    """Offers what it is given, and no more."""

    offers: list[dict[str, Any]] = field(default_factory=list)

    def search(self, query: SearchQuery, *, now: datetime) -> list[dict[str, Any]]:
        return self.offers or super().search(query, now=now)


def part(origin: str = "AMS", destination: str = "LIS", days: int = 0, **window: str) -> dict[str, str]:
    day = departure_date() + timedelta(days=days)
    return {"origin": origin, "destination": destination, "departure_date": day.isoformat(), **window}


def search(world: World, *, by: Caller | None = None, **wishes: Any) -> SearchResults:
    """From Amsterdam to Lisbon on one page, unless wishes say otherwise."""
    return view_of(SearchResults, world.call("search_flights", by=by, **{"slices": [part()], "limit": 50, **wishes}))


def wrong_fields(world: World, **wishes: Any) -> dict[str, str]:
    with pytest.raises(InvalidArguments) as caught:
        search(world, **wishes)
    return caught.value.fields


def ids(found: SearchResults) -> list[UUID]:
    return [offer.offer_id for offer in found.data]


def brands(found: SearchResults) -> set[str | None]:
    return {part.fare_brand for offer in found.data for part in offer.slices}
