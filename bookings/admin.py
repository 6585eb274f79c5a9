"""Every admin page of bookings, gathered for Django."""

from bookings.booking import admin as booking
from bookings.offer import admin as offer
from bookings.passenger import admin as passenger
from bookings.sandbox_airline import admin as sandbox_airline

__all__ = ["booking", "offer", "passenger", "sandbox_airline"]
