"""Importing this module declares every operation of bookings, in the order of a booking's path."""

from bookings.booking import operations as booking
from bookings.booking.acceptance import operations as acceptance
from bookings.booking.feed import operations as feed
from bookings.booking.hold import operations as hold
from bookings.cancellation import operations as cancellation
from bookings.catalogue import operations as catalogue
from bookings.export import operations as export
from bookings.guide import operations as guide
from bookings.offer import operations as offer
from bookings.passenger import operations as passenger
from bookings.passenger.identity_document import operations as identity_document
from bookings.payment_method import operations as payment_method
from bookings.reconciliation.door import operations as reconciliation
from bookings.seat_map import operations as seat_map

__all__ = [
    "acceptance",
    "booking",
    "cancellation",
    "catalogue",
    "export",
    "feed",
    "guide",
    "hold",
    "identity_document",
    "offer",
    "passenger",
    "payment_method",
    "reconciliation",
    "seat_map",
]
