"""What nobody needs: statements of partners that nobody accepted in time, and files of a call that came to no end, or
that were not deleted when they were done with.
"""

from datetime import datetime, timedelta

import structlog

from bookings.reconciliation import queries, services, storing
from bookings.reconciliation.models import Statement
from bookings.reconciliation.refusals import StatementNotStaged
from bookings.reconciliation.states import WAITING, StatementState

log = structlog.get_logger()

LEFT_BEHIND = timedelta(days=1)
"""Longer than any call takes from keeping a file to writing it down."""

UNACCEPTED = "not_accepted_in_time"
WHY = "Nobody accepted it within {days} days. Nothing of it was taken over; send the file again to have it read anew."


def lapse(*, now: datetime) -> int:
    """Returns how many were declined. One that is accepted or sent anew at the same moment is not."""
    late = queries.unaccepted(since=now - services.WAITS)
    return sum(_is_declined(one, now=now) for one in list(late))


def _is_declined(statement: Statement, *, now: datetime) -> bool:
    try:
        services.decline(statement, reason=WHY.format(days=services.WAITS.days), now=now, code=UNACCEPTED)
    except StatementNotStaged:
        return False
    log.info("reconciliation.not_accepted_in_time", statement_id=str(statement.pk))
    return True


def tidy(*, now: datetime) -> int:
    """Returns how many were deleted. One that cannot be stays for the next time, and keeps the others from nothing."""
    found = storing.left_behind(before=now - LEFT_BEHIND)
    still = [state.value for state in (*WAITING, StatementState.STAGED)]
    needed = set(Statement.objects.filter(state__in=still).values_list("file", flat=True))
    return sum(_is_deleted(name) for name in found if name not in needed)


def _is_deleted(name: str) -> bool:
    try:
        storing.forget(name)
    except Exception:
        log.exception("reconciliation.file_left_behind", file=name)
        return False
    return True
