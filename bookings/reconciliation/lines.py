"""The lines of a statement into their table, each with its class: one statement of SQL, written once."""

# Table names, columns and words in these statements are constants of ours.
# ruff: noqa: S608

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import IntegrityError, transaction
from django.db.backends.utils import CursorWrapper

from bookings.reconciliation import directly, ours
from bookings.reconciliation.checks import Check, any_bad, any_odd, first_bad
from bookings.reconciliation.dialect import Dialect, in_bulk, in_detail
from bookings.reconciliation.layout import AMOUNTS, COLUMNS, DATES, Layout
from bookings.reconciliation.models import LINE_BITS, Rules, Statement

TEXTS = ("kind", "order_id", "client_reference", "ticket_number", "record_locator", "status", "currency")
IN_STATEMENT = "id >= %s AND id < %s"
LINES = "FROM reconciliation_line l WHERE l.id >= %s AND l.id < %s"
"""The lines of a statement, by the range of their ids: see `span`."""
CLASSED = ("off_minor", "outcome", "tier", "document_id", "booking_id")


@dataclass(frozen=True, slots=True)
class Staging:
    """The temporary table, how it is read, and what makes a line of it a bad one."""

    table: str
    layout: Layout
    checks: Sequence[Check]
    sql: Dialect

    @property
    def faults(self) -> list[Check]:
        """What is wrong with the file, whichever days are locked."""
        return [one for one in self.checks if one.code != "period_locked"]

    @property
    def as_ours(self) -> str:
        """The staged lines by the names of our columns, all of them texts; without what is no line at all."""
        layout = self.layout
        kind = layout.text("kind")
        if layout.kinds:
            words = "".join(f" WHEN {quoted(word)} THEN '{ours}'" for word, ours in layout.kinds.items())
            kind = f"CASE {kind}{words} ELSE '' END"
        texts = [f"{kind} AS kind", *(f"{layout.text(name)} AS {name}" for name in COLUMNS[1:])]
        skipped = f" WHERE {layout.text('kind')} NOT IN ({', '.join(map(quoted, layout.skipped))})"
        return f"SELECT line, {', '.join(texts)} FROM {self.table}{skipped if layout.skipped else ''}"

    def _told(self, names: Sequence[str]) -> list[str]:
        """Those that the file has."""
        return [name for name in names if name in self.layout.texts]

    @property
    def judged(self) -> str:
        """With `plain`, which spares most lines the costly look at their amounts."""
        plain = self.sql.is_plain(self._told(AMOUNTS), "currency")
        return f"SELECT m.*, {plain} AS plain FROM ({self.as_ours}) AS m {self.sql.fence}"

    def good(self, *, quickly: bool = False) -> str:
        """Good lines, their amounts in minor units. `quickly`: with some bad ones among them (`summing.is_suspect`)."""
        sql = self.sql
        amounts, dates = self._told(AMOUNTS), self._told(DATES)
        minors = [
            f"CASE WHEN plain THEN {sql.plain_minor(name)} ELSE {sql.minor(name, 'currency')} END"
            if name in amounts
            else "CAST(NULL AS bigint)"
            for name in AMOUNTS
        ]
        days = [sql.date(name) if name in dates else "CAST(NULL AS date)" for name in DATES]
        values = [*(f"{day} AS {name}" for day, name in zip(days, DATES, strict=True))]
        values += [f"{minor} AS {name}_minor" for minor, name in zip(minors, AMOUNTS, strict=True)]
        columns = ", ".join(["line", *TEXTS, *values])
        bad = (any_odd if quickly else any_bad)(self.checks, sql)
        return f"SELECT {columns} FROM ({self.judged}) AS n WHERE NOT {bad} {sql.fence}"


def quoted(text: str) -> str:
    """A mapping's word, as a literal that no place-holder is seen in."""
    return "'" + text.replace("'", "''").replace("%", "%%") + "'"


def store(cursor: CursorWrapper, statement: Statement, staging: Staging, rules: Rules | None, *, quickly: bool) -> int:
    """Returns how many lines were stored. Two documents of one number would make two lines of one: the key refuses
    that, and such numbers are then left to the later tiers. `quickly`: raises DataError for some bad lines, and stores
    others, which `summing.is_suspect` tells afterwards.
    """
    in_bulk(cursor)
    try:
        with transaction.atomic():
            stored = _insert(cursor, statement, staging.good(quickly=quickly), staging.sql, rules, only_once=False)
    except IntegrityError:
        stored = _insert(cursor, statement, staging.good(quickly=quickly), staging.sql, rules, only_once=True)
    in_detail(cursor)
    return stored


def _insert(
    cursor: CursorWrapper, statement: Statement, good: str, sql: Dialect, rules: Rules | None, *, only_once: bool
) -> int:
    look = directly.look(statement, rules, sql, only_once=only_once)
    plain = [*TEXTS, *DATES, *(f"{name}_minor" for name in AMOUNTS)]
    classed = _classed(look, statement)
    statement_ = f"""
        INSERT INTO reconciliation_line (id, surname_digest, {", ".join([*plain, *CLASSED])})
        SELECT %s + t.line, '', {", ".join(f"t.{name}" for name in plain)}, {", ".join(classed)}
        FROM ({good}) AS t LEFT JOIN ({look.ours.sql}) AS o ON {look.on}
    """
    cursor.execute(statement_, [statement.first_line_id, *look.ours.params])
    return int(cursor.rowcount)


def _classed(look: directly.Look, statement: Statement) -> list[str]:
    """The values of CLASSED. A document's booking is the document's to tell."""
    booking = "o.booking_id" if ours.is_orders(statement) else "CAST(NULL AS uuid)"
    return [look.off, look.outcome, look.tier, "o.document_id", booking]


def classify_again(cursor: CursorWrapper, statement: Statement, rules: Rules | None, sql: Dialect) -> None:
    """The first look over stored lines, and written where it says otherwise."""
    in_bulk(cursor)
    try:
        with transaction.atomic():
            _reclassify(cursor, statement, rules, sql, only_once=False)
    except IntegrityError:
        _reclassify(cursor, statement, rules, sql, only_once=True)
    in_detail(cursor)


def _reclassify(
    cursor: CursorWrapper, statement: Statement, rules: Rules | None, sql: Dialect, *, only_once: bool
) -> None:
    look = directly.look(statement, rules, sql, only_once=only_once)
    said = _classed(look, statement)
    news = " OR ".join(f"n.{name} IS DISTINCT FROM l.{name}" for name in CLASSED)
    cursor.execute("DROP TABLE IF EXISTS reconciliation_looked")
    cursor.execute(
        "CREATE TEMPORARY TABLE reconciliation_looked (id bigint PRIMARY KEY, off_minor bigint, "
        f"outcome text, tier text, document_id {sql.uuid}, booking_id {sql.uuid})"
    )
    cursor.execute(
        f"""
        INSERT INTO reconciliation_looked (id, {", ".join(CLASSED)})
        SELECT t.id, {", ".join(said)}
        FROM (SELECT * FROM reconciliation_line WHERE {IN_STATEMENT}) AS t
        LEFT JOIN ({look.ours.sql}) AS o ON {look.on}
        """,
        [*span(statement), *look.ours.params],
    )
    cursor.execute(
        f"""
        UPDATE reconciliation_line AS l SET {", ".join(f"{name} = n.{name}" for name in CLASSED)}
        FROM reconciliation_looked AS n WHERE n.id = l.id AND ({news})
        """
    )
    cursor.execute("DROP TABLE reconciliation_looked")


def span(statement: Statement) -> list[int]:
    """The parameters of IN_STATEMENT."""
    return [statement.first_line_id, statement.first_line_id + (1 << LINE_BITS)]


def first_faults(cursor: CursorWrapper, staging: Staging, *, most: int) -> list[tuple[int, Check, dict[str, str]]]:
    """(line, what is wrong, its texts) of `most` lines with a fault, as they come: it looks no further."""
    cursor.execute(f"SELECT line, {first_bad(staging.faults)}, {', '.join(COLUMNS)} {_faulty(staging, most)}", [])
    return [(line, staging.faults[at], dict(zip(COLUMNS, row, strict=True))) for line, at, *row in cursor.fetchall()]


def count_faults(cursor: CursorWrapper, staging: Staging, *, most: int) -> int:
    """How many lines have a fault; it looks no further than `most` of them."""
    cursor.execute(f"SELECT count(*) FROM (SELECT 1 {_faulty(staging, most)}) AS f", [])
    return int(cursor.fetchone()[0])


def _faulty(staging: Staging, most: int) -> str:
    return f"FROM ({staging.judged}) AS n WHERE {any_bad(staging.faults, staging.sql)} LIMIT {most}"


def bad_lines(cursor: CursorWrapper, staging: Staging, *, most: int) -> Iterator[tuple[int, Check, dict[str, str]]]:
    """(line, what is wrong, its texts) of bad lines, in their order."""
    bad = any_bad(staging.checks, staging.sql)
    cursor.execute(
        f"SELECT line, {first_bad(staging.checks)}, {', '.join(COLUMNS)} FROM ({staging.judged}) AS n "
        f"WHERE {bad} ORDER BY line LIMIT {most}",
        [],
    )
    for line, place, *texts in cursor.fetchall():
        yield line, staging.checks[place], dict(zip(COLUMNS, texts, strict=True))


def count(cursor: CursorWrapper, staging: Staging) -> int:
    cursor.execute(f"SELECT count(*) FROM ({staging.as_ours}) AS m", [])
    return int(cursor.fetchone()[0])


def count_bad(cursor: CursorWrapper, staging: Staging) -> tuple[int, int]:
    """(lines, bad ones among them)."""
    bad = any_bad(staging.checks, staging.sql)
    cursor.execute(
        f"SELECT count(*), coalesce(sum(CASE WHEN {bad} THEN 1 ELSE 0 END), 0) FROM ({staging.judged}) AS n", []
    )
    lines, found = cursor.fetchone()
    return int(lines), int(found)


def sums(cursor: CursorWrapper, staging: Staging) -> list[tuple[Any, ...]]:
    """(currency, kind, lines, gross, tax, fee, net, what the balance moves by) of good lines, not yet stored."""
    cursor.execute(f"SELECT {SUMS} FROM ({staging.good()}) AS t GROUP BY currency, kind", [])
    return list(cursor.fetchall())


SUMS = (
    "currency, kind, count(*), sum(gross_minor), sum(coalesce(tax_minor, 0)), sum(coalesce(fee_minor, 0)), "
    "sum(coalesce(net_minor, 0)), sum(coalesce(net_minor, gross_minor))"
)
