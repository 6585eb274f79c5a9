"""Bookings of an unknown end that nobody was told of since nobody knows it."""

from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from django.db.models import Exists, OuterRef

from bookings.booking.figures import ALERT, OLDER_THAN, unsure_since
from bookings.booking.models import AT_RISK, Booking
from bookings.booking.states import State
from bookings.reconciliation.alarm.models import UnknownAlarm

LOOK_AFTER = OLDER_THAN[ALERT]
UNDECIDED = tuple(state for state in AT_RISK if state != State.HELD)


class Overdue(NamedTuple):
    booking_id: UUID
    provider: str
    unknown_since: datetime


def due(*, now: datetime, limit: int) -> list[Overdue]:
    """Those first that have waited longest. One that was told of, decided and lost again is told of again."""
    told = UnknownAlarm.objects.filter(booking=OuterRef("pk"), unknown_since=OuterRef("since"))
    unknown = Booking.objects.filter(state__in=UNDECIDED).annotate(since=unsure_since())
    # In the order of ids a planner might read the whole table for the first few.
    late = unknown.filter(~Exists(told), since__lte=now - LOOK_AFTER).order_by("since", "id")
    return [Overdue(*row) for row in late.values_list("id", "provider", "since")[:limit]]
