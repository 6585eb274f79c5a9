"""A run: every line of a statement held against our side, the discrepancies and the totals written down.

Everything happens in one transaction, and in the database. Whoever wants to do something about a run in the same
transaction (tell of it, say) stands in AFTER_A_RUN.
"""

from collections.abc import Callable
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection, transaction
from django.db.backends.utils import CursorWrapper
from django.db.models import Max

from bookings.reconciliation import finding, lines, neighbours, queries, recording, summing, tiers
from bookings.reconciliation.dialect import Dialect, dialect, ended_with_us, in_bulk, in_detail
from bookings.reconciliation.lock.queries import check_stays_unlocked
from bookings.reconciliation.models import Rules, Run, Statement

AFTER_A_RUN: list[Callable[[Run], None]] = []
WORK_MEMORY = "192MB"
"""Of the database server, for the hash tables of a million rows; only until the transaction ends."""


def compare_again(statement: Statement, *, now: datetime) -> Run | None:
    """Over the lines as they are stored, for the run that was ordered. None where another worker has finished it.

    Raises PeriodLocked, where a day of it was locked since somebody ordered the run.
    """
    sql, rules = dialect(), queries.rules_in_force()
    with transaction.atomic(), ended_with_us(), connection.cursor() as cursor:
        check_stays_unlocked(statement)
        ordered = statement.runs.select_for_update(no_key=True).filter(state=Run.State.RUNNING).first()
        if ordered is None:
            return None
        tune(cursor)
        lines.classify_again(cursor, statement, rules, sql)
        return finish(cursor, statement, rules, sql, by=ordered.started_by, now=now, ordered=ordered)[0]


def tune(cursor: CursorWrapper) -> None:
    """Compiling a statement costs more than it saves in one that runs for a second."""
    if connection.vendor == "postgresql":
        cursor.execute(f"SET LOCAL work_mem = '{WORK_MEMORY}'")
        cursor.execute("SET LOCAL jit = off")


def finish(
    cursor: CursorWrapper,
    statement: Statement,
    rules: Rules | None,
    sql: Dialect,
    *,
    by: UUID | None,
    now: datetime,
    ordered: Run | None = None,
) -> tuple[Run, list[tuple[Any, ...]]]:
    """After the first look: the later tiers, doubles, discrepancies, totals. With the sums of the lines. `ordered`: the
    run that somebody waits for.
    """
    tiers.resolve(cursor, statement, rules, sql)
    in_bulk(cursor)
    tiers.gaps(cursor, statement, sql)
    neighbours.forget(cursor, statement)
    neighbours.billed_before(cursor, statement, sql)
    in_detail(cursor)
    tiers.doubles(cursor, statement)
    run = ordered or begun(statement, rules, by=by, now=now)
    run.rules, run.as_of = rules, now
    finding.find(cursor, statement, sql)
    recording.record(cursor, statement, run, sql, now=now)
    stored = summing.of_stored(cursor, statement)
    run.counts, run.totals = summing.of_run(cursor, stored)
    for table in (finding.FOUND, finding.ODD, tiers.WHOLE, tiers.GAPS):
        cursor.execute(f"DROP TABLE {table}")
    run.state, run.finished_at = Run.State.DONE, now
    run.save()
    for hear in AFTER_A_RUN:
        hear(run)
    return run, stored


def begun(statement: Statement, rules: Rules | None, *, by: UUID | None, now: datetime) -> Run:
    previous = statement.runs.filter(state=Run.State.DONE).order_by("-number").first()
    highest = statement.runs.aggregate(highest=Max("number"))["highest"] or 0
    return Run.objects.create(
        statement=statement,
        number=highest + 1,
        previous=previous,
        rules=rules,
        as_of=now,
        started_by=by,
        started_at=now,
    )
