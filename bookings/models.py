"""Every table of bookings, re-exported for Django."""

from bookings.booking.models import Booking, BookingTransition
from bookings.offer.models import Offer, OfferSlot
from bookings.passenger.models import Passenger
from bookings.sandbox_airline.models import SandboxInventory, SandboxOrder, SandboxTicket

__all__ = [
    "Booking",
    "BookingTransition",
    "Offer",
    "OfferSlot",
    "Passenger",
    "SandboxInventory",
    "SandboxOrder",
    "SandboxTicket",
]
