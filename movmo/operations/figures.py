"""What the dashboard tells of the pipeline: work that waits, and calls that were refused."""

from collections import Counter
from datetime import datetime
from typing import NamedTuple

from django.db import connection
from django.db.models import Count

from movmo.operations.approval.models import ApprovalState
from movmo.operations.audit import DONE
from movmo.operations.models import AuditEvent, Outbox

# The line of a decision tells which it was: a traveler's no is no refusal of their call.
WELL = (DONE, ApprovalState.APPROVED, ApprovalState.DECLINED)


class Backlog(NamedTuple):
    """Work that waits: all of it, what should have been done by now, and since when the oldest of that has."""

    waiting: int
    late: int
    oldest: datetime | None
    given_up: int


class Refusals(NamedTuple):
    """Of the calls of an operation that left a line, those that were refused or failed; `code` is the commonest."""

    operation: str
    calls: int
    refused: int
    code: str


def outbox(now: datetime) -> Backlog:
    # The states as text of the statement: SQLite takes a partial index for no parameter.
    statement = """
        SELECT COUNT(*), COUNT(CASE WHEN due_at <= %s THEN 1 END), MIN(CASE WHEN due_at <= %s THEN due_at END),
               (SELECT COUNT(*) FROM outbox WHERE state = 'given_up')
        FROM outbox WHERE state = 'ready'
    """
    due = Outbox._meta.get_field("due_at")
    at = due.get_db_prep_value(now, connection)
    with connection.cursor() as cursor:
        cursor.execute(statement, [at, at])
        waiting, late, oldest, given_up = cursor.fetchone()
    return Backlog(waiting, late, as_instant(oldest), given_up)


def as_instant(at: datetime | str | None) -> datetime | None:
    """A time as a statement by hand gives it: SQLite's is text, of UTC."""
    if isinstance(at, str):
        return datetime.fromisoformat(f"{at}+00:00")
    return at


def refusals(since: datetime) -> list[Refusals]:
    """By operation, most refused first. Those of which none was refused are left out."""
    ended = AuditEvent.objects.filter(at__gte=since, phase=AuditEvent.Phase.OUTCOME).order_by("operation")
    calls: Counter[str] = Counter()
    codes: dict[str, Counter[str]] = {}
    for operation, code, count in ended.values_list("operation", "code").annotate(count=Count("*")):
        calls[operation] += count
        if code not in WELL:
            codes.setdefault(operation, Counter())[code] += count
    found = [
        Refusals(name, calls[name], refused.total(), refused.most_common(1)[0][0]) for name, refused in codes.items()
    ]
    return sorted(found, key=lambda one: (-one.refused, one.operation))
