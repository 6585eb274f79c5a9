"""The airline at work: it searches its timetable, takes orders and changes them. Implements the adapter's `Airline`.

What makes an order safe, on SQLite and PostgreSQL alike: the row goes in first and UNIQUE(client_reference) and
UNIQUE(offer_id) arbitrate; seats leave by an UPDATE whose condition and row count decide; all of it stands in one
transaction, so a refusal restores everything. Each later step is a compare-and-swap (`life.change`).
"""

from collections.abc import Iterator
from copy import deepcopy
from datetime import date, datetime
from decimal import Decimal
from itertools import islice, pairwise, product
from typing import Any

from django.db import IntegrityError

from bookings.providers.errors import Refusal, Rejected
from bookings.providers.seating import SeatMap
from bookings.providers.types import (
    CabinClass,
    CancellationTerms,
    OrderPassenger,
    OrderRequest,
    ParsedOffer,
    PassengerType,
    ProviderOrder,
    SearchQuery,
    StatementLine,
)
from bookings.sandbox_airline import (
    ancillaries,
    cancellations,
    holds,
    inventory,
    life,
    orders,
    queries,
    repricing,
    schedule_changes,
    seals,
    seats,
    statements,
    triggers,
)
from bookings.sandbox_airline.fares import BRANDS, Brand
from bookings.sandbox_airline.inventory import Departure
from bookings.sandbox_airline.models import SandboxOrder
from bookings.sandbox_airline.network import CARRIER
from bookings.sandbox_airline.offers import is_price_raised, raw_offer, slots
from bookings.sandbox_airline.outages import answering, reading, writing
from bookings.sandbox_airline.schedule import Flight, Itinerary, draw, itineraries
from bookings.sandbox_airline.triggers import Trigger
from movmo.kit.money import Money

MOST_SLICES = 6
MOST_JOURNEYS = 9
ADOPTED_SEATS = 200

Journey = tuple[Itinerary, ...]


class SandboxAirline:
    """`seats_per_flight` replaces the airline's own 9 to 60 per cabin; `adopted_seats` counts for other carriers."""

    def __init__(self, *, seats_per_flight: int | None = None, adopted_seats: int = ADOPTED_SEATS) -> None:
        self._seats_per_flight = seats_per_flight
        self._adopted_seats = adopted_seats

    def search(self, query: SearchQuery, *, now: datetime) -> list[dict[str, Any]]:
        """Raw offers, cheapest first. Nothing for infants in seats of their own. Raises Unavailable."""
        triggers.fail_search(query)
        if PassengerType.INFANT_WITH_SEAT in query.passengers or len(query.slices) > MOST_SLICES:
            return []
        life.bring_all_up_to_date(now=now)
        wanted = list(product(_journeys(query, now), _brands(query)))
        with reading():
            known = inventory.seats_left(departure for choice in wanted for departure in _departures(*choice))
        party = slots(query)
        seated = sum(passenger is not PassengerType.INFANT for passenger in query.passengers)
        offers = [
            raw_offer(journey, brand, party, now=now)
            for journey, brand in wanted
            if self._has_room(journey, brand, seated, known)
        ]
        return sorted(offers, key=lambda offer: Decimal(offer["total_amount"]))

    def reprice(self, offer: ParsedOffer, passengers: tuple[OrderPassenger, ...], *, now: datetime) -> dict[str, Any]:
        """Of an adopted offer, whose prices are not the airline's to make, the same content again."""
        orders.refuse_stale(offer, now=now)
        if not seals.is_own(offer.normalised):
            return deepcopy(offer.raw)
        orders.refuse_sold(offer)
        content = repricing.content_of(offer.normalised, now=now)
        life.bring_all_up_to_date(now=now)
        with reading():
            known = inventory.seats_left(_departures(content.journey, content.brand))
        if not self._has_room(content.journey, content.brand, content.seats, known):
            raise Rejected(Refusal.SOLD_OUT, "not enough seats are left")
        price_raised = is_price_raised(offer) or triggers.of(passengers) is Trigger.PRICEUP
        return raw_offer(content.journey, content.brand, content.party, now=now, price_raised=price_raised)

    def seat_map(self, offer: ParsedOffer, *, now: datetime) -> SeatMap:
        orders.refuse_stale(offer, now=now)
        orders.refuse_sold(offer)
        life.bring_all_up_to_date(now=now)
        with reading():
            return seats.seat_map(offer.normalised)

    def place_order(self, order: OrderRequest, *, now: datetime) -> ProviderOrder:
        """Raises Rejected, Unavailable or OutcomeUnknown."""
        trigger = triggers.of(order.passengers)
        # Before anything else: an order that comes again must not hear that its offer has expired meanwhile.
        orders.refuse_duplicate(order.client_reference)
        if trigger is Trigger.RATELIMIT:
            orders.throttle(order.offer)
        triggers.fail_before_the_order(trigger)
        orders.judge(order, trigger, now=now)
        life.bring_all_up_to_date(now=now)
        placed = self._book(order, now)
        triggers.fail_after_the_order(trigger)
        return placed

    def find_order(self, client_reference: str, *, now: datetime) -> ProviderOrder | None:
        with reading():
            order = queries.order_by_reference(client_reference)
        return _told(order, now) if order else None

    def get_order(self, order_id: str, *, now: datetime) -> ProviderOrder | None:
        with reading():
            order = queries.order_by_id(order_id)
        return _told(order, now) if order else None

    def confirm_hold(self, order_id: str, *, total: Money, now: datetime) -> ProviderOrder:
        holds.confirm(order_id, total=total, now=now)
        return _outcome(order_id, now)

    def quote_cancellation(self, order_id: str, *, now: datetime) -> CancellationTerms:
        return cancellations.quote(order_id, now=now)

    def confirm_cancellation(self, order_id: str, reference: str, *, now: datetime) -> ProviderOrder:
        cancellations.confirm(order_id, reference, now=now)
        return _outcome(order_id, now)

    def accept_schedule_change(self, order_id: str, reference: str, *, now: datetime) -> ProviderOrder:
        schedule_changes.accept(order_id, reference, now=now)
        return _outcome(order_id, now)

    def list_orders(self, day: date, *, now: datetime) -> list[ProviderOrder]:
        with reading():
            placed = queries.placed_on(day)
        return [_told(order, now) for order in placed]

    def statement(self, day: date) -> list[StatementLine]:
        return statements.statement(day)

    def _has_room(self, journey: Journey, brand: Brand, seated: int, known: dict[Departure, int]) -> bool:
        departures = _departures(journey, brand)
        return all(known.get(departure, self._capacity(departure)) >= seated for departure in departures)

    def _capacity(self, departure: Departure) -> int:
        """Seats on a departure before its first order."""
        if departure.carrier != CARRIER:
            return self._adopted_seats
        if self._seats_per_flight is not None:
            return self._seats_per_flight
        return 9 + draw("seats", *departure, among=52)

    def _book(self, order: OrderRequest, now: datetime) -> ProviderOrder:
        """One transaction: order, seats, tickets. Any refusal rolls all of it back."""
        try:
            with writing():
                row = orders.insert(order, triggers.of(order.passengers), now=now)
                inventory.take(inventory.seats_wanted(order.offer.normalised), capacity=self._capacity)
                ancillaries.take_seats(row, order)
                orders.issue_tickets(row, now=now)
        except IntegrityError:
            # A concurrent order won the race between our look and our insert, or the offer is sold already.
            orders.refuse_duplicate(order.client_reference)
            orders.refuse_sold(order.offer)
            raise
        with answering():
            return _told(row, now)


def _outcome(order_id: str, now: datetime) -> ProviderOrder:
    """Of what has just been done."""
    with answering():
        return _told(life.existing(order_id, now=now), now)


def _told(order: SandboxOrder, now: datetime) -> ProviderOrder:
    current = life.up_to_date(order, now=now)
    with reading():
        return queries.as_provider_order(current, now=now)


def _brands(query: SearchQuery) -> list[Brand]:
    return [brand for brand in BRANDS if query.cabin_class in (None, brand.cabin)]


def _journeys(query: SearchQuery, now: datetime) -> list[Journey]:
    """Combinations of itineraries, one per slice, each slice leaving after the one before has landed."""
    choices = [itineraries(part, now=now) for part in query.slices]
    return list(islice(filter(_in_order, product(*choices)), MOST_JOURNEYS)) if choices else []


def _in_order(journey: Journey) -> bool:
    return all(before[-1].arriving < after[0].departing for before, after in pairwise(journey))


def _departures(journey: Journey, brand: Brand) -> Iterator[Departure]:
    for itinerary in journey:
        for flight in itinerary:
            yield _departure(flight, brand.cabin)


def _departure(flight: Flight, cabin: CabinClass) -> Departure:
    return Departure(CARRIER, flight.number, flight.route.origin.iata_code, flight.departure_date, cabin)
