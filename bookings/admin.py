"""Every admin page of bookings, gathered for Django."""

from bookings.booking import admin as booking
from bookings.booking.amendment import admin as amendment
from bookings.booking.document import admin as document
from bookings.booking.provider_call import admin as provider_call
from bookings.booking.schedule_change import admin as schedule_change
from bookings.cancellation import admin as cancellation
from bookings.export import admin as export
from bookings.offer import admin as offer
from bookings.office import admin as office
from bookings.passenger import admin as passenger
from bookings.passenger.identity_document import admin as identity_document
from bookings.payment_method import admin as payment_method
from bookings.reconciliation import admin as reconciliation
from bookings.sandbox_airline import admin as sandbox_airline

__all__ = [
    "amendment",
    "booking",
    "cancellation",
    "document",
    "export",
    "identity_document",
    "offer",
    "office",
    "passenger",
    "payment_method",
    "provider_call",
    "reconciliation",
    "sandbox_airline",
    "schedule_change",
]
