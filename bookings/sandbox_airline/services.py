"""The airline at work: it searches its timetable and takes orders. Implements the sandbox adapter's `Airline`.

What makes an order safe, on SQLite and PostgreSQL alike: the row goes in first and UNIQUE(client_reference) and
UNIQUE(offer_id) arbitrate; seats leave by an UPDATE whose condition and row count decide; all of it stands in one
transaction, so a refusal restores everything.
"""

import secrets
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from decimal import Decimal
from itertools import islice, pairwise, product
from typing import Any

from django.db import IntegrityError, OperationalError, transaction
from django.db.models import F

from bookings.providers.errors import OutcomeUnknown, Refusal, Rejected, Unavailable
from bookings.providers.types import CabinClass, OrderRequest, OrderStatus, PassengerType, ProviderOrder, SearchQuery
from bookings.sandbox_airline import queries, seals, triggers
from bookings.sandbox_airline.fares import BRANDS, HOLD, PRICE_GUARANTEE, Brand
from bookings.sandbox_airline.models import SandboxInventory, SandboxOrder, SandboxTicket
from bookings.sandbox_airline.network import CARRIER
from bookings.sandbox_airline.offers import is_hold_only, raw_offer, slots
from bookings.sandbox_airline.queries import Departure
from bookings.sandbox_airline.schedule import Flight, Itinerary, draw, itineraries

MOST_SLICES = 6
MOST_JOURNEYS = 9
ADOPTED_SEATS = 200
# No vowels, so that no words come out; neither 0 nor 1, which are read as letters.
LOCATOR_ALPHABET = "BCDFGHJKLMNPQRSTVWXYZ23456789"

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
        journeys = _journeys(query, now)
        brands = [brand for brand in BRANDS if query.cabin_class in (None, brand.cabin)]
        with _unavailable_without_database():
            known = queries.seats_left(
                _departure(flight, brand.cabin)
                for journey in journeys
                for flight in _flights(journey)
                for brand in brands
            )
        seats = sum(passenger is not PassengerType.INFANT for passenger in query.passengers)
        party = slots(query)
        offers = [
            raw_offer(journey, brand, party, now=now)
            for journey, brand in product(journeys, brands)
            if self._has_room(journey, brand, seats, known)
        ]
        return sorted(offers, key=lambda offer: Decimal(offer["total_amount"]))

    def place_order(self, order: OrderRequest, *, now: datetime) -> ProviderOrder:
        """Raises Rejected, Unavailable or OutcomeUnknown."""
        trigger = triggers.of(order)
        # Before anything else: an order that comes again must not hear that its offer has expired meanwhile.
        _refuse_duplicate(order.client_reference)
        triggers.fail_before_the_order(trigger)
        _judge(order, trigger, now)
        placed = self._book(order, now)
        triggers.fail_after_the_order(trigger)
        return placed

    def find_order(self, client_reference: str, *, now: datetime) -> ProviderOrder | None:
        """Raises Unavailable."""
        with _unavailable_without_database():
            return queries.order_by_reference(client_reference)

    def _has_room(self, journey: Journey, brand: Brand, seats: int, known: dict[Departure, int]) -> bool:
        departures = (_departure(flight, brand.cabin) for flight in _flights(journey))
        return all(known.get(departure, self._capacity(departure)) >= seats for departure in departures)

    def _capacity(self, departure: Departure) -> int:
        """Seats on a departure before its first order."""
        if departure.carrier != CARRIER:
            return self._adopted_seats
        if self._seats_per_flight is not None:
            return self._seats_per_flight
        return 9 + draw("seats", *departure, among=52)

    def _book(self, order: OrderRequest, now: datetime) -> ProviderOrder:
        """One transaction: order, seats, tickets. Any refusal rolls all of it back."""
        committing = False
        try:
            with transaction.atomic(durable=True):
                row = _insert_order(order, now)
                for departure, seats in sorted(_seats_wanted(order).items()):
                    self._take_seats(departure, seats)
                tickets = [] if order.hold else _issue_tickets(row, order)
                committing = True
        except IntegrityError:
            # A concurrent order won the race between our look and our insert, or the offer is sold already.
            _refuse_duplicate(order.client_reference)
            _refuse_sold(order)
            raise
        except OperationalError as outage:
            # Only a commit that fails leaves it open whether the order exists.
            failure = OutcomeUnknown if committing else Unavailable
            raise failure(f"the airline's database: {outage}") from outage
        return queries.as_provider_order(row, tickets)

    def _take_seats(self, departure: Departure, seats: int) -> None:
        """Callers take departures in sorted order, so that two orders never wait for each other. Raises Rejected."""
        key = departure._asdict()
        fresh = SandboxInventory(**key, seats_left=self._capacity(departure))
        SandboxInventory.objects.bulk_create([fresh], ignore_conflicts=True)
        enough = SandboxInventory.objects.filter(**key, seats_left__gte=seats)
        if enough.update(seats_left=F("seats_left") - seats) == 0:
            raise Rejected(Refusal.SOLD_OUT, f"fewer than {seats} seats left on {departure}")


@contextmanager
def _unavailable_without_database() -> Iterator[None]:
    """A database that is locked or gone is the airline's outage, and the port knows only its three failures."""
    try:
        yield
    except OperationalError as outage:
        raise Unavailable(f"the airline's database: {outage}") from outage


def _journeys(query: SearchQuery, now: datetime) -> list[Journey]:
    """Combinations of itineraries, one per slice, each slice leaving after the one before has landed."""
    choices = [itineraries(part, now=now) for part in query.slices]
    return list(islice(filter(_in_order, product(*choices)), MOST_JOURNEYS)) if choices else []


def _in_order(journey: Journey) -> bool:
    return all(before[-1].arriving < after[0].departing for before, after in pairwise(journey))


def _flights(journey: Journey) -> Iterator[Flight]:
    for itinerary in journey:
        yield from itinerary


def _departure(flight: Flight, cabin: CabinClass) -> Departure:
    return Departure(CARRIER, flight.number, flight.route.origin.iata_code, flight.departure_date, cabin)


def _refuse_duplicate(client_reference: str) -> None:
    with _unavailable_without_database():
        existing = queries.order_by_reference(client_reference)
    if existing:
        raise Rejected(Refusal.DUPLICATE_REFERENCE, "the reference has an order")


def _refuse_sold(order: OrderRequest) -> None:
    with _unavailable_without_database():
        sold = queries.is_sold(order.offer.normalised.provider_offer_id)
    if sold:
        raise Rejected(Refusal.OFFER_EXPIRED, "the offer is already ordered")


def _judge(order: OrderRequest, trigger: triggers.Trigger | None, now: datetime) -> None:
    """Whether the offer still stands and fits the order. Raises Rejected."""
    offer = order.offer.normalised
    if seals.is_own(offer) and not seals.is_intact(order.offer):
        raise Rejected(Refusal.OFFER_EXPIRED, "the airline has made no such offer: it was changed, or made by others")
    if offer.expires_at is not None and offer.expires_at <= now:
        raise Rejected(Refusal.OFFER_EXPIRED, f"the offer expired at {offer.expires_at}")
    slots_offered = sorted((slot.provider_passenger_id, slot.type) for slot in offer.passengers)
    if slots_offered != sorted((person.provider_passenger_id, person.type) for person in order.passengers):
        raise Rejected(Refusal.PASSENGERS_INVALID, "the passengers are not those of the offer")
    if offer.identity_documents.required and any(person.document is None for person in order.passengers):
        raise Rejected(Refusal.PASSENGERS_INVALID, "a passenger has no identity document")
    if order.hold and offer.payment_requirements.requires_instant_payment:
        raise Rejected(Refusal.OTHER, "the offer cannot be held")
    routes = [(part.origin.iata_code, part.destination.iata_code) for part in offer.slices]
    if not order.hold and is_hold_only(offer.owner_carrier, routes):
        raise Rejected(Refusal.HOLD_ONLY, "the offer can only be held")
    total = triggers.current_total(offer.total, trigger)
    if order.total != total:
        raise Rejected(Refusal.PRICE_CHANGED, f"{order.total} is not the price", new_total=total)


def _insert_order(order: OrderRequest, now: datetime) -> SandboxOrder:
    offer = order.offer.normalised
    return SandboxOrder.objects.create(
        client_reference=order.client_reference,
        offer_id=offer.provider_offer_id if seals.is_own(offer) else None,
        status=OrderStatus.HELD if order.hold else OrderStatus.CONFIRMED,
        record_locator="".join(secrets.choice(LOCATOR_ALPHABET) for _ in range(6)),
        passengers=[
            {
                "provider_passenger_id": person.provider_passenger_id,
                "ticket_name": f"{person.family_name}/{person.given_name}".upper(),
            }
            for person in order.passengers
        ],
        total_minor=order.total.minor,
        currency=order.total.currency,
        created_at=now,
        payment_required_by=now + HOLD if order.hold else None,
        price_guarantee_expires_at=now + PRICE_GUARANTEE if order.hold else None,
    )


def _seats_wanted(order: OrderRequest) -> Counter[Departure]:
    """Seats by departure and cabin, for own and adopted flights alike. A lap infant takes none."""
    seated = [person for person in order.passengers if person.type is not PassengerType.INFANT]
    wanted: Counter[Departure] = Counter()
    for segment in order.offer.normalised.segments:
        cabins = {slot.provider_passenger_id: slot.cabin_class for slot in segment.passengers}
        for person in seated:
            departure = Departure(
                segment.marketing_carrier,
                segment.marketing_flight_number,
                segment.origin.iata_code,
                segment.departing.local.date(),
                cabins.get(person.provider_passenger_id) or CabinClass.ECONOMY,
            )
            wanted[departure] += 1
    return wanted


def _issue_tickets(row: SandboxOrder, order: OrderRequest) -> list[SandboxTicket]:
    return SandboxTicket.objects.bulk_create(
        SandboxTicket(order=row, provider_passenger_id=person.provider_passenger_id) for person in order.passengers
    )
