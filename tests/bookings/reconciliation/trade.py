"""A day of trade with the sandbox airline, and its statements as a worker pulls and reads them."""

from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Any

from bookings.booking import watching
from bookings.booking.schemas import BookingView
from bookings.offer.schemas import OfferView
from bookings.providers.types import PassengerType, SearchQuery, SliceQuery
from bookings.reconciliation import services
from bookings.reconciliation.models import Discrepancy, Statement, Stream
from bookings.reconciliation.pull.services import pull, pull_owed, tellers
from bookings.sandbox_airline.services import SandboxAirline
from movmo.kit import clock
from tests.contract.world import World, cancellation_of, departure_date, view_of

Clock = Callable[[], datetime]


def bought(
    world: World, *party: str, brand: str = "Light", family_name: str = "Andersson", back_after: int = 0, **changes: Any
) -> BookingView:
    """From Amsterdam to Lisbon, the cheapest of its brand; `back_after` so many days, if it is to be there and back."""
    travellers = tuple(PassengerType(type_) for type_ in party or ("ADT",))
    slices = [SliceQuery("AMS", "LIS", departure_date())]
    if back_after:
        slices.append(SliceQuery("LIS", "AMS", departure_date() + timedelta(days=back_after)))
    query = SearchQuery(tuple(slices), travellers)
    found = SandboxAirline(seats_per_flight=500).search(query, now=clock.now())
    raw = next(one for one in found if one["slices"][0]["fare_brand_name"] == brand)
    offer = view_of(OfferView, world.call("create_offer", provider="sandbox", offer=raw))
    for index, slot in enumerate(offer.passengers):
        world.map(offer, index, world.passenger(slot.type, family_name=family_name))
    return view_of(BookingView, world.book(offer, **changes))


def cancelled(world: World, booking: BookingView) -> None:
    world.call("cancel_booking", **cancellation_of(world.quote(booking)))


def looked_after() -> None:
    """What workers would have looked at by now."""
    while due := watching.due(now=clock.now(), limit=100):
        for booking_id in due:
            watching.look(booking_id, clock=clock.now)


def pull_due(*, clock: Clock) -> list[Statement]:
    """As each night, of every provider."""
    return [one for name in tellers() for one in pull_owed(name, clock=clock)]


def reconciled(day: date) -> dict[str, Statement]:
    """The day's statements by their stream, pulled and compared."""
    pull("sandbox", day, clock=clock.now)
    for statement_id in services.due(now=clock.now(), limit=10):
        services.advance(statement_id, clock=clock.now)
    return {one.stream: one for one in Statement.objects.filter(period_start=day, source=Statement.Source.PULL)}


def settlement_of(day: date) -> Statement:
    return reconciled(day)[Stream.SETTLEMENT]


def classes(**like: Any) -> list[tuple[str, str]]:
    """(class, subject) of the discrepancies, by class."""
    return sorted(Discrepancy.objects.filter(**like).values_list("category", "subject"))
