"""Importing this module declares every operation of bookings, in the order of a booking's path."""

from bookings.booking import operations as booking
from bookings.catalogue import operations as catalogue
from bookings.offer import operations as offer
from bookings.passenger import operations as passenger

__all__ = ["booking", "catalogue", "offer", "passenger"]
