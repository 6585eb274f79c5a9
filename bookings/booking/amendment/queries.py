"""Reads of amendments."""

from datetime import datetime
from uuid import UUID

from django.db.models import F, Q

from bookings.booking.amendment.models import Amendment
from bookings.booking.models import Booking

UNDER_WAY = (Amendment.State.OPEN, Amendment.State.REVIEW)


def with_booking(amendment_id: UUID) -> Amendment:
    """The amendment and its booking as they stood at one moment."""
    rows = Amendment.objects.select_related("booking__offer", "booking__payment_method")
    return rows.get(pk=amendment_id)


def under_way(booking: Booking) -> Amendment | None:
    """What is being asked of the booking's order; one thing at most."""
    return Amendment.objects.filter(booking=booking, state__in=UNDER_WAY).first()


def open_amendments(*, now: datetime, limit: int) -> list[Amendment]:
    """Those that nobody works on, those first that have waited longest: none can starve another."""
    free = Q(booking__lease_until=None) | Q(booking__lease_until__lte=now)
    rows = Amendment.objects.filter(free, state=Amendment.State.OPEN)
    return list(rows.order_by(F("booking__lease_until").asc(nulls_first=True), "id")[:limit])
