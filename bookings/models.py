"""Every table of bookings, re-exported for Django."""

from bookings.booking.models import Booking, BookingTransition
from bookings.offer.models import Offer, OfferSlot
from bookings.passenger.identity_document.models import IdentityDocument
from bookings.passenger.models import Passenger
from bookings.payment_method.models import CardCapture, PaymentMethod, Redaction
from bookings.sandbox_airline.models import SandboxInventory, SandboxOrder, SandboxTicket

__all__ = [
    "Booking",
    "BookingTransition",
    "CardCapture",
    "IdentityDocument",
    "Offer",
    "OfferSlot",
    "Passenger",
    "PaymentMethod",
    "Redaction",
    "SandboxInventory",
    "SandboxOrder",
    "SandboxTicket",
]
