"""A fixed instant, the queries of these tests, and looks at the airline's tables."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from typing import TypeVar

import pytest
from django.db import connection

from bookings.providers.duffel.mapping import parse_offer
from bookings.providers.errors import ProviderFailure, Refusal, Rejected
from bookings.providers.types import CabinClass, ParsedOffer, PassengerType, ProviderOrder, SearchQuery, SliceQuery
from bookings.sandbox_airline.models import SandboxInventory
from bookings.sandbox_airline.services import SandboxAirline
from tests.bookings.providers.orders import order

NOW = datetime(2027, 3, 1, 12, tzinfo=UTC)
DAY = date(2027, 5, 4)
ADULT, CHILD, INFANT = PassengerType.ADULT, PassengerType.CHILD, PassengerType.INFANT
Answer = TypeVar("Answer")


def one_way(
    origin: str,
    destination: str,
    *party: PassengerType,
    on: date = DAY,
    cabin_class: CabinClass | None = None,
) -> SearchQuery:
    """One adult unless a party is given."""
    return SearchQuery((SliceQuery(origin, destination, on),), party or (ADULT,), cabin_class)


def offers_of(airline: SandboxAirline, query: SearchQuery, *, now: datetime = NOW) -> list[ParsedOffer]:
    return [parse_offer(raw) for raw in airline.search(query, now=now)]


def offer_of(airline: SandboxAirline, brand: str, *, query: SearchQuery | None = None) -> ParsedOffer:
    """The cheapest of a fare brand; from Amsterdam to Lisbon unless something else is asked for."""
    found = offers_of(airline, query or one_way("AMS", "LIS"))
    return next(one for one in found if one.normalised.slices[0].fare_brand == brand)


def return_trip(*party: PassengerType) -> SearchQuery:
    there, back = SliceQuery("AMS", "LIS", DAY), SliceQuery("LIS", "AMS", DAY + timedelta(days=7))
    return SearchQuery((there, back), party or (ADULT,))


def place(
    airline: SandboxAirline, offer: ParsedOffer, family_name: str = "Andersson", *, hold: bool = False
) -> ProviderOrder:
    return airline.place_order(order(offer, family_name=family_name, hold=hold), now=NOW)


def later(**by: float) -> datetime:
    return NOW + timedelta(**by)


def read(airline: SandboxAirline, placed: ProviderOrder, **by: float) -> ProviderOrder:
    """The order as it stands a while after NOW."""
    found = airline.get_order(placed.order_id, now=later(**by))
    assert found is not None
    return found


def refusal(call: Callable[[], object]) -> Refusal:
    with pytest.raises(Rejected) as caught:
        call()
    return caught.value.refusal


def seats_left() -> list[int]:
    return list(SandboxInventory.objects.order_by("pk").values_list("seats_left", flat=True))


def at_once(*calls: Callable[[], Answer]) -> list[Answer | ProviderFailure]:
    """Each call in a thread with a connection of its own; a failure of the airline is an answer."""

    def made(call: Callable[[], Answer]) -> Answer | ProviderFailure:
        try:
            return call()
        except ProviderFailure as failure:
            return failure
        finally:
            connection.close()

    with ThreadPoolExecutor(len(calls)) as pool:
        return list(pool.map(made, calls))
