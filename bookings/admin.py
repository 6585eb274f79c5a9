"""Every admin page of bookings, gathered for Django."""

from bookings.booking import admin as booking
from bookings.booking.amendment import admin as amendment
from bookings.booking.schedule_change import admin as schedule_change
from bookings.cancellation import admin as cancellation
from bookings.offer import admin as offer
from bookings.passenger import admin as passenger
from bookings.passenger.identity_document import admin as identity_document
from bookings.payment_method import admin as payment_method
from bookings.sandbox_airline import admin as sandbox_airline

__all__ = [
    "amendment",
    "booking",
    "cancellation",
    "identity_document",
    "offer",
    "passenger",
    "payment_method",
    "sandbox_airline",
    "schedule_change",
]
