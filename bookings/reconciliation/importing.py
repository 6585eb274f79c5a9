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

from bookings.reconciliation import accepting, checks, lines, matching, queries, reading, storing, summing, surnames
from bookings.reconciliation.checks import MESSAGES, masked
from bookings.reconciliation.control import check_ledger, refuse
from bookings.reconciliation.dialect import dialect, ended_with_us
from bookings.reconciliation.layout import Layout, layout_of
from bookings.reconciliation.lines import Staging
from bookings.reconciliation.loading import staged
from bookings.reconciliation.lock.queries import check_open, hold_still
from bookings.reconciliation.models import QuarantinedLine, Run, Statement
from bookings.reconciliation.reading import MOST_KEPT, Loaded, Source, TooManyBad
from bookings.reconciliation.refusals import (
    PeriodLocked,
    StatementBusy,
    StatementMostlyBad,
    StatementNeedsColleague,
)
from bookings.reconciliation.states import StatementState

TABLE = "reconciliation_staging"
MOST_TOLD = 100
"""Of a file that is mostly bad: what the preview shows."""
Clock = Callable[[], datetime]


@dataclass(frozen=True, slots=True)
class Outcome:
    """`run` is None where the statement was only read. `problem` is why it cannot be accepted; `is_given_up`: nor be
    read to its end.
    """

    run: Run | None = None
    bad: int = 0
    counts: dict[str, Any] = field(default_factory=dict)
    totals: dict[str, dict[str, Any]] = field(default_factory=dict)
    problem_code: str = ""
    problem: str = ""
    is_given_up: bool = False


class _NotClean(Exception):
    """Undo what was stored: a person has to look at it first."""


class _MostlyBad(Exception):
    """So many lines are bad that it is the file. `first` of them, as they go to quarantine."""

    def __init__(self, lines_seen: int, bad: int, first: list[QuarantinedLine]) -> None:
        super().__init__()
        self.lines_seen, self.bad, self.first = lines_seen, bad, sorted(first, key=lambda one: one.line)[:MOST_TOLD]


@dataclass(frozen=True, slots=True)
class _Read:
    cursor: CursorWrapper
    layout: Layout
    loaded: Loaded
    control: dict[str, Any]


def read_only(statement: Statement) -> Outcome:
    """Counts, totals and the bad lines, which go to quarantine.

    Raises StatementUnreadable, or StatementBusy when another worker has taken the statement meanwhile.
    """
    try:
        return _looked_at(statement)
    except _MostlyBad as found:
        return _given_up(statement, found)


def _looked_at(statement: Statement) -> Outcome:
    with _read(statement) as read:
        staging = _with_checks(statement, read)
        rows, bad = _counted(statement, read, staging)
        totals, kinds = summing.of_lines(lines.sums(read.cursor, staging), read.control)
        bad += read.loaded.bad_rows
        with transaction.atomic():
            _hold(statement)
            _quarantine(statement, read, staging)
    untied = summing.untied(totals)
    return Outcome(
        bad=bad,
        counts={"lines": rows + read.loaded.bad_rows, "bad": bad, "kinds": kinds},
        totals=totals,
        problem_code=untied.code if untied else "",
        problem=untied.text if untied else "",
    )


def _counted(statement: Statement, read: _Read, staging: Staging) -> tuple[int, int]:
    """(rows, bad ones among them). Raises _MostlyBad, before anything is said of each."""
    cursor, loaded = read.cursor, read.loaded
    most = reading.MOST_BAD - loaded.bad_rows + 1
    faults = lines.count_faults(cursor, staging, most=most)
    if faults >= most:
        first = [checks.explained(statement, *row) for row in lines.first_faults(cursor, staging, most=MOST_TOLD)]
        first += [_no_row(statement, read.layout, *bad) for bad in loaded.bad[:MOST_TOLD]]
        raise _MostlyBad(loaded.rows + loaded.bad_rows, faults + loaded.bad_rows, first)
    if len(staging.faults) < len(staging.checks):
        return lines.count_bad(cursor, staging)
    return lines.count(cursor, staging), faults


def _given_up(statement: Statement, found: _MostlyBad) -> Outcome:
    """What was staged is undone by now; the first bad lines are told all the same."""
    with transaction.atomic():
        _hold(statement)
        statement.quarantined.all().delete()
        QuarantinedLine.objects.bulk_create(found.first)
    named = ", ".join(f"line {one.line} ({one.code})" for one in found.first[:3])
    why = StatementMostlyBad(bad=found.bad, first=named)
    counts = {"lines": found.lines_seen, "bad": found.bad, "kinds": {}}
    return Outcome(bad=found.bad, counts=counts, problem_code=why.code, problem=why.text, is_given_up=True)


def read_and_compare(statement: Statement, *, must_be_clean: bool, clock: Clock) -> Outcome:
    """Lines, classes, discrepancies and the run, in one transaction. `must_be_clean`: nothing of it, and no run, where
    there is a bad line or the totals do not tie; to find out is quicker than to find which. Else nothing of it where
    more lines are bad than a person has seen. Nor is there where all of its days are locked by now, or where it takes a
    second person.

    Raises StatementUnreadable, or StatementBusy when another worker has taken the statement meanwhile.
    """
    try:
        with _read(statement) as read, transaction.atomic():
            return _stored(statement, read, must_be_clean=must_be_clean, now=clock())
    except (_NotClean, _MostlyBad, PeriodLocked, StatementNeedsColleague):
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
    accepting.check_not_alone(
        statement, by=statement.uploaded_by if must_be_clean else statement.accepted_by, totals=totals
    )
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


def _hold(statement: Statement) -> None:
    """Until the transaction ends, nobody else takes the statement. Who has lost it writes nothing of what was read."""
    mine = Statement.objects.select_for_update(no_key=True).filter(pk=statement.pk, fence=statement.fence)
    if not mine.values_list("pk").first():
        raise StatementBusy


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
        stack.enter_context(ended_with_us())
        source = Source(
            file, statement.format, told["start"], told["end"], told["first_line"], layout.staged, told["delimiter"]
        )
        try:
            loaded = stack.enter_context(staged(TABLE, source))
        except TooManyBad as found:
            seen, bad = found.loaded.rows + found.loaded.bad_rows, found.loaded.bad[:MOST_TOLD]
            first = [_no_row(statement, layout, *one) for one in bad]
            raise _MostlyBad(seen, found.loaded.bad_rows, first) from None
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
    found = [_no_row(statement, read.layout, *bad) for bad in read.loaded.bad]
    rows = lines.bad_lines(read.cursor, staging, most=MOST_KEPT)
    found += [checks.explained(statement, line, check, row) for line, check, row in rows]
    found.sort(key=lambda one: one.line)
    QuarantinedLine.objects.bulk_create(found[:MOST_KEPT], batch_size=500)


def _no_row(statement: Statement, layout: Layout, line: int, code: str, text: str) -> QuarantinedLine:
    told = {"kind": len(layout.header), "value": text.count(statement.control["delimiter"]) + 1}
    message = MESSAGES[code].format(**told, column="", kinds="")
    return QuarantinedLine(statement=statement, line=line, code=code, message=message[:300], text=masked(text)[:500])
