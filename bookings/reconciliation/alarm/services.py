"""Telling people of bookings whose end nobody knows for too long: in the log, and by a letter to support.

Of those that the workers still look up, and of those that wait for a person. Each is told of once, and again only when
its end was known meanwhile; its page in the back office says when. The dashboard shows all of them by age.
"""

from datetime import datetime

import structlog
from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import Q
from django.urls import reverse

from bookings.reconciliation.alarm import queries
from bookings.reconciliation.alarm.models import UnknownAlarm
from bookings.reconciliation.alarm.queries import LOOK_AFTER, Overdue
from movmo.accounts.letter import services as letters
from movmo.accounts.models import User

log = structlog.get_logger()

MOST_AT_ONCE = 50
SUPPORT, ADMIN = "support", "admin"


def raise_due(*, now: datetime) -> list[Overdue]:
    """Those that were told of now. Of two workers one tells: the other's rows meet the constraint."""
    due = queries.due(now=now, limit=MOST_AT_ONCE)
    if not due:
        return []
    try:
        with transaction.atomic(durable=True):
            UnknownAlarm.objects.bulk_create(
                UnknownAlarm(booking_id=one.booking_id, unknown_since=one.unknown_since, raised_at=now) for one in due
            )
            _write_letters(due)
    except IntegrityError:
        return []
    for one in due:
        log.error("booking.unknown_for_too_long", booking_id=str(one.booking_id), provider=one.provider)
    return due


def _write_letters(due: list[Overdue]) -> None:
    """Ids and providers: whoever may know more opens the booking."""
    facts = {
        "minutes": LOOK_AFTER.seconds // 60,
        "bookings": [{"id": str(one.booking_id), "provider": one.provider, "link": _link(one)} for one in due],
    }
    for clerk in _told():
        letters.put("unknown_bookings", clerk.email, facts, of=clerk)


def _told() -> list[User]:
    """Where nobody has the role support, whoever gives out roles: somebody has to know."""
    staff = User.objects.filter(is_staff=True, is_active=True).distinct()
    return list(staff.filter(groups__name=SUPPORT)) or list(staff.filter(Q(groups__name=ADMIN) | Q(is_superuser=True)))


def _link(one: Overdue) -> str:
    return settings.ORIGIN + reverse("admin:bookings_booking_change", args=[one.booking_id])
