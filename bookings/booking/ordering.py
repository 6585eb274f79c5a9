"""From a booking to the order its provider gets. Names go as the ticket will spell them."""

from datetime import date
from typing import Any

from bookings.booking.models import Booking
from bookings.booking.schemas import Mode
from bookings.offer import services as offers
from bookings.offer.ancillaries import ChosenService
from bookings.providers.types import OrderDocument, OrderPassenger, OrderRequest, PassengerType


def order_request(booking: Booking) -> OrderRequest:
    return OrderRequest(
        client_reference=str(booking.id),
        offer=offers.raw_of(booking.offer),
        passengers=tuple(
            OrderPassenger(
                provider_passenger_id=person["provider_passenger_id"],
                type=PassengerType(person["type"]),
                given_name=person["name_as_ticketed"].partition("/")[2],
                family_name=person["name_as_ticketed"].partition("/")[0],
                birth_date=date.fromisoformat(person["birth_date"]),
                gender=person["gender"],
                email=person["email"],
                phone_number=person["phone_number"],
                associated_adult=person["associated_provider_adult"],
                document=_document(person.get("document")),
            )
            for person in booking.people
        ),
        total=booking.total,
        hold=booking.mode == Mode.HOLD,
        services=tuple(one.as_ordered() for one in chosen_of(booking)),
    )


def chosen_of(booking: Booking) -> list[ChosenService]:
    """The seats and extras, frozen as they were booked."""
    return [ChosenService.model_validate(one) for one in booking.services]


def _document(kept: dict[str, Any] | None) -> OrderDocument | None:
    if kept is None:
        return None
    expires_on = kept["expires_on"]
    return OrderDocument(
        type=kept["type"],
        number=kept["number"],
        issuing_country=kept["issuing_country"],
        expires_on=date.fromisoformat(expires_on) if expires_on else None,
    )
