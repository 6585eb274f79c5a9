"""A worker's two phases of a statement: reading it, and reading it into lines with their classes.

Both read the file anew: the staging table lives as long as the transaction. So nothing is left behind by a worker that
dies, and what a person has accepted is what is stored.
"""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import DataError, connection, transaction
from django.db.backends.utils import CursorWrapper

from bookings.reconciliation import checks, lines, matching, queries, storing, summing, surnames
from bookings.reconciliation.checks import MESSAGES, masked
from bookings.reconciliation.control import check_ledger, refuse
from bookings.reconciliation.dialect import dialect
from bookings.reconciliation.layout import Layout, layout_of
from bookings.reconciliation.lines import Staging
from bookings.reconciliation.loading import staged
from bookings.reconciliation.lock.queries import check_open, hold_still
from bookings.reconciliation.models import QuarantinedLine, Run, Statement
from bookings.reconciliation.reading import MOST_KEPT, Loaded, Source
from bookings.reconciliation.refusals import PeriodLocked, StatementBusy
from bookings.reconciliation.states import StatementState

TABLE = "reconciliation_staging"
Clock = Callable[[], datetime]


@dataclass(frozen=True, slots=True)
class Outcome:
    """`run` is None where the statement was only read. `problem` is why it cannot be accepted."""

    run: Run | None = None
    bad: int = 0
    counts: dict[str, Any] = field(default_factory=dict)
    totals: dict[str, dict[str, Any]] = field(default_factory=dict)
    problem_code: str = ""
    problem: str = ""


class _NotClean(Exception):
    """Undo what was stored: a person has to look at it first."""


@dataclass(frozen=True, slots=True)
class _Read:
    cursor: CursorWrapper
    layout: Layout
    loaded: Loaded
    control: dict[str, Any]


def read_only(statement: Statement) -> Outcome:
    """Counts, totals and the bad lines, which go to quarantine. Raises StatementUnreadable."""
    with _read(statement) as read:
        staging = _with_checks(statement, read)
        rows, bad = lines.count_bad(read.cursor, staging)
        totals, kinds = summing.of_lines(lines.sums(read.cursor, staging), read.control)
        bad += read.loaded.bad_rows
        with transaction.atomic():
            _quarantine(statement, read, staging)
    untied = summing.untied(totals)
    return Outcome(
        bad=bad,
        counts={"lines": rows + read.loaded.bad_rows, "bad": bad, "kinds": kinds},
        totals=totals,
        problem_code=untied.code if untied else "",
        problem=untied.text if untied else "",
    )


def read_and_compare(statement: Statement, *, must_be_clean: bool, clock: Clock) -> Outcome:
    """Lines, classes, discrepancies and the run, in one transaction. `must_be_clean`: nothing of it, and no run, where
    there is a bad line or the totals do not tie; to find out is quicker than to find which. Else nothing of it where
    more lines are bad than a person has seen. Nor is there where all of its days are locked by now.

    Raises StatementUnreadable, or StatementBusy when another worker has taken the statement meanwhile.
    """
    try:
        with _read(statement) as read, transaction.atomic():
            return _stored(statement, read, must_be_clean=must_be_clean, now=clock())
    except (_NotClean, PeriodLocked):
        return Outcome()
    except DataError:
        if not must_be_clean:
            raise
        return Outcome()


def _stored(statement: Statement, read: _Read, *, must_be_clean: bool, now: datetime) -> Outcome:
    hold_still()
    days = (statement.period_start, statement.period_end)
    check_open(statement.provider, *days, partner_id=statement.partner_id)
    cursor, staging, rules = read.cursor, _with_checks(statement, read), queries.rules_in_force()
    matching.tune(cursor)
    good = lines.store(cursor, statement, staging, rules, quickly=must_be_clean)
    bad = read.loaded.bad_rows + _left_out(cursor, staging, read.loaded.rows - good)
    if bad > (0 if must_be_clean else statement.counts.get("bad", 0)):
        raise _NotClean
    if bad:
        _quarantine(statement, read, staging)
    surnames.keep_digests(cursor, statement, staging)
    run, stored = matching.finish(cursor, statement, rules, staging.sql, by=statement.accepted_by, now=now)
    totals, kinds = summing.of_lines(stored, read.control)
    if must_be_clean and (summing.is_suspect(stored) or summing.untied(totals)):
        raise _NotClean
    counts = {"lines": good + bad, "bad": bad, "kinds": kinds}
    _reconciled(statement, counts, totals, now=now)
    return Outcome(run=run, bad=bad, counts=counts, totals=totals)


def _with_checks(statement: Statement, read: _Read) -> Staging:
    """What makes a line a bad one is told by the locks as they are now."""
    sql, locks = dialect(), queries.locks(statement.provider, statement.partner_id)
    days = [(lock.starts_on, lock.ends_on) for lock in locks]
    return Staging(TABLE, read.layout, checks.checks(statement, read.layout, days, sql), sql)


def _left_out(cursor: CursorWrapper, staging: Staging, held_back: int) -> int:
    """Of the rows that were not stored, those that are bad: the others are about the payout itself."""
    if not held_back or not staging.layout.skipped:
        return held_back
    return lines.count_bad(cursor, staging)[1]


def _reconciled(statement: Statement, counts: dict[str, Any], totals: dict[str, Any], *, now: datetime) -> None:
    """The last word of the transaction: who has lost the statement has written nothing."""
    mine = Statement.objects.filter(pk=statement.pk, fence=statement.fence)
    if not mine.update(state=StatementState.RECONCILED, counts=counts, totals=totals, updated_at=now):
        raise StatementBusy


@contextmanager
def _read(statement: Statement) -> Iterator[_Read]:
    """The file, staged. On PostgreSQL its table ends with the transaction; SQLite's is a file of its own, and filling
    it keeps no writer waiting.
    """
    told = statement.control
    layout = layout_of(statement.format, told["header"], statement.mapping)
    with ExitStack() as stack:
        file = stack.enter_context(storing.opened(statement.file))
        if connection.vendor == "postgresql":
            stack.enter_context(transaction.atomic())
        source = Source(
            file, statement.format, told["start"], told["end"], told["first_line"], layout.staged, told["delimiter"]
        )
        loaded = stack.enter_context(staged(TABLE, source))
        control = _control(statement, loaded)
        yield _Read(stack.enter_context(connection.cursor()), layout, loaded, control)


def _control(statement: Statement, loaded: Loaded) -> dict[str, Any]:
    """With what a JSON file told at last. Raises StatementUnreadable."""
    control = {**statement.control}
    if loaded.control is not None:
        control.update(
            {name: loaded.control[name] for name in ("lines", "opening", "closing") if name in loaded.control}
        )
        check_ledger(control.get("opening", {}), control.get("closing", {}), statement.format)
    rows, expected = loaded.rows + loaded.bad_rows, control.get("lines")
    if expected is not None and rows != expected:
        refuse(
            statement.format, None, "truncated", f"there are {rows} lines, and its control record counts {expected}."
        )
    return control


def _quarantine(statement: Statement, read: _Read, staging: Staging) -> None:
    """Anew: what an earlier reading put there is the same or out of date."""
    statement.quarantined.all().delete()
    found = [_no_row(statement, read, *bad) for bad in read.loaded.bad]
    rows = lines.bad_lines(read.cursor, staging, most=MOST_KEPT)
    found += [checks.explained(statement, line, check, row) for line, check, row in rows]
    found.sort(key=lambda one: one.line)
    QuarantinedLine.objects.bulk_create(found[:MOST_KEPT], batch_size=500)


def _no_row(statement: Statement, read: _Read, line: int, code: str, text: str) -> QuarantinedLine:
    told = {"kind": len(read.layout.header), "value": text.count(statement.control["delimiter"]) + 1}
    message = MESSAGES[code].format(**told, column="", kinds="")
    return QuarantinedLine(statement=statement, line=line, code=code, message=message[:300], text=masked(text)[:500])
