"""Importing this module declares every operation of bookings, in the order of a booking's path."""

from bookings.booking import operations as booking
from bookings.catalogue import operations as catalogue
from bookings.guide import operations as guide
from bookings.offer import operations as offer
from bookings.passenger import operations as passenger
from bookings.passenger.identity_document import operations as identity_document
from bookings.payment_method import operations as payment_method

__all__ = ["booking", "catalogue", "guide", "identity_document", "offer", "passenger", "payment_method"]
