"""Whose an export is while it is written, and how it ends: conditional updates on state and fence, on either database.

claim      ordered, or running with a lease that has run out → running, with the next fence and a lease
progress   rows written so far, and the lease prolonged; raises LeaseLost
ready      → ready, with what the file is, and the event
failed     → failed, with a code, and the event
again      → ordered, due a little later; after MOST_ATTEMPTS failed
"""

from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import Q, QuerySet

from bookings.export import events as of_exports
from bookings.export import failures
from bookings.export.failures import LeaseLost
from bookings.export.models import Export
from bookings.export.states import OPEN, ExportState, before
from movmo.operations import events

LEASE = timedelta(seconds=60)
MOST_ATTEMPTS = 3
AT_ONCE = 2
"""Of all workers together: each holds a thread and a connection, and reads as fast as the database gives."""
PAUSE = timedelta(seconds=30)


def claim(*, now: datetime) -> Export | None:
    """One that is due, oldest first; None if there is none, or enough are being written. With no transaction open.

    It may have been tried too often: its workers died on it each time, so nobody came to give it up.
    """
    in_hand = list(_in_hand(now).values_list("partner_id", flat=True))
    if len(in_hand) >= AT_ONCE:
        return None
    # One of a partner's at a time: however many it orders, the other place stays for others.
    due = _due(now).exclude(partner_id__in=[partner_id for partner_id in in_hand if partner_id])
    for pk in due.order_by("due_at", "id").values_list("pk", flat=True)[: AT_ONCE * 2]:
        if (export := _claimed(pk, now)) is not None:
            return export
    return None


def _due(now: datetime) -> "QuerySet[Export]":
    free = Q(lease_until=None) | Q(lease_until__lte=now)
    return Export.objects.filter(free, state__in=[state.value for state in OPEN], due_at__lte=now)


def _in_hand(now: datetime) -> "QuerySet[Export]":
    return Export.objects.filter(state=ExportState.RUNNING.value, lease_until__gt=now)


def _claimed(pk: Any, now: datetime) -> Export | None:
    with transaction.atomic(durable=True):
        export = Export.objects.get(pk=pk)
        mine = _due(now).filter(pk=pk, fence=export.fence, state__in=before(ExportState.RUNNING))
        export.fence, export.attempts = export.fence + 1, export.attempts + 1
        is_mine = mine.update(
            state=ExportState.RUNNING.value,
            fence=export.fence,
            attempts=export.attempts,
            lease_until=now + LEASE,
            rows_written=0,
        )
    return export if is_mine else None


def progress(export: Export, *, now: datetime, lease: timedelta = LEASE, **columns: Any) -> None:
    """Raises LeaseLost."""
    if not _mine(export).update(lease_until=now + lease, **columns):
        raise LeaseLost


def ready(export: Export, *, now: datetime, **file: Any) -> None:
    """Raises LeaseLost."""
    until = now + timedelta(days=settings.MOVMO_EXPORT_DAYS)
    _settle(export, ExportState.READY, now, file_expires_at=until, **file)


def fail(export: Export, code: str, *, now: datetime) -> None:
    """Raises LeaseLost."""
    _settle(export, ExportState.FAILED, now, failure_code=code)


def again(export: Export, *, now: datetime) -> None:
    """Raises LeaseLost."""
    if export.attempts >= MOST_ATTEMPTS:
        fail(export, failures.NOT_WRITTEN, now=now)
        return
    later = now + PAUSE * export.attempts
    if not _mine(export).update(state=ExportState.ORDERED.value, lease_until=None, due_at=later):
        raise LeaseLost


def _settle(export: Export, after: ExportState, now: datetime, **columns: Any) -> None:
    with transaction.atomic(durable=True):
        mine = _mine(export).filter(state__in=before(after))
        if not mine.update(state=after.value, lease_until=None, finished_at=now, **columns):
            raise LeaseLost
        export.refresh_from_db()
        if export.partner_id is not None:
            events.write(of_exports.subject(export), [of_exports.of_outcome(export)], after=of_exports.BEFORE, at=now)


def _mine(export: Export) -> "QuerySet[Export]":
    return Export.objects.filter(pk=export.pk, fence=export.fence, state=ExportState.RUNNING.value)
