"""An own offer read back into the flights, the brand and the party that it was made of, to be made again."""

from dataclasses import dataclass
from datetime import datetime

from bookings.providers.errors import Refusal, Rejected
from bookings.providers.types import NormalisedOffer, PassengerType, Segment
from bookings.sandbox_airline.fares import BRANDS, Brand
from bookings.sandbox_airline.network import path
from bookings.sandbox_airline.offers import HOLD_ONLY_SUFFIX, Slot
from bookings.sandbox_airline.schedule import Flight, Itinerary, flights

BRANDS_BY_NAME = {brand.name: brand for brand in BRANDS}


@dataclass(frozen=True, slots=True)
class Content:
    journey: tuple[Itinerary, ...]
    brand: Brand
    party: tuple[Slot, ...]

    @property
    def seats(self) -> int:
        return sum(slot.type is not PassengerType.INFANT for slot in self.party)


def content_of(offer: NormalisedOffer, *, now: datetime) -> Content:
    """Of an intact offer. Raises Rejected for flights that have left."""
    journey = tuple(tuple(_flight(segment) for segment in part.segments) for part in offer.slices)
    if journey[0][0].departing <= now:
        raise Rejected(Refusal.OFFER_EXPIRED, "the first flight has left")
    name = (offer.slices[0].fare_brand or "").removesuffix(HOLD_ONLY_SUFFIX)
    party = tuple(Slot(slot.provider_passenger_id, slot.type) for slot in offer.passengers)
    return Content(journey, BRANDS_BY_NAME[name], party)


def _flight(segment: Segment) -> Flight:
    """Raises Rejected where the timetable has changed since."""
    route = path(segment.origin.iata_code, segment.destination.iata_code)[0]
    for flight in flights(route, segment.departing.local.date()):
        if flight.number == segment.marketing_flight_number:
            return flight
    raise Rejected(Refusal.OFFER_EXPIRED, "the flight is no longer in the timetable")
