"""Reads of schedule changes."""

from bookings.booking.models import Booking
from bookings.booking.schedule_change.models import ScheduleChange
from bookings.booking.schedule_change.schemas import ScheduleChangeView


def views(booking: Booking) -> list[ScheduleChangeView]:
    """The booking's, newest first."""
    return [_view(change) for change in ScheduleChange.objects.filter(booking=booking).order_by("-announced_at", "-id")]


def waiting(booking: Booking) -> ScheduleChange | None:
    return ScheduleChange.objects.filter(booking=booking, state=ScheduleChange.State.WAITING).first()


def _view(change: ScheduleChange) -> ScheduleChangeView:
    return ScheduleChangeView.model_validate(
        {
            "change_id": change.pk,
            "severity": change.severity,
            "state": change.state,
            "announced_at": change.announced_at,
            "decided_at": change.decided_at,
            "decided_by": change.decided_by or None,
            "before": change.before,
            "after": change.after,
        }
    )
