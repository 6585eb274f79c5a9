"""Seats and extras, declared."""

from bookings.catalogue.modes import ProviderNotForKey
from bookings.offer.asking import ProviderUnreachable, ReadingRefused
from bookings.offer.operations import OFFERS, RESOURCE
from bookings.offer.schemas import OfferView
from bookings.offer.services import NotBookable, OfferStale, SoldOut
from bookings.providers.registry import ProviderUnknown
from bookings.seat_map import queries, services
from bookings.seat_map.schemas import GetSeatMap, SeatMapView, SelectServices
from bookings.seat_map.services import (
    SeatChosenTwice,
    SeatForLapInfant,
    SeatInOtherCabin,
    SeatNotAvailable,
    ServiceCurrency,
    ServiceQuantity,
    ServiceStale,
)
from movmo.kit.errors import NotFound
from movmo.operations.context import Context
from movmo.operations.spec import GET, PUT, Credentials, Effect, operation

OF_ASKING = (
    NotFound,
    ProviderUnknown,
    ProviderNotForKey,
    OfferStale,
    SoldOut,
    NotBookable,
    ProviderUnreachable,
    ReadingRefused,
)


@operation(
    "get_seat_map",
    rest=GET(OFFERS + "/{offer_id}/seat-map"),
    needs=Credentials.KEY_AND_USER,
    scopes=("flights:read",),
    effect=Effect.READ,
    open_world=True,
    cost=5,
    errors=OF_ASKING,
)
def get_seat_map(ctx: Context, request: GetSeatMap) -> SeatMapView:
    """Show the seats of an offer's flights, with their prices

    Asks the airline which seats are left, flight by flight and row by row, and what each costs for which passenger.
    Whole aircraft are long: name a `segment`, and a `slot_id` or a `position` where the traveler has a wish. Not every
    provider tells its seats: see get_provider_capabilities. Next: select_services with the designators, before booking.
    """
    return queries.read(ctx, request)


@operation(
    "select_services",
    rest=PUT(OFFERS + "/{offer_id}/services"),
    needs=Credentials.KEY_AND_USER,
    scopes=("offers:write",),
    effect=Effect.WRITE,
    open_world=True,
    cost=5,
    resource=RESOURCE,
    ask=services.ask,
    errors=(
        *OF_ASKING,
        SeatNotAvailable,
        SeatInOtherCabin,
        SeatChosenTwice,
        SeatForLapInfant,
        ServiceStale,
        ServiceQuantity,
        ServiceCurrency,
    ),
)
def select_services(ctx: Context, request: SelectServices, asked: services.Asked) -> OfferView:
    """Choose the seats, bags and extras of an offer

    Replaces the whole choice: name everything that shall be booked, or two empty lists for nothing. Prices are added to
    the offer's total; nothing is bought before create_booking. Seats are named by flight and designator from
    get_seat_map, bags by service_id from the offer's `services`. Not for a booking that was made already.
    Next: show the traveler the new `total`, then create_booking with it as expected_total.
    """
    return services.select(ctx, request, asked)
