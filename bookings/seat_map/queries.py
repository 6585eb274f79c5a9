"""The seats of an offer as doors show them."""

from collections.abc import Mapping
from uuid import UUID

from bookings.catalogue import modes
from bookings.offer import asking, services
from bookings.offer import queries as offers
from bookings.offer.ancillaries import cabin_of
from bookings.offer.models import OfferSlot
from bookings.offer.schemas import MoneyView
from bookings.providers.seating import CabinSeats, Seat, SeatMap
from bookings.providers.types import NormalisedOffer, PassengerType
from bookings.seat_map.schemas import (
    CabinView,
    GetSeatMap,
    SeatMapView,
    SeatPriceView,
    SeatRowView,
    SeatView,
    SegmentSeatsView,
)
from movmo.kit.errors import InvalidArguments, NotFound
from movmo.operations.context import Context


def read(ctx: Context, request: GetSeatMap) -> SeatMapView:
    """Ask the provider. Raises NotFound, ProviderNotForKey, OfferStale, InvalidArguments, or as `asking.seat_map`."""
    offer = offers.visible(ctx.caller, provider=request.provider, offer_id=request.offer_id)
    services.check_active(offer, now=ctx.now)
    seated = _seated(offers.slots_of(offer), request.slot_id)
    reading = services.raw_of(offer)
    flights = len(reading.normalised.segments)
    if request.segment is not None and request.segment > flights:
        raise InvalidArguments({"/segment": f"This offer has {flights} flight(s)."})
    seats = asking.seat_map(modes.provider(ctx.caller, offer.provider), offer, reading, now=ctx.now)
    wanted = [request.segment] if request.segment else range(1, flights + 1)
    return SeatMapView(
        offer_id=offer.id,
        segments=[_segment(number, reading.normalised, seats, seated, request) for number in wanted],
    )


def _seated(slots: list[OfferSlot], wanted: UUID | None) -> dict[str, UUID]:
    """Slot ids by the provider's for its passengers, but for those on a lap."""
    if wanted is not None:
        slots = [slot for slot in slots if slot.id == wanted]
        if not slots:
            raise NotFound("slot")
    return {slot.provider_passenger_id: slot.id for slot in slots if slot.type != PassengerType.INFANT}


def _segment(
    number: int, content: NormalisedOffer, seats: SeatMap, seated: Mapping[str, UUID], request: GetSeatMap
) -> SegmentSeatsView:
    segment = content.segments[number - 1]
    told = [part for part in seats.segments if part.provider_segment_id == segment.provider_segment_id]
    cabins = []
    for cabin in (cabin for part in told for cabin in part.cabins):
        theirs = {
            person: slot_id
            for person, slot_id in seated.items()
            if cabin_of(content, segment=number, person=person) in (None, cabin.cabin_class)
        }
        cabins.append(_cabin(cabin, theirs, request))
    return SegmentSeatsView(
        segment=number,
        flight=segment.marketing_carrier + segment.marketing_flight_number,
        origin=segment.origin.iata_code,
        destination=segment.destination.iata_code,
        cabins=[cabin for cabin in cabins if cabin.rows],
    )


def _cabin(cabin: CabinSeats, slots: Mapping[str, UUID], request: GetSeatMap) -> CabinView:
    rows = [[_seat(seat, slots) for seat in row] for row in cabin.rows]
    shown = [[seat for seat in row if _is_wanted(seat, request)] for row in rows]
    return CabinView(
        cabin_class=cabin.cabin_class,
        columns=list(cabin.columns),
        rows=[SeatRowView(seats=row) for row in shown if row],
    )


def _is_wanted(seat: SeatView, request: GetSeatMap) -> bool:
    if request.only_available and not seat.available_for:
        return False
    return request.position in (None, seat.position)


def _seat(seat: Seat, slots: Mapping[str, UUID]) -> SeatView:
    return SeatView(
        designator=seat.designator,
        position=seat.position,
        features=list(seat.features),
        available_for=[
            SeatPriceView(slot_id=slots[price.provider_passenger_id], total=MoneyView.of(price.total))
            for price in seat.prices
            if price.provider_passenger_id in slots
        ],
    )
