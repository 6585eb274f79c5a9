"""Seats by departure and cabin: counted, taken and given back.

Departures are always gone through in sorted order, so that no two transactions wait for each other.
"""

from collections import Counter
from collections.abc import Callable, Iterable
from datetime import date
from typing import NamedTuple

from django.db.models import F

from bookings.providers.errors import Refusal, Rejected
from bookings.providers.types import CabinClass, NormalisedOffer, PassengerType, Segment
from bookings.sandbox_airline.models import SandboxInventory


class Departure(NamedTuple):
    """One cabin of one flight on one local date: what seats are counted by."""

    carrier: str
    flight_number: str
    origin: str
    departure_date: date
    cabin_class: CabinClass


def departure_of(segment: Segment, cabin: CabinClass) -> Departure:
    """Of own and adopted flights alike."""
    return Departure(
        segment.marketing_carrier,
        segment.marketing_flight_number,
        segment.origin.iata_code,
        segment.departing.local.date(),
        cabin,
    )


def cabins_of(segment: Segment) -> dict[str, CabinClass]:
    """Where each passenger sits, by their ids; who has no cabin told sits in economy."""
    return {slot.provider_passenger_id: slot.cabin_class or CabinClass.ECONOMY for slot in segment.passengers}


def seats_wanted(offer: NormalisedOffer) -> Counter[Departure]:
    """A lap infant takes none."""
    seated = [slot for slot in offer.passengers if slot.type is not PassengerType.INFANT]
    wanted: Counter[Departure] = Counter()
    for segment in offer.segments:
        cabins = cabins_of(segment)
        for slot in seated:
            wanted[departure_of(segment, cabins.get(slot.provider_passenger_id, CabinClass.ECONOMY))] += 1
    return wanted


def seats_left(departures: Iterable[Departure]) -> dict[Departure, int]:
    """Seats left where somebody has ordered before; other departures are absent."""
    wanted = set(departures)
    rows = SandboxInventory.objects.filter(
        flight_number__in={departure.flight_number for departure in wanted},
        departure_date__in={departure.departure_date for departure in wanted},
    )
    counted = {
        Departure(row.carrier, row.flight_number, row.origin, row.departure_date, CabinClass(row.cabin_class)): row
        for row in rows
    }
    return {departure: counted[departure].seats_left for departure in wanted & counted.keys()}


def take(wanted: Counter[Departure], *, capacity: Callable[[Departure], int]) -> None:
    """`capacity` is how many seats a departure has before its first order. Raises Rejected."""
    for departure, seats in sorted(wanted.items()):
        key = departure._asdict()
        fresh = SandboxInventory(**key, seats_left=capacity(departure))
        SandboxInventory.objects.bulk_create([fresh], ignore_conflicts=True)
        enough = SandboxInventory.objects.filter(**key, seats_left__gte=seats)
        if enough.update(seats_left=F("seats_left") - seats) == 0:
            raise Rejected(Refusal.SOLD_OUT, f"fewer than {seats} seats left on {departure}")


def give_back(wanted: Counter[Departure]) -> None:
    for departure, seats in sorted(wanted.items()):
        SandboxInventory.objects.filter(**departure._asdict()).update(seats_left=F("seats_left") + seats)
