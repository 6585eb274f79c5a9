"""Take statements in, let them be looked at and accepted, and compare them with our side.

    receive    the file is kept, its head and its end are judged; the same file again is the earlier statement
    advance    what a worker does: read every line, then (if it was accepted, or may be by itself) compare
    preview    what was read: counts, totals, the first bad lines
    accept, decline
    run        have it compared again by a worker: the same rules of matching over the lines that are kept

Nothing is half imported: lines are stored and classed in one transaction, or not at all.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import structlog
from celery.exceptions import SoftTimeLimitExceeded
from django.db import IntegrityError, transaction
from django.db.models import Exists, OuterRef, Q, QuerySet

from bookings.reconciliation import accepting, matching, storing, turns
from bookings.reconciliation.importing import read_and_compare, read_only
from bookings.reconciliation.lock.queries import check_open, check_unlocked
from bookings.reconciliation.models import QuarantinedLine, Run, Statement
from bookings.reconciliation.receiving import Kept, Sender, receive, take, write_down
from bookings.reconciliation.refusals import (
    PeriodLocked,
    StatementBusy,
    StatementFileGone,
    StatementHasBadLines,
    StatementNotAccepted,
    StatementNotStaged,
    StatementTooSlow,
    StatementUnfinished,
    StatementUnreadable,
)
from bookings.reconciliation.states import WAITING, StatementState
from movmo.kit.errors import DomainError

__all__ = ["Kept", "Sender", "receive", "take", "write_down"]

log = structlog.get_logger()

MOST_SECONDS = 90
"""That a worker has for a phase of a statement."""
LEASE = timedelta(minutes=3)
"""Longer than the hard limit of its task: whoever held it is dead."""
MOST_LOST = 5
"""So many workers in a row may be lost over a statement; then it is the statement."""
LOST = "workers_lost"
WAITS = timedelta(days=30)
"""How long a partner's statement that was read waits to be accepted; then it is declined: see `tidying`."""
DECLINED = "declined"
Clock = Callable[[], datetime]


@dataclass(frozen=True, slots=True)
class Preview:
    """`errors` are the first 100 of `bad` lines. `totals` by currency {lines, gross_minor, turnover_minor, tax_minor,
    fee_minor, net_minor, opening_minor, closing_minor, ties}; opening, closing and ties are None where the statement
    tells none. The turnover is the gross of all lines without their signs.
    """

    state: str
    lines: int
    bad: int
    kinds: dict[str, int]
    totals: dict[str, dict[str, Any]]
    errors: list[QuarantinedLine]
    problem: str


def due(*, now: datetime, limit: int) -> list[UUID]:
    """Statements that a worker has something to do for, as it is their turn: see `turns`."""
    return turns.in_turn(_waiting(now), now=now)[:limit]


def _waiting(now: datetime) -> QuerySet[Statement]:
    free = Q(lease_until=None) | Q(lease_until__lte=now)
    ordered = Exists(Run.objects.filter(statement=OuterRef("pk"), state=Run.State.RUNNING))
    return Statement.objects.filter(free, Q(state__in=[state.value for state in WAITING]) | ordered)


def advance(statement_id: UUID, *, clock: Clock) -> Statement:
    """Drive the statement on by its next phase; nothing, if another worker holds it, it waits for a person, or another
    of its partner is worked on.

    A worker that is killed leaves it where it was, and the next one begins the phase anew after LEASE: MOST_LOST times.
    One that has no time left (MOST_SECONDS) says so, and nobody tries again.
    """
    statement = _claimed(statement_id, now=clock())
    if statement is None:
        return Statement.objects.get(pk=statement_id)
    try:
        _drive(statement, clock=clock)
    except (StatementUnreadable, StatementFileGone, StatementUnfinished, StatementTooSlow, PeriodLocked) as failure:
        log.warning("reconciliation.refused", statement_id=str(statement_id), code=failure.code)
        _give_up(statement, failure, now=clock())
    except StatementBusy:
        _let_go(statement)
        raise
    _let_go(statement)
    return Statement.objects.get(pk=statement_id)


def _claimed(statement_id: UUID, *, now: datetime) -> Statement | None:
    """Of two workers one gets it, on every database: the update is the claim. Whoever lets it go ends the lease: one
    that is there still is that of a worker that was lost.
    """
    statement = Statement.objects.get(pk=statement_id)
    lost = statement.control.get(LOST, 0) + 1 if statement.lease_until else 0
    told = {**statement.control, LOST: lost}
    mine = _waiting(now).filter(pk=statement_id, fence=statement.fence)
    with transaction.atomic():
        if not turns.is_its(statement, now=now):
            return None
        if not mine.update(fence=statement.fence + 1, lease_until=now + LEASE, control=told):
            return None
    statement.fence, statement.control, statement.lease_until = statement.fence + 1, told, now + LEASE
    return statement


def _let_go(statement: Statement) -> None:
    """Where it was sent anew while it was read, its lease has kept its partner's others waiting until now."""
    Statement.objects.filter(pk=statement.pk, lease_until=statement.lease_until).update(lease_until=None)


def _drive(statement: Statement, *, clock: Clock) -> None:
    """Its next phase. Raises what says that there is no use in it, or StatementBusy."""
    try:
        if statement.control.get(LOST, 0) >= MOST_LOST:
            raise StatementUnfinished(workers=MOST_LOST)
        if statement.state == StatementState.RECEIVED:
            _read(statement, clock=clock)
        elif statement.state == StatementState.ACCEPTED:
            _compare(statement, clock=clock)
        else:
            _compare_again(statement, clock=clock)
    except SoftTimeLimitExceeded:
        raise StatementTooSlow(seconds=MOST_SECONDS) from None


def _give_up(statement: Statement, failure: DomainError, *, now: datetime) -> None:
    """Of one that was compared before only the run has failed."""
    if statement.state != StatementState.RECONCILED:
        _refuse(statement, failure.code, failure.text, now=now)
    elif _write(statement, now=now):
        statement.runs.filter(state=Run.State.RUNNING).update(state=Run.State.FAILED, finished_at=now)


def _read(statement: Statement, *, clock: Clock) -> None:
    """Straight on to the comparison, if it may and there is nothing to say against it."""
    if statement.is_auto_accepted:
        outcome = read_and_compare(statement, must_be_clean=True, clock=clock)
        if outcome.run is not None:
            _settle(statement)
            return
    _look_at(statement, clock=clock)


def _compare(statement: Statement, *, clock: Clock) -> None:
    """Where a line is bad by now that was good when a person accepted it (its day was locked), a person looks again; so
    they do where it comes to more by now than that person alone may accept.
    """
    if read_and_compare(statement, must_be_clean=False, clock=clock).run is not None:
        _settle(statement)
        return
    _look_at(statement, clock=clock)


def _look_at(statement: Statement, *, clock: Clock) -> None:
    """For a person, who then says what becomes of it."""
    outcome = read_only(statement)
    if outcome.is_given_up:
        told = {"counts": outcome.counts, "totals": {}}
        _refuse(statement, outcome.problem_code, outcome.problem, now=clock(), **told)
        return
    if outcome.problem and not outcome.bad:
        _refuse(statement, outcome.problem_code, outcome.problem, now=clock())
        return
    _write(
        statement,
        now=clock(),
        state=StatementState.STAGED,
        counts=outcome.counts,
        totals=outcome.totals,
        problem_code=outcome.problem_code,
        problem=outcome.problem,
    )


def _compare_again(statement: Statement, *, clock: Clock) -> None:
    """Raises PeriodLocked, where a day of it was locked since somebody ordered the run."""
    matching.compare_again(statement, now=clock())
    _write(statement, now=clock())


def _settle(statement: Statement) -> None:
    """The lines are stored: the file has done its part. `read_and_compare` has written the state with the lines."""
    storing.forget(statement.file)
    Statement.objects.filter(pk=statement.pk).update(file="", lease_until=None)


def _refuse(statement: Statement, code: str, problem: str, *, now: datetime, **more: Any) -> None:
    more |= {"problem_code": code, "problem": problem[:500], "file": ""}
    if _write(statement, now=now, state=StatementState.REFUSED, **more):
        storing.forget(statement.file)


def _write(statement: Statement, *, now: datetime, **values: Any) -> bool:
    """Unless another worker has taken it meanwhile, or this one was done with it already when it ran out of time; the
    lease ends.
    """
    mine = Statement.objects.filter(pk=statement.pk, fence=statement.fence, state=statement.state)
    return bool(mine.update(lease_until=None, updated_at=now, **values))


def preview(statement: Statement) -> Preview:
    """What was read. Before it was read there is nothing yet: `lines` is 0 and `state` is received."""
    counts = statement.counts
    return Preview(
        state=statement.state,
        lines=counts.get("lines", 0),
        bad=counts.get("bad", 0),
        kinds=counts.get("kinds", {}),
        totals=statement.totals,
        errors=list(statement.quarantined.order_by("line")[:100]),
        problem=statement.problem,
    )


def accept(
    statement: Statement,
    *,
    by: UUID | None,
    now: datetime,
    without_bad_lines: bool = False,
    seen: int | None = None,
) -> Statement:
    """A person's word that it may be compared; a worker does it. `without_bad_lines`: those in quarantine stay out.
    `seen` is the fence of what they looked at: one that was read anew since is another.

    Without them totals need not tie, as the preview says. Raises StatementNotStaged, StatementHasBadLines,
    StatementNeedsColleague (see `accepting`) or PeriodLocked.
    """
    statement.refresh_from_db()
    fence = statement.fence if seen is None else seen
    if (statement.state, statement.fence) != (StatementState.STAGED, fence):
        raise StatementNotStaged(state=statement.state)
    days = (statement.period_start, statement.period_end)
    check_open(statement.provider, *days, partner_id=statement.partner_id)
    if statement.counts.get("bad") and not without_bad_lines:
        raise StatementHasBadLines(bad=statement.counts["bad"], lines=statement.counts["lines"])
    accepting.check_not_alone(statement, by=by)
    mine = Statement.objects.filter(pk=statement.pk, state=StatementState.STAGED, fence=fence)
    accepted = mine.update(
        state=StatementState.ACCEPTED, accepted_by=by, accepted_at=now, updated_at=now, lease_until=None
    )
    statement.refresh_from_db()
    if not accepted:
        raise StatementNotStaged(state=statement.state)
    return statement


def decline(
    statement: Statement, *, reason: str, now: datetime, code: str = DECLINED, seen: int | None = None
) -> Statement:
    """A person's word that it is of no use, as it was read, or as they have `seen` it (see `accept`). Raises
    StatementNotStaged.
    """
    fence = statement.fence if seen is None else seen
    mine = Statement.objects.filter(pk=statement.pk, state=StatementState.STAGED, fence=fence)
    name = statement.file
    if not mine.update(state=StatementState.REFUSED, problem_code=code, problem=reason[:500], file="", updated_at=now):
        statement.refresh_from_db()
        raise StatementNotStaged(state=statement.state)
    transaction.on_commit(lambda: storing.forget(name), robust=True)
    statement.refresh_from_db()
    return statement


def accept_until(statement: Statement) -> datetime | None:
    """When it is declined by itself, where it is one of those."""
    is_one = statement.state == StatementState.STAGED and statement.partner_id is not None
    return statement.updated_at + WAITS if is_one else None


def run(statement: Statement, *, by: UUID | None, now: datetime) -> Run:
    """Have a worker compare the stored lines again, as of then and by the rules in force then. Idempotent: nothing is
    found twice, and the run tells what is new, changed, the same and gone once it is done.

    Raises StatementNotAccepted, StatementBusy or PeriodLocked.
    """
    statement.refresh_from_db()
    if statement.state != StatementState.RECONCILED:
        raise StatementNotAccepted(state=statement.state)
    check_unlocked(statement)
    if is_running(statement):
        raise StatementBusy
    try:
        with transaction.atomic():
            return matching.begun(statement, None, by=by, now=now)
    except IntegrityError:  # somebody else has ordered the run of this number
        raise StatementBusy from None


def is_running(statement: Statement) -> bool:
    return statement.runs.filter(state=Run.State.RUNNING).exists()
