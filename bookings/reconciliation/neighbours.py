"""What other statements of the scope have to say about this one: not missing, or billed before.

A document has the day on which we learned of it, and an order that on which it was asked for. Where the airline's
answer comes after midnight, its own statement has it a day earlier; where its clock is behind ours, a day later.

Which statements speak for one another is told by their periods:

    the same, or one within the other   one corrects, or sums up, the other. Both tell of the same sales: neither
                                        bills twice what the other has, and what one leaves out it does leave out
    a part of both is shared            two statements, as if their days were apart: a document of the shared days
                                        belongs into one of them. In one of them, it is missing in neither; in both, it
                                        is billed twice, and the line of the statement that came later is the double
    they adjoin                         two statements, and midnight lies between them
    anything else                       two statements; what the later one bills late may be in the earlier one

A line about a document of another day than the statement's may be billed a second time. Such lines are few: they, and
not all, are looked for in the statements of the documents' own days, and in the one before this. No index is needed.

A statement that one person alone uploaded and accepted speaks for others only by its lines that agree: it comes to no
more than that person may end alone, and a line of 1.00 would else speak for a ticket of 5000.00.
"""

# Table names, columns and words in these statements are constants of ours.
# ruff: noqa: S608

from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from typing import Any

from django.db.backends.utils import CursorWrapper
from django.db.models import Q, QuerySet

from bookings.reconciliation import accepting, directly, ours
from bookings.reconciliation.dialect import Dialect, in_bulk, in_detail
from bookings.reconciliation.lines import IN_STATEMENT, LINES, span
from bookings.reconciliation.models import Statement
from bookings.reconciliation.states import MATCHED, Class, StatementState
from bookings.reconciliation.tiers import GAPS

A_DAY = timedelta(days=1)
ELSEWHERE, BILLED = "reconciliation_elsewhere", "reconciliation_billed"
IS_OWN = directly.is_own()


def forget(cursor: CursorWrapper, statement: Statement) -> None:
    """Out of GAPS, what is missing in this statement alone."""
    cursor.execute(f"SELECT 1 FROM {GAPS} WHERE n = 0 LIMIT 1")
    if not cursor.fetchone():
        return
    column = "booking_id" if ours.is_orders(statement) else "document_id"
    for beside in _adjoining(statement):
        agrees = f" AND outcome = '{MATCHED}'" if accepting.is_by_one_alone(beside) else ""
        cursor.execute(
            f"DELETE FROM {GAPS} WHERE n = 0 AND found IN (SELECT {column} FROM reconciliation_line "
            f"WHERE {IN_STATEMENT} AND {column} IS NOT NULL AND {directly.is_own('')}{agrees})",
            span(beside),
        )


def _adjoining(statement: Statement) -> QuerySet[Statement]:
    """Next to it, or sharing some of its days. Of the same days as another one, it has something to say by itself."""
    touching = Q(period_end__gte=statement.period_start - A_DAY, period_start__lte=statement.period_end + A_DAY)
    return Statement.objects.filter(
        touching, ~of_the_same_days(statement), scope=statement.scope, stream=statement.stream,
        state=StatementState.RECONCILED,
    )  # fmt: skip


def of_the_same_days(statement: Statement) -> Q:
    """Itself among them, and those that it lies within, or that lie within it."""
    around = Q(period_start__lte=statement.period_start, period_end__gte=statement.period_end)
    within = Q(period_start__gte=statement.period_start, period_end__lte=statement.period_end)
    return around | within


def billed_before(cursor: CursorWrapper, statement: Statement, sql: Dialect) -> None:
    """A line is a duplicate whose document has a line of its kind in an earlier statement, unless one corrects the
    other. Earlier is what arrived earlier: to compare one again never makes its lines the second ones. In bulk, as the
    caller is.
    """
    earlier = list(_earlier(statement))
    if ours.is_orders(statement) or not earlier:
        return
    for table in (ELSEWHERE, BILLED):
        cursor.execute(f"DROP TABLE IF EXISTS {table}")
        cursor.execute(
            f"CREATE TEMPORARY TABLE {table} (document_id {sql.uuid}, kind varchar(6), PRIMARY KEY (document_id, kind))"
        )
    _of_our_days(cursor, statement, earlier, sql)
    _of_other_days(cursor, statement, earlier, sql)
    cursor.execute(f"SELECT 1 FROM {BILLED} LIMIT 1")
    if cursor.fetchone():
        cursor.execute(
            f"UPDATE reconciliation_line AS l SET outcome = '{Class.DUPLICATE}', off_minor = NULL "
            f"WHERE l.id >= %s AND l.id < %s AND {IS_OWN} AND l.document_id IS NOT NULL AND EXISTS "
            f"(SELECT 1 FROM {BILLED} b WHERE b.document_id = l.document_id AND b.kind = l.kind)",
            span(statement),
        )
    for table in (ELSEWHERE, BILLED):
        cursor.execute(f"DROP TABLE {table}")


def _earlier(statement: Statement) -> QuerySet[Statement]:
    """The last days first. Without those of the same days: who sends the same days again corrects them."""
    return Statement.objects.filter(
        ~of_the_same_days(statement), scope=statement.scope, stream=statement.stream,
        state=StatementState.RECONCILED, number__lt=statement.number,
    ).order_by("-period_end", "-number")  # fmt: skip


def _of_our_days(cursor: CursorWrapper, statement: Statement, earlier: Iterable[Statement], sql: Dialect) -> None:
    """What a statement that shares days with this one, or adjoins it, has of documents of this one's days. With a day
    on either side of its own, as at midnight.
    """
    for one in earlier:
        first = max(statement.period_start, one.period_start - A_DAY)
        last = min(statement.period_end, one.period_end + A_DAY)
        if first <= last:
            of_days = _documents(sql)
            cursor.execute(
                f"INSERT INTO {BILLED} SELECT DISTINCT l.document_id, l.kind {LINES} AND {IS_OWN} AND {of_days} "
                "ON CONFLICT DO NOTHING",
                [*span(one), statement.provider, first, last],
            )


def _of_other_days(cursor: CursorWrapper, statement: Statement, earlier: Sequence[Statement], sql: Dialect) -> None:
    cursor.execute(
        f"INSERT INTO {ELSEWHERE} SELECT DISTINCT l.document_id, l.kind {LINES} AND {IS_OWN} "
        f"AND l.document_id IS NOT NULL AND NOT {_documents(sql)}",
        [*span(statement), statement.provider, statement.period_start, statement.period_end],
    )
    days = _days(cursor)
    before = next((one for one in earlier if one.period_end < statement.period_start), None)
    for one in earlier:
        if days and (one == before or any(one.period_start - A_DAY <= day <= one.period_end + A_DAY for day in days)):
            cursor.execute(
                f"INSERT INTO {BILLED} SELECT DISTINCT l.document_id, l.kind {LINES} AND EXISTS (SELECT 1 FROM "
                f"{ELSEWHERE} e WHERE e.document_id = l.document_id AND e.kind = l.kind) ON CONFLICT DO NOTHING",
                span(one),
            )


def _documents(sql: Dialect) -> str:
    """Whether the line's is one of the provider's, of days from one to another."""
    rows = "FROM booking_document d WHERE d.provider = %s AND d.issued_on BETWEEN %s AND %s"
    return sql.seen("l.document_id", "d.id", rows)


def _days(cursor: CursorWrapper) -> list[date]:
    """Of the documents that are elsewhere, which are looked up one by one."""
    in_detail(cursor)
    cursor.execute(f"SELECT DISTINCT d.issued_on FROM booking_document d JOIN {ELSEWHERE} e ON e.document_id = d.id")
    days = [_day(row[0]) for row in cursor.fetchall()]
    in_bulk(cursor)
    return days


def _day(value: Any) -> date:
    return date.fromisoformat(value) if isinstance(value, str) else value
