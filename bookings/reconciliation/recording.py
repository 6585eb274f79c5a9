"""What a run found, against what is known of its statement: new, changed, the same, gone.

As many as a statement has lines may be otherwise at once: all of it is SQL over sets, and no row comes into Python.
"""

# Table names, columns and words in these statements are constants of ours.
# ruff: noqa: S608

from datetime import datetime
from typing import Any

from django.db import connection
from django.db.backends.utils import CursorWrapper

from bookings.reconciliation import ours, states
from bookings.reconciliation.dialect import Dialect, listed
from bookings.reconciliation.finding import COLUMNS, FOUND
from bookings.reconciliation.models import Discrepancy, DiscrepancyChange, Run, Statement
from bookings.reconciliation.states import STANDING, CaseState

What = DiscrepancyChange.What
ASIDE = "reconciliation_aside"
COMPARED = ("class", "tier", "ours", "theirs", "document_id", "booking_id", "ours_minor", "at_risk_minor")
VALUES = [name for name in COLUMNS.split(", ") if name != "subject"]
STANDS = f"state IN ({listed(sorted(STANDING))})"
SET_ASIDE = f"FROM reconciliation_discrepancy d JOIN {ASIDE} a ON a.id = d.id"


def record(cursor: CursorWrapper, statement: Statement, run: Run, sql: Dialect, *, now: datetime) -> None:
    """Counts into `run`, which the caller saves."""
    is_first = not Discrepancy.objects.filter(statement=statement).exists()
    if not is_first:
        run.gone = _gone(cursor, statement, run, sql, now=now)
        run.changed = _changed(cursor, statement, run, sql, now=now)
        run.same = _same(cursor, statement, run)
    run.new = _insert(cursor, statement, run, sql, now=now)
    if not is_first and run.new:
        new = "FROM reconciliation_discrepancy d WHERE d.statement_id = %s AND d.first_seen_id = %s"
        whose = [ours.key(statement.pk), ours.key(run.pk)]
        _tell(cursor, run, sql, f"'{What.NEW}'", "'{}'", _told("d", sql), new, whose, now=now)


def _told(table: str, sql: Dialect) -> str:
    """What changes hold of a side of them. Of a text SQLite does not know that it is JSON already."""
    both = {name: f"{table}.{name}" if sql.has_types else f"json({table}.{name})" for name in ("ours", "theirs")}
    return sql.json({"class": f"{table}.class", "tier": f"{table}.tier", **both})


def _tell(
    cursor: CursorWrapper,
    run: Run,
    sql: Dialect,
    what: str,
    before: str,
    after: str,
    rows: str,
    params: list[Any],
    *,
    now: datetime,
) -> None:
    """A change of each of `rows` (FROM … d …), its values given as expressions."""
    cursor.execute(
        f"INSERT INTO reconciliation_change (id, run_id, discrepancy_id, what, before, after) "
        f"SELECT {sql.new_ids}, %s, d.id, {what}, {before}, {after} {rows}",
        [_milliseconds(now), ours.key(run.pk), *params],
    )


def _note(cursor: CursorWrapper, after: CaseState, why: str, stands: str, sql: Dialect, *, now: datetime) -> None:
    """On those set aside that are about to take the step, by nobody."""
    cursor.execute(
        f"INSERT INTO reconciliation_note (id, discrepancy_id, author_id, before, after, text, at) "
        f"SELECT {sql.new_ids}, d.id, NULL, d.state, '{after}', {why}, %s {SET_ASIDE} WHERE d.{stands}",
        [_milliseconds(now), ours.moment(now)],
    )


def _milliseconds(now: datetime) -> int:
    return int(now.timestamp() * 1000)


def _set_aside(cursor: CursorWrapper, select: str, params: list[Any]) -> int:
    """The ids of some discrepancies `d` in ASIDE. What people do to them waits for the end of the run; what they have
    done until now the next statement sees.
    """
    cursor.execute(f"DROP TABLE IF EXISTS {ASIDE}")
    cursor.execute(f"CREATE TEMPORARY TABLE {ASIDE} AS {select}", params)
    if connection.vendor == "postgresql":
        cursor.execute(f"ANALYZE {ASIDE}")
        cursor.execute(
            f"SELECT count(*) FROM (SELECT id FROM reconciliation_discrepancy WHERE id IN (SELECT id FROM {ASIDE}) "
            "ORDER BY id FOR NO KEY UPDATE) AS locked"
        )
    cursor.execute(f"SELECT count(*) FROM {ASIDE}")
    return int(cursor.fetchone()[0])


def _gone(cursor: CursorWrapper, statement: Statement, run: Run, sql: Dialect, *, now: datetime) -> int:
    """What nobody finds any more needs nobody any more; what a person has ended stays as that person left it, and is
    told by the first run that does not find it.
    """
    number = _set_aside(
        cursor,
        f"SELECT d.id FROM reconciliation_discrepancy d WHERE d.statement_id = %s "
        f"AND (d.{STANDS} OR (d.state <> '{CaseState.GONE}' AND d.last_seen_id = %s)) "
        f"AND NOT EXISTS (SELECT 1 FROM {FOUND} f WHERE f.subject = d.subject)",
        [ours.key(statement.pk), ours.key(run.previous_id)],
    )
    if number:
        for state in STANDING:
            states.check(state, CaseState.GONE)
        _tell(cursor, run, sql, f"'{What.GONE}'", _told("d", sql), "'{}'", SET_ASIDE, [], now=now)
        _note(cursor, CaseState.GONE, f"'run {run.number} does not find it any more'", STANDS, sql, now=now)
        cursor.execute(
            f"UPDATE reconciliation_discrepancy SET state = '{CaseState.GONE}', updated_at = %s "
            f"WHERE {STANDS} AND id IN (SELECT id FROM {ASIDE})",
            [ours.moment(now)],
        )
    cursor.execute(f"DROP TABLE {ASIDE}")
    return number


def _changed(cursor: CursorWrapper, statement: Statement, run: Run, sql: Dialect, *, now: datetime) -> int:
    """Told anew, and opened anew if it was gone or if a person had ended something else."""
    differs = " OR ".join(f"f.{name} IS DISTINCT FROM d.{name}" for name in COMPARED)
    number = _set_aside(
        cursor,
        f"SELECT d.id FROM {FOUND} f "
        f"JOIN reconciliation_discrepancy d ON d.statement_id = %s AND d.subject = f.subject "
        f"WHERE (d.state = '{CaseState.GONE}' OR {differs})",
        [ours.key(statement.pk)],
    )
    if number:
        was_gone = f"d.state = '{CaseState.GONE}'"
        what = f"CASE WHEN {was_gone} THEN '{What.BACK}' ELSE '{What.CHANGED}' END"
        why = f"'run {run.number} finds it ' || CASE WHEN {was_gone} THEN 'again' ELSE 'otherwise' END"
        both = f"{SET_ASIDE} JOIN {FOUND} f ON f.subject = d.subject"
        _tell(cursor, run, sql, what, _told("d", sql), _told("f", sql), both, [], now=now)
        _note(cursor, CaseState.OPEN, why, f"state IN ({listed(_ended())})", sql, now=now)
        _rewrite(cursor, run, now=now)
    cursor.execute(f"DROP TABLE {ASIDE}")
    return number


def _ended() -> list[str]:
    """From these it is opened anew."""
    ended = sorted(set(CaseState) - STANDING)
    for state in ended:
        states.check(state, CaseState.OPEN)
    return [state.value for state in ended]


def _rewrite(cursor: CursorWrapper, run: Run, *, now: datetime) -> None:
    """Those set aside, as they are found now. Each stands from here on: how it was ended is not true of it any more."""
    values = ", ".join(f"{name} = f.{name}" for name in VALUES)
    cursor.execute(
        f"UPDATE reconciliation_discrepancy SET {values}, last_seen_id = %s, updated_at = %s, version = version + 1, "
        f"state = CASE WHEN {STANDS} THEN state ELSE '{CaseState.OPEN}' END, resolution = '' FROM {FOUND} f "
        f"WHERE f.subject = reconciliation_discrepancy.subject "
        f"AND reconciliation_discrepancy.id IN (SELECT id FROM {ASIDE})",
        [ours.key(run.pk), ours.moment(now)],
    )


def _same(cursor: CursorWrapper, statement: Statement, run: Run) -> int:
    cursor.execute(
        f"UPDATE reconciliation_discrepancy SET last_seen_id = %s WHERE statement_id = %s AND last_seen_id <> %s "
        f"AND subject IN (SELECT subject FROM {FOUND})",
        [ours.key(run.pk), ours.key(statement.pk), ours.key(run.pk)],
    )
    return int(cursor.rowcount)


def _insert(cursor: CursorWrapper, statement: Statement, run: Run, sql: Dialect, *, now: datetime) -> int:
    at, run_id = ours.moment(now), ours.key(run.pk)
    cursor.execute(
        f"""
        INSERT INTO reconciliation_discrepancy (id, statement_id, provider, partner_id, {COLUMNS}, state, resolution,
            first_seen_id, last_seen_id, version, created_at, updated_at)
        SELECT {sql.new_ids}, %s, %s, %s, {", ".join(f"f.{name}" for name in COLUMNS.split(", "))},
            '{CaseState.OPEN}', '', %s, %s, 0, %s, %s
        FROM {FOUND} f WHERE NOT EXISTS (
            SELECT 1 FROM reconciliation_discrepancy d WHERE d.statement_id = %s AND d.subject = f.subject)
        """,
        [
            _milliseconds(now),
            ours.key(statement.pk),
            statement.provider,
            ours.key(statement.partner_id),
            run_id,
            run_id,
            at,
            at,
            ours.key(statement.pk),
        ],
    )
    return int(cursor.rowcount)
