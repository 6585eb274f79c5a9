"""What the first look did not find: by a person's link, order id, client reference, ticket, record locator and surname.

These are few, as a rule, so each step is a statement of its own over a temporary table of them. A line that names no
ticket stands for all of its booking's documents of its kind that no other line has: their sum is held against it, and
where there are several such lines, against theirs.
"""

# Table names, columns and words in these statements are constants of ours.
# ruff: noqa: S608

from typing import Any

from django.db import connection
from django.db.backends.utils import CursorWrapper

from bookings.reconciliation import directly, ours, queries
from bookings.reconciliation.dialect import Dialect, in_order, listed
from bookings.reconciliation.lines import IN_STATEMENT, LINES, span
from bookings.reconciliation.models import Rules, Statement
from bookings.reconciliation.states import MATCHED, Class, Tier
from bookings.reconciliation.surnames import by_record_locator

COLUMNS = (
    "id, kind, order_id, client_reference, ticket_number, record_locator, surname_digest, issued_on, departure_on, "
    "currency, gross_minor, tax_minor, fee_minor"
)
SOLD_STATES = ("confirmed", "ticketed", "cancelling", "confirming", "pending", "unknown", "submitting", "manual_review")
BOTH_SIDES = (
    Class.AMOUNT_MISMATCH,
    Class.TAX_MISMATCH,
    Class.FEE_MISMATCH,
    Class.CURRENCY_MISMATCH,
    Class.STATUS_MISMATCH,
    Class.TICKET_MISSING,
    Class.LAPSED_HOLD,
    Class.AMBIGUOUS,
)
"""Classes whose amounts of ours count: the line has found them, and nobody else has."""
GAPS, WHOLE = "reconciliation_gap", "reconciliation_whole"
TABLES = ("reconciliation_left", "reconciliation_held", "reconciliation_owed", "reconciliation_settled")


def resolve(cursor: CursorWrapper, statement: Statement, rules: Rules | None, sql: Dialect) -> None:
    """Everything in one transaction, which the caller has opened. Into WHOLE, which the caller drops: what lines stand
    for as a whole. Of the documents their `amount` (and tax, fee), and how much of it is `unmatched`; that counts once,
    on the `first` of the lines that do not agree, and against what they say together: `theirs`.
    """
    drop(cursor)
    cursor.execute(f"DROP TABLE IF EXISTS {WHOLE}")
    cursor.execute(
        f"CREATE TEMPORARY TABLE {WHOLE} (booking_id {sql.uuid}, kind varchar(6), first bigint, amount bigint, "
        "tax bigint, fee bigint, currency varchar(3), unmatched bigint, theirs bigint)"
    )
    _by_hand(cursor, statement, rules)
    cursor.execute(
        f"CREATE TEMPORARY TABLE reconciliation_left AS SELECT {COLUMNS} FROM reconciliation_line "
        f"WHERE {IN_STATEMENT} AND outcome <> '{MATCHED}' AND tier = '{Tier.NONE}'",
        span(statement),
    )
    cursor.execute("SELECT 1 FROM reconciliation_left LIMIT 1")
    if cursor.fetchone():
        _hold(cursor, statement, sql)
        if ours.is_orders(statement):
            _settle_orders(cursor, statement, rules)
        else:
            _owe(cursor, statement, sql)
            _settle(cursor, rules)
            _keep_whole(cursor)
        _write(cursor)
    drop(cursor)


def drop(cursor: CursorWrapper) -> None:
    for table in TABLES:
        cursor.execute(f"DROP TABLE IF EXISTS {table}")


def _by_hand(cursor: CursorWrapper, statement: Statement, rules: Rules | None) -> None:
    """A person's word comes before every key. Whether the amounts of a document's own line agree is still for the rules
    to say.
    """
    documents = ours.documents(statement)
    cursor.execute(
        "SELECT 1 FROM reconciliation_hand_link WHERE line_id >= %s AND line_id < %s LIMIT 1", span(statement)
    )
    if not cursor.fetchone():
        return
    cursor.execute(
        f"""
        UPDATE reconciliation_line AS l SET outcome = s.outcome, tier = '{Tier.BY_HAND}', document_id = s.document_id,
            booking_id = s.booking_id, off_minor = s.off_minor
        FROM (
            SELECT t.id, o.document_id, o.booking_id, {directly.linked_outcome(rules)} AS outcome,
                {directly.linked_off_by(rules)} AS off_minor
            FROM reconciliation_line AS t JOIN reconciliation_hand_link AS h ON h.line_id = t.id
            JOIN ({documents.sql}) AS o ON o.document_id = h.document_id
            WHERE t.id >= %s AND t.id < %s
        ) AS s WHERE s.id = l.id
        """,
        [*documents.params, *span(statement)],
    )


def _hold(cursor: CursorWrapper, statement: Statement, sql: Dialect) -> None:
    """Which booking of ours a line is about, by the strongest of its keys; `n` of them make it ambiguous."""
    cursor.execute(
        "CREATE TEMPORARY TABLE reconciliation_held "
        f"(id bigint PRIMARY KEY, booking_id {sql.uuid}, tier text, n integer)"
    )
    scope, params = "b.provider = %s", [statement.provider]
    if statement.partner_id:
        scope, params = f"{scope} AND b.partner_id = %s", [*params, ours.key(statement.partner_id)]
    keys = {
        Tier.ORDER_ID: "JOIN booking b ON b.order_id = l.order_id AND l.order_id <> ''",
        Tier.CLIENT_REFERENCE: f"JOIN booking b ON b.id = {sql.as_uuid('l.client_reference')}",
        Tier.TICKET_NUMBER: "JOIN booking_document d ON d.number = l.ticket_number AND l.ticket_number <> '' "
        "JOIN booking b ON b.id = d.booking_id AND b.provider = d.provider",
    }
    for tier, join in keys.items():
        cursor.execute(
            f"""
            INSERT INTO reconciliation_held (id, booking_id, tier, n)
            SELECT l.id, {sql.first("b.id")}, '{tier}', count(DISTINCT b.id) FROM reconciliation_left l {join}
            WHERE {scope} AND NOT EXISTS (SELECT 1 FROM reconciliation_held h WHERE h.id = l.id) GROUP BY l.id
            """,
            params,
        )
    by_record_locator(cursor, statement)


def _owe(cursor: CursorWrapper, statement: Statement, sql: Dialect) -> None:
    """Of the bookings so found: their documents by kind, as far as no line has them."""
    documents = ours.documents(
        statement,
        where="AND d.booking_id IN (SELECT h.booking_id FROM reconciliation_held h "
        "JOIN reconciliation_left l ON l.id = h.id WHERE l.ticket_number = '') "
        f"AND NOT {sql.seen('d.id', 'l.document_id', f'{LINES} AND {directly.is_own()}')}",
        params=tuple(span(statement)),
    )
    cursor.execute(
        f"""
        CREATE TEMPORARY TABLE reconciliation_owed AS
        SELECT booking_id, side, count(*) AS n, sum(amount) AS amount, sum(tax) AS tax, sum(fee) AS fee,
            min(currency) AS currency, {sql.first("document_id")} AS document_id
        FROM ({documents.sql}) AS o GROUP BY booking_id, side HAVING min(currency) = max(currency)
        """,
        documents.params,
    )


def _settle(cursor: CursorWrapper, rules: Rules | None) -> None:
    """The lines' classes. `times` lines of a kind stand for a booking's documents, `together` is their sum."""
    cursor.execute(
        f"""
        CREATE TEMPORARY TABLE reconciliation_settled AS
        SELECT t.id, h.tier, h.booking_id,
            CASE WHEN t.times = 1 AND o.n = 1 THEN o.document_id END AS document_id,
            CASE WHEN h.n = 1 AND t.times = 1 THEN {directly.off_by(rules)} END AS off_minor,
            CASE WHEN t.kind IN ({listed(list(directly.MEMOS))}) THEN t.kind
                WHEN h.n > 1 THEN '{Class.AMBIGUOUS}'
                WHEN t.kind = 'fee' AND o.booking_id IS NULL THEN '{Class.FEE_MISMATCH}'
                WHEN t.kind = 'refund' AND o.booking_id IS NULL THEN '{Class.REFUND_NOT_REFLECTED}'
                WHEN t.kind = 'void' AND o.booking_id IS NULL THEN '{Class.VOID_NOT_REFLECTED}'
                WHEN o.booking_id IS NULL AND b.state = 'lapsed' THEN '{Class.LAPSED_HOLD}'
                WHEN o.booking_id IS NULL AND t.ticket_number = '' AND EXISTS (SELECT 1 FROM booking_document d WHERE
                    d.booking_id = h.booking_id AND d.kind IN ('ticket', 'emd')) THEN '{Class.DUPLICATE}'
                WHEN o.booking_id IS NULL AND b.state IN ({listed(list(SOLD_STATES))}) THEN '{Class.TICKET_MISSING}'
                WHEN o.booking_id IS NULL THEN '{Class.STATUS_MISMATCH}'
                WHEN t.times > 1 AND t.currency = o.currency AND t.together = o.amount THEN '{MATCHED}'
                WHEN t.times > 1 AND t.currency = o.currency AND t.gross_minor = o.amount AND t.place > 1
                    THEN '{Class.DUPLICATE}'
                WHEN t.times > 1 AND (t.currency <> o.currency OR t.gross_minor <> o.amount) THEN '{Class.AMBIGUOUS}'
                {directly.amounts(rules)} END AS outcome
        FROM (
            SELECT l.*, h.booking_id, count(*) OVER same AS times, sum(gross_minor) OVER same AS together,
                row_number() OVER (PARTITION BY h.booking_id, kind, ticket_number ORDER BY l.id) AS place
            FROM reconciliation_left l JOIN reconciliation_held h ON h.id = l.id
            WINDOW same AS (PARTITION BY h.booking_id, kind, ticket_number)
        ) AS t JOIN reconciliation_held h ON h.id = t.id JOIN booking b ON b.id = h.booking_id
        LEFT JOIN reconciliation_owed o ON o.booking_id = h.booking_id AND o.side = t.kind AND t.ticket_number = ''
        """
    )


def _settle_orders(cursor: CursorWrapper, statement: Statement, rules: Rules | None) -> None:
    bookings = ours.bookings(statement, where="AND b.id IN (SELECT booking_id FROM reconciliation_held)")
    cursor.execute(
        f"""
        CREATE TEMPORARY TABLE reconciliation_settled AS
        SELECT t.id, h.tier, h.booking_id, o.document_id, {directly.off_by(rules)} AS off_minor,
            CASE WHEN h.n > 1 THEN '{Class.AMBIGUOUS}' ELSE {directly.orders_outcome(rules)} END AS outcome
        FROM reconciliation_line t JOIN reconciliation_held h ON h.id = t.id
        JOIN ({bookings.sql}) AS o ON o.booking_id = h.booking_id
        """,
        bookings.params,
    )


def _write(cursor: CursorWrapper) -> None:
    cursor.execute(
        """
        UPDATE reconciliation_line AS l SET outcome = s.outcome, tier = s.tier, document_id = s.document_id,
            booking_id = s.booking_id, off_minor = s.off_minor
        FROM reconciliation_settled AS s WHERE s.id = l.id
        """
    )


def _keep_whole(cursor: CursorWrapper) -> None:
    """Sums are of one currency: a line of another one cannot be taken off ours."""
    odd = f"s.outcome IN ({listed([one.value for one in BOTH_SIDES])})"
    same = "l.currency = o.currency"
    cursor.execute(
        f"""
        INSERT INTO {WHOLE} (booking_id, kind, amount, tax, fee, currency, first, unmatched, theirs)
        SELECT o.booking_id, o.side, o.amount, o.tax, o.fee, o.currency,
            coalesce(min(CASE WHEN {odd} AND {same} THEN l.id END), min(CASE WHEN {odd} THEN l.id END)),
            o.amount - sum(CASE WHEN s.outcome = '{MATCHED}' THEN l.gross_minor ELSE 0 END),
            sum(CASE WHEN {odd} AND {same} THEN l.gross_minor ELSE 0 END)
        FROM reconciliation_settled s JOIN reconciliation_left l ON l.id = s.id
        JOIN reconciliation_owed o ON o.booking_id = s.booking_id AND o.side = l.kind
        WHERE s.document_id IS NULL AND l.ticket_number = ''
        GROUP BY o.booking_id, o.side, o.amount, o.tax, o.fee, o.currency
        """
    )


def gaps(cursor: CursorWrapper, statement: Statement, sql: Dialect) -> None:
    """Into GAPS: what two lines have found (`n`, the `first` and the `last` of them), and documents of the period that
    none has (`n` is 0). A memo about a document, or a fee that is linked with it, is not the document's line.
    """
    orders = ours.is_orders(statement)
    column = "booking_id" if orders else "document_id"
    where, days = _of_period(statement, sql)
    side = (ours.bookings if orders else ours.documents)(statement, where=where, params=days)
    lines = f"{LINES} AND {directly.is_own()}"
    cursor.execute(f"DROP TABLE IF EXISTS {GAPS}")
    cursor.execute(f"CREATE TEMPORARY TABLE {GAPS} (found {sql.uuid}, first bigint, last bigint, n integer)")
    in_order(cursor, on=True)
    cursor.execute(
        f"INSERT INTO {GAPS} SELECT l.{column}, min(l.id), max(l.id), count(*) {lines} AND l.{column} IS NOT NULL "
        f"GROUP BY l.{column} HAVING count(*) > 1",
        span(statement),
    )
    in_order(cursor, on=False)
    cursor.execute(
        f"INSERT INTO {GAPS} (found, n) SELECT o.{column}, 0 FROM ({side.sql}) AS o "
        f"WHERE NOT {sql.seen(f'o.{column}', f'l.{column}', lines)}",
        [*side.params, *span(statement)],
    )
    if connection.vendor == "postgresql":
        cursor.execute(f"ANALYZE {GAPS}")


def _of_period(statement: Statement, sql: Dialect) -> tuple[str, tuple[Any, ...]]:
    """With its parameters. Lines of locked days were held back: what they would be about is not missing."""
    orders = ours.is_orders(statement)
    day = sql.day("b.created_at") if orders else "d.issued_on"
    locked = queries.locks(statement.provider, statement.partner_id)
    placed = "AND b.order_id <> '' " if orders else ""
    where = f"{placed}AND {day} BETWEEN %s AND %s" + f" AND {day} NOT BETWEEN %s AND %s" * len(locked)
    days = [statement.period_start, statement.period_end]
    for lock in locked:
        days += [lock.starts_on, lock.ends_on]
    return where, tuple(days)


def doubles(cursor: CursorWrapper, statement: Statement) -> None:
    """Of lines that found the same document the first keeps it; the others are there twice. So with orders. Where
    they are two, as nearly always, the other one is known by its id.
    """
    column = "booking_id" if ours.is_orders(statement) else "document_id"
    twice = f"UPDATE reconciliation_line AS l SET outcome = '{Class.DUPLICATE}', off_minor = NULL FROM {GAPS} AS g"
    cursor.execute(f"{twice} WHERE g.n = 2 AND l.id = g.last")
    cursor.execute(f"SELECT 1 FROM {GAPS} WHERE n > 2 LIMIT 1")
    if cursor.fetchone():
        cursor.execute(
            f"""
            {twice} WHERE g.n > 2 AND l.id >= %s AND l.id < %s AND l.{column} = g.found AND l.id <> g.first
                AND {directly.is_own()}
            """,
            span(statement),
        )
