"""Reads of amendments."""

from datetime import datetime
from uuid import UUID

from django.db.models import F, Q, QuerySet

from bookings.booking import steps
from bookings.booking.actors import MOVMO
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


def in_the_hands_of_callers(*, touched_after: datetime) -> QuerySet[Amendment]:
    """Never sent, and not asked for by Movmo: the call that asked is at it. No lease tells, for a bank needs none."""
    rows = Amendment.objects.filter(state=Amendment.State.OPEN, attempts=0, booking__updated_at__gt=touched_after)
    return rows.exclude(who=MOVMO.who)


def open_amendments(*, now: datetime, limit: int, untouched_since: datetime) -> list[Amendment]:
    """Those that nobody works on, those first that have waited longest: none can starve another."""
    theirs = in_the_hands_of_callers(touched_after=untouched_since)
    rows = Amendment.objects.filter(steps.free(now, of="booking__"), ~Q(pk__in=theirs), state=Amendment.State.OPEN)
    return list(rows.order_by(F("booking__lease_until").asc(nulls_first=True), "id")[:limit])
