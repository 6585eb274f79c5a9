"""Orders for the tests: people for every slot of an offer."""

from datetime import date

from bookings.providers.seating import Seat, SeatMap, SeatPrice
from bookings.providers.types import (
    OrderDocument,
    OrderedService,
    OrderPassenger,
    OrderRequest,
    ParsedOffer,
    PassengerType,
)
from movmo.kit.ids import new_id
from movmo.kit.money import Money

BORN = {
    PassengerType.ADULT: date(1990, 4, 1),
    PassengerType.CHILD: date(2019, 4, 1),
    PassengerType.INFANT: date(2026, 4, 1),
}
PASSPORT = OrderDocument(type="passport", number="NX4P87L21", issuing_country="NL", expires_on=date(2036, 5, 4))


def order(
    offer: ParsedOffer,
    *,
    family_name: str = "Andersson",
    reference: str | None = None,
    hold: bool = False,
    total: Money | None = None,
    services: tuple[OrderedService, ...] = (),
) -> OrderRequest:
    """Ana, and the rest of the party under the same family name, for what all of it costs."""
    return OrderRequest(
        client_reference=reference or str(new_id()),
        offer=offer,
        passengers=tuple(
            OrderPassenger(
                provider_passenger_id=slot.provider_passenger_id,
                type=slot.type,
                given_name="Ana" if index == 0 else f"Guest{index}",
                family_name=family_name,
                birth_date=BORN[slot.type],
                gender="F",
                email="ana@example.com",
                document=PASSPORT if offer.normalised.identity_documents.required else None,
            )
            for index, slot in enumerate(offer.normalised.passengers)
        ),
        total=total or sum((service.total for service in services), offer.normalised.total),
        hold=hold,
        services=services,
    )


def bag(offer: ParsedOffer, *, quantity: int = 1) -> OrderedService:
    """The first that the offer has."""
    offered = offer.normalised.services[0]
    return OrderedService(
        provider_service_id=offered.provider_service_id,
        type=offered.type,
        quantity=quantity,
        provider_segment_ids=tuple(offered.provider_segment_ids),
        provider_passenger_id=offered.provider_passenger_ids[0],
        total=Money(offered.total_minor * quantity, offered.currency),
    )


def free_seats(seat_map: SeatMap, *, segment: int = 0) -> list[tuple[Seat, SeatPrice]]:
    """Everything that somebody can buy on one segment, from the front to the back."""
    cabins = seat_map.segments[segment].cabins
    return [(seat, price) for cabin in cabins for row in cabin.rows for seat in row for price in seat.prices]


def seat(seat_map: SeatMap, *, number: int = 0, segment: int = 0) -> OrderedService:
    """The `number`-th of the free ones."""
    chosen, price = free_seats(seat_map, segment=segment)[number]
    return OrderedService(
        provider_service_id=price.provider_service_id,
        type="seat",
        quantity=1,
        provider_segment_ids=(seat_map.segments[segment].provider_segment_id,),
        provider_passenger_id=price.provider_passenger_id,
        total=price.total,
        designator=chosen.designator,
    )
