"""From a booking to the order its provider gets. Names go as the ticket will spell them."""

from datetime import date

from bookings.booking.models import Booking
from bookings.booking.schemas import Mode
from bookings.offer import services as offers
from bookings.providers.types import OrderPassenger, OrderRequest, PassengerType


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
            )
            for person in booking.passengers
        ),
        total=booking.total,
        hold=booking.mode == Mode.HOLD,
    )
