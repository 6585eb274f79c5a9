"""Bookings of an unknown end that nobody was told of yet."""

from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from django.db.models import DateTimeField, Exists, F, OuterRef, Subquery
from django.db.models.functions import Coalesce

from bookings.booking.figures import ALERT, OLDER_THAN
from bookings.booking.models import AT_RISK, Booking, BookingTransition
from bookings.booking.states import DECIDED, UNPAID, State

LOOK_AFTER = OLDER_THAN[ALERT]
UNDECIDED = tuple(state for state in AT_RISK if state != State.HELD)
_SETTLED = sorted(DECIDED | {State.REQUIRES_ACTION})
"""Where an end is known. What waits for its cardholder's bank was not sent yet."""
_UNSURE = sorted(frozenset(State) - DECIDED - UNPAID)


class Overdue(NamedTuple):
    booking_id: UUID
    provider: str
    unknown_since: datetime


def due(*, now: datetime, limit: int) -> list[Overdue]:
    """Those first that have waited longest."""
    # A row whose history does not tell is as old as it can be: of two mistakes, silence is the worse.
    since = Coalesce(_unsure_since(), F("created_at"), output_field=DateTimeField())
    untold = Booking.objects.filter(state__in=UNDECIDED, unknown_alarm=None).annotate(since=since)
    # In the order of ids a planner might read the whole table for the first few.
    late = untold.filter(since__lte=now - LOOK_AFTER).order_by("since", "id")
    return [Overdue(*row) for row in late.values_list("id", "provider", "since")[:limit]]


def _unsure_since() -> Subquery:
    """When its airline was first asked for what it owes an answer to: a retry has a submission of its own, and is asked
    for the same thing.
    """
    settled_later = BookingTransition.objects.filter(
        booking=OuterRef("booking"), id__gt=OuterRef("id"), after__in=_SETTLED
    )
    unsure = BookingTransition.objects.filter(~Exists(settled_later), booking=OuterRef("pk"), after__in=_UNSURE)
    return Subquery(unsure.order_by("at").values("at")[:1])
