"""Reads of the audit trail for staff: by an index each, and none of them counts.

Ids of lines begin with their time, so a period is a range of ids, in the order in which the list is.
"""

from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta
from uuid import UUID

from django.db.models import Q, QuerySet

from movmo.operations import seals
from movmo.operations.models import AuditEvent, AuditSeal

MOST_FOUND = 500
FOUND_BY_ID = ("call_id", "user_id", "partner_id", "resource_id")


def found(term: str, known: UUID | None) -> set[UUID]:
    """Lines with this id, or request id: the newest of each column. Looked up column by column, since a database that
    is asked for all of them at once, in an order, reads the whole table in that order.
    """
    columns: list[tuple[str, object]] = [("request_id__in", {term, str(known)} if known else {term})]
    columns += [(name, known) for name in FOUND_BY_ID if known]
    return {
        pk
        for column in columns
        for pk in AuditEvent.objects.filter(Q(column)).order_by("-id").values_list("pk", flat=True)[:MOST_FOUND]
    }


def of_call(call_id: UUID) -> list[AuditEvent]:
    """Intent and outcome of one call, in their order. A call that was refused early has an outcome only."""
    return list(AuditEvent.objects.filter(call_id=call_id).order_by("id"))


def places(event_ids: Iterable[UUID]) -> dict[UUID, str]:
    """Where each line stands in the chains. One that was written a moment ago has no place yet."""
    sealed = AuditSeal.objects.filter(event_id__in=list(event_ids))
    return {one.event_id: f"{one.shard}/{one.sequence}" for one in sealed}


def begun(lines: QuerySet[AuditEvent], day: date) -> QuerySet[AuditEvent]:
    """Those of the day (UTC) and later."""
    return lines.filter(pk__gte=seals.first_id_of(_midnight(day)))


def ended(lines: QuerySet[AuditEvent], day: date) -> QuerySet[AuditEvent]:
    """Those up to the end of the day (UTC)."""
    return lines.filter(pk__lt=seals.first_id_of(_midnight(day + timedelta(days=1))))


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time.min, tzinfo=UTC)
