"""Every table of bookings, re-exported for Django."""

from bookings.booking.amendment.models import Amendment
from bookings.booking.models import Booking, BookingTransition
from bookings.booking.schedule_change.models import ScheduleChange
from bookings.cancellation.models import CancellationQuote
from bookings.offer.models import Offer, OfferSlot
from bookings.passenger.identity_document.models import IdentityDocument
from bookings.passenger.models import Passenger
from bookings.payment_method.models import CardCapture, PaymentMethod, Redaction
from bookings.sandbox_airline.models import (
    SandboxCancellationQuote,
    SandboxInventory,
    SandboxOrder,
    SandboxSeat,
    SandboxThrottle,
    SandboxTicket,
)

__all__ = [
    "Amendment",
    "Booking",
    "BookingTransition",
    "CancellationQuote",
    "CardCapture",
    "IdentityDocument",
    "Offer",
    "OfferSlot",
    "Passenger",
    "PaymentMethod",
    "Redaction",
    "SandboxCancellationQuote",
    "SandboxInventory",
    "SandboxOrder",
    "SandboxSeat",
    "SandboxThrottle",
    "SandboxTicket",
    "ScheduleChange",
]
