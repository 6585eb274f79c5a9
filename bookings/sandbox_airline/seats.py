"""The seat map of an offer: what is free on its flights, and what each passenger would pay for it.

A seat is taken when the airline has sold it, or when its dice say so, which always fall the same for one flight.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import reduce
from operator import or_
from typing import Any

from django.db.models import Q

from bookings.providers.seating import CabinSeats, Seat, SeatMap, SeatPrice, SegmentSeats
from bookings.providers.types import CabinClass, NormalisedOffer, PassengerType, Segment
from bookings.sandbox_airline import cabins, seals
from bookings.sandbox_airline.cabins import AISLE, Cabin
from bookings.sandbox_airline.inventory import cabins_of
from bookings.sandbox_airline.models import SandboxSeat
from bookings.sandbox_airline.offers import HOLD_ONLY_SUFFIX
from bookings.sandbox_airline.schedule import draw
from movmo.kit.money import Money

OCCUPIED_PERCENT = 30


@dataclass(frozen=True, slots=True)
class Passenger:
    id: str
    type: PassengerType
    cabin_class: CabinClass


@dataclass(frozen=True, slots=True)
class Leg:
    """One segment of an offer, with all that the price of its seats follows from."""

    offer_id: str
    segment: Segment
    brand: str | None
    currency: str
    passengers: tuple[Passenger, ...]

    @property
    def flight(self) -> dict[str, Any]:
        """What its seats are known by, beside their designators."""
        return {
            "carrier": self.segment.marketing_carrier,
            "flight_number": self.segment.marketing_flight_number,
            "origin": self.segment.origin.iata_code,
            "departure_date": self.segment.departing.local.date(),
        }

    def is_occupied(self, designator: str) -> bool:
        """By the dice."""
        return draw("occupied", *self.flight.values(), designator, among=100) < OCCUPIED_PERCENT

    def price(self, passenger: Passenger, designator: str) -> Money | None:
        """None where this passenger may not sit, or nobody can."""
        for cabin in cabins.cabins_of(self.segment.aircraft):
            place = cabin.split(designator)
            if place and cabin.cabin_class is passenger.cabin_class:
                return cabins.seat_price(cabin, *place, passenger.type, brand=self.brand, currency=self.currency)
        return None

    def shown(self, passenger: Passenger, designator: str, price: Money) -> tuple[str, ...]:
        """What the id of a seat is the seal of."""
        return self.offer_id, self.segment.provider_segment_id, passenger.id, designator, str(price)


def legs_of(offer: NormalisedOffer) -> Iterator[Leg]:
    types = {slot.provider_passenger_id: slot.type for slot in offer.passengers}
    for part in offer.slices:
        brand = part.fare_brand.removesuffix(HOLD_ONLY_SUFFIX) if part.fare_brand else None
        for segment in part.segments:
            seated = cabins_of(segment)
            party = (Passenger(id_, type_, seated.get(id_, CabinClass.ECONOMY)) for id_, type_ in types.items())
            yield Leg(offer.provider_offer_id, segment, brand, offer.currency, tuple(party))


def seat_map(offer: NormalisedOffer) -> SeatMap:
    legs = list(legs_of(offer))
    sold = _sold(legs)
    return SeatMap(segments=tuple(_segment_seats(leg, sold) for leg in legs))


def _sold(legs: list[Leg]) -> set[tuple[Any, ...]]:
    """Each as its flight's values and the designator."""
    flights = [leg.flight for leg in legs]
    rows = SandboxSeat.objects.filter(reduce(or_, (Q(**flight) for flight in flights)))
    return set(rows.values_list(*flights[0], "designator"))


def _segment_seats(leg: Leg, sold: set[tuple[Any, ...]]) -> SegmentSeats:
    return SegmentSeats(
        provider_segment_id=leg.segment.provider_segment_id,
        cabins=tuple(_cabin_seats(leg, cabin, sold) for cabin in cabins.cabins_of(leg.segment.aircraft)),
    )


def _cabin_seats(leg: Leg, cabin: Cabin, sold: set[tuple[Any, ...]]) -> CabinSeats:
    columns = [column for column in cabin.columns if column != AISLE]
    rows = (tuple(_seat(leg, cabin, row, column, sold) for column in columns) for row in cabin.rows)
    return CabinSeats(cabin_class=cabin.cabin_class, columns=cabin.columns, rows=tuple(rows))


def _seat(leg: Leg, cabin: Cabin, row: int, column: str, sold: set[tuple[Any, ...]]) -> Seat:
    designator = f"{row}{column}"
    is_free = (*leg.flight.values(), designator) not in sold and not leg.is_occupied(designator)
    return Seat(
        designator=designator,
        position=cabin.position(column),
        features=("exit_row",) if row in cabin.exit_rows else (),
        prices=tuple(_prices(leg, designator)) if is_free else (),
    )


def _prices(leg: Leg, designator: str) -> Iterator[SeatPrice]:
    for passenger in leg.passengers:
        price = leg.price(passenger, designator)
        if price is not None:
            service_id = seals.service_id(*leg.shown(passenger, designator, price))
            yield SeatPrice(provider_service_id=service_id, provider_passenger_id=passenger.id, total=price)
