"""Seats, bags and other extras of an offer: as they are kept, priced, and found again in a newer reading.

A provider's ids change at every reading. What stays is the flight's number over all slices, the passenger, and the
seat's designator or the kind of bag: by these a choice is found again, never by its id.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Literal
from uuid import UUID

from bookings.providers.seating import Seat, SeatMap, SeatPrice
from bookings.providers.types import CabinClass, Frozen, NormalisedOffer, OrderedService, Service
from movmo.kit.money import Money

SEAT = "seat"


class ChosenService(Frozen):
    """What was chosen for one passenger. `segments` are numbers of flights; `total_minor` is for all of `quantity`."""

    provider_service_id: str
    type: str
    baggage_type: Literal["checked", "carry_on"] | None = None
    maximum_weight_kg: int | None = None
    designator: str | None = None
    quantity: int
    segments: list[int]
    provider_segment_ids: list[str]
    slot_id: UUID
    provider_passenger_id: str
    total_minor: int
    currency: str

    @property
    def total(self) -> Money:
        return Money(self.total_minor, self.currency)

    def as_ordered(self) -> OrderedService:
        return OrderedService(
            provider_service_id=self.provider_service_id,
            type=self.type,
            quantity=self.quantity,
            provider_segment_ids=tuple(self.provider_segment_ids),
            provider_passenger_id=self.provider_passenger_id,
            total=self.total,
            designator=self.designator,
        )


def numbers(content: NormalisedOffer) -> dict[str, int]:
    """Each flight's number by the provider's id of the segment."""
    return {segment.provider_segment_id: n for n, segment in enumerate(content.segments, start=1)}


def extras_of(content: NormalisedOffer) -> list[Service]:
    """What is offered beside seats: those are sold by the map, where it says which."""
    return [service for service in content.services if service.type != SEAT]


def of_service(
    service: Service, content: NormalisedOffer, *, quantity: int, slot_id: UUID, person: str
) -> ChosenService:
    """The choice of an offered service for a passenger, `person` by the provider's id."""
    by_id = numbers(content)
    return ChosenService(
        provider_service_id=service.provider_service_id,
        type=service.type,
        baggage_type=service.baggage_type,
        maximum_weight_kg=service.maximum_weight_kg,
        quantity=quantity,
        segments=sorted(by_id[one] for one in service.provider_segment_ids if one in by_id),
        provider_segment_ids=service.provider_segment_ids,
        slot_id=slot_id,
        provider_passenger_id=person,
        total_minor=service.total_minor * quantity,
        currency=service.currency,
    )


@dataclass(frozen=True, slots=True)
class Place:
    """A seat where it stands: on which segment, in which cabin."""

    provider_segment_id: str
    cabin_class: CabinClass
    seat: Seat

    def price_for(self, person: str) -> SeatPrice | None:
        return next((price for price in self.seat.prices if price.provider_passenger_id == person), None)


def seats_on(seats: SeatMap, content: NormalisedOffer, *, segment: int) -> dict[str, list[Place]]:
    """The seats of a flight by designator. No designator stands in two cabins, unless the airline errs."""
    wanted = content.segments[segment - 1].provider_segment_id
    found: dict[str, list[Place]] = defaultdict(list)
    for part in seats.segments:
        if part.provider_segment_id == wanted:
            for cabin in part.cabins:
                for one in chain.from_iterable(cabin.rows):
                    found[one.designator].append(Place(wanted, cabin.cabin_class, one))
    return found


def cabin_of(content: NormalisedOffer, *, segment: int, person: str) -> CabinClass | None:
    """The cabin that the passenger's fare is for; None where the provider did not say."""
    fares = content.segments[segment - 1].passengers
    return next((fare.cabin_class for fare in fares if fare.provider_passenger_id == person), None)


def of_seat(place: Place, price: SeatPrice, *, segment: int, slot_id: UUID) -> ChosenService:
    """The choice of a seat."""
    return ChosenService(
        provider_service_id=price.provider_service_id,
        type=SEAT,
        designator=place.seat.designator,
        quantity=1,
        segments=[segment],
        provider_segment_ids=[place.provider_segment_id],
        slot_id=slot_id,
        provider_passenger_id=price.provider_passenger_id,
        total_minor=price.total.minor,
        currency=price.total.currency,
    )


def found_again(
    chosen: Iterable[ChosenService], content: NormalisedOffer, seats: SeatMap | None
) -> tuple[list[ChosenService], list[ChosenService]]:
    """The choices as the new reading sells them, and those that it does not sell any more."""
    kept: list[ChosenService] = []
    dropped: list[ChosenService] = []
    for one in chosen:
        again = _seat_again(one, content, seats) if one.type == SEAT else _extra_again(one, content, besides=kept)
        if again is None or again.currency != content.currency or again.total_minor < 0:
            dropped.append(one)
        else:
            kept.append(again)
    return kept, dropped


def _extra_again(
    one: ChosenService, content: NormalisedOffer, *, besides: Sequence[ChosenService]
) -> ChosenService | None:
    """The same kind of thing on the same flights; where several are alike, the one at the old price, or none.

    None of those `besides` it: two choices stay two, or more would be ordered of one than is sold.
    """
    by_id = numbers(content)
    in_use = {(other.provider_service_id, other.slot_id) for other in besides}
    alike = [
        of_service(service, content, quantity=one.quantity, slot_id=one.slot_id, person=one.provider_passenger_id)
        for service in extras_of(content)
        if (service.provider_service_id, one.slot_id) not in in_use
        and _kind(service) == (one.type, one.baggage_type, one.maximum_weight_kg)
        and sorted(by_id.get(segment, 0) for segment in service.provider_segment_ids) == one.segments
        and one.provider_passenger_id in service.provider_passenger_ids
        and one.quantity <= service.maximum_quantity
    ]
    if len(alike) > 1:
        alike = [again for again in alike if again.total == one.total]
    return alike[0] if alike else None


def _kind(service: Service) -> tuple[str, str | None, int | None]:
    return service.type, service.baggage_type, service.maximum_weight_kg


def _seat_again(one: ChosenService, content: NormalisedOffer, seats: SeatMap | None) -> ChosenService | None:
    """The same seat of the same cabin, while it is sold to the same passenger."""
    if seats is None or one.designator is None or one.segments[0] > len(content.segments):
        return None
    on_flight = seats_on(seats, content, segment=one.segments[0])
    cabin = cabin_of(content, segment=one.segments[0], person=one.provider_passenger_id)
    for place in on_flight.get(one.designator, ()):
        price = place.price_for(one.provider_passenger_id)
        if price is not None and cabin in (None, place.cabin_class):
            return of_seat(place, price, segment=one.segments[0], slot_id=one.slot_id)
    return None
