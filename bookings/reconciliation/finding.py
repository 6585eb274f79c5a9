"""From classed lines, and from what of ours no line has, to discrepancies: all of a run in one temporary table."""

# Table names, columns and words in these statements are constants of ours.
# ruff: noqa: S608

from django.db import connection
from django.db.backends.utils import CursorWrapper

from bookings.reconciliation import ours
from bookings.reconciliation.dialect import Dialect, listed
from bookings.reconciliation.lines import IN_STATEMENT, span
from bookings.reconciliation.models import Statement
from bookings.reconciliation.states import EXPLANATIONS, MATCHED, Class, Tier
from bookings.reconciliation.tiers import BOTH_SIDES, GAPS, WHOLE

AT_THE_AIRLINE = ("held", "confirmed", "ticketed", "confirming", "cancelling")
NOT_AS_IT_STANDS = (Class.STATUS_MISMATCH, Class.LAPSED_HOLD, Class.TICKET_MISSING, Class.AMBIGUOUS)
"""Of an order: whether it is there, and whose, is in question: the whole of it may be lost though the prices agree."""
FOUND, ODD = "reconciliation_found", "reconciliation_odd"
COLUMNS = (
    "subject, class, tier, explanation, line_id, document_id, booking_id, ours, theirs, "
    "ours_minor, ours_currency, theirs_minor, theirs_currency, at_risk_minor, currency"
)


def find(cursor: CursorWrapper, statement: Statement, sql: Dialect) -> None:
    """Fill the table FOUND; the caller drops it."""
    cursor.execute(f"DROP TABLE IF EXISTS {FOUND}")
    cursor.execute(
        f"CREATE TEMPORARY TABLE {FOUND} (subject varchar(60) PRIMARY KEY, class varchar(24), tier varchar(20), "
        f"explanation varchar(200), line_id bigint, document_id {sql.uuid}, booking_id {sql.uuid}, "
        f"ours {sql.json_type}, theirs {sql.json_type}, ours_minor bigint, "
        f"ours_currency varchar(3), theirs_minor bigint, theirs_currency varchar(3), "
        "at_risk_minor bigint, currency varchar(3))"
    )
    _gather(cursor, statement)
    _odd_lines(cursor, statement, sql)
    if ours.is_orders(statement):
        _missing_bookings(cursor, statement, sql)
    else:
        _missing_documents(cursor, statement, sql)


def _gather(cursor: CursorWrapper, statement: Statement) -> None:
    """The few lines that matter from here on: those that do not agree."""
    cursor.execute(f"DROP TABLE IF EXISTS {ODD}")
    cursor.execute(
        f"CREATE TEMPORARY TABLE {ODD} AS SELECT * FROM reconciliation_line "
        f"WHERE {IN_STATEMENT} AND outcome <> '{MATCHED}'",
        span(statement),
    )
    if connection.vendor == "postgresql":
        cursor.execute(f"ANALYZE {ODD}")


def _odd_lines(cursor: CursorWrapper, statement: Statement, sql: Dialect) -> None:
    orders = ours.is_orders(statement)
    counterpart = (
        ours.bookings(statement, where=f"AND b.id IN (SELECT booking_id FROM {ODD})")
        if orders
        else ours.documents(statement, where=f"AND d.id IN (SELECT document_id FROM {ODD})")
    )
    on = "o.booking_id = l.booking_id" if orders else "o.document_id = l.document_id"
    both = f"l.outcome IN ({listed([one.value for one in BOTH_SIDES])})"
    amount = f"CASE WHEN {both} THEN coalesce(o.amount, CASE WHEN g.first = l.id THEN g.unmatched END, 0) ELSE 0 END"
    currency = f"CASE WHEN {both} THEN coalesce(o.currency, g.currency, '') ELSE '' END"
    state = "o.state" if orders else "b.state"
    cursor.execute(
        f"""
        INSERT INTO {FOUND} ({COLUMNS})
        SELECT 'line ' || (l.id - %s), l.outcome, l.tier, {_explained()}, l.id, l.document_id,
            coalesce(l.booking_id, o.booking_id),
            {_our_side(sql, state=state, issued="NULL" if orders else "o.issued_on")},
            {_their_side(sql)},
            {amount}, {currency}, l.gross_minor, l.currency, {_at_risk(amount, both, orders=orders)}, l.currency
        FROM {ODD} AS l
        LEFT JOIN ({counterpart.sql}) AS o ON {on}
        LEFT JOIN booking b ON b.id = coalesce(l.booking_id, o.booking_id)
        LEFT JOIN {WHOLE} AS g ON l.document_id IS NULL AND l.ticket_number = '' AND g.booking_id = l.booking_id
            AND g.kind = l.kind
        """,
        [statement.first_line_id, *counterpart.params],
    )


def _at_risk(amount: str, both: str, *, orders: bool) -> str:
    """In the line's currency; of ours in another one, which cannot be held against it, nothing counts."""
    together = f"{both} AND g.currency = l.currency"
    whole = (
        f"WHEN l.outcome IN ({listed([one.value for one in NOT_AS_IT_STANDS])}) THEN CASE "
        "WHEN o.currency = l.currency AND abs(o.amount) > abs(l.gross_minor) THEN abs(o.amount) "
        "ELSE abs(l.gross_minor) END "
    )
    return f"""
        CASE {whole if orders else ""}
            WHEN l.outcome = 'tax_mismatch' THEN abs(abs(l.tax_minor) - abs(coalesce(o.tax, g.tax)))
            WHEN l.outcome = 'fee_mismatch'
                THEN abs(coalesce(abs(l.fee_minor) - abs(coalesce(o.fee, g.fee)), l.gross_minor))
            WHEN l.outcome = 'currency_mismatch' THEN abs(l.gross_minor)
            WHEN {together} THEN CASE WHEN g.first = l.id THEN abs(g.unmatched - g.theirs) ELSE 0 END
            WHEN g.currency IS NULL THEN abs({amount} - l.gross_minor) ELSE abs(l.gross_minor) END"""


def _explained() -> str:
    """In words, why the two are held against each other."""
    return (
        "CASE l.tier"
        + "".join(f" WHEN '{tier}' THEN '{text.replace(chr(39), chr(39) * 2)}'" for tier, text in EXPLANATIONS.items())
        + " END"
    )


def _our_side(sql: Dialect, *, state: str, issued: str) -> str:
    return sql.json(
        {
            "amount_minor": "coalesce(o.amount, g.amount)",
            "tax_minor": "coalesce(o.tax, g.tax)",
            "fee_minor": "coalesce(o.fee, g.fee)",
            "currency": "coalesce(o.currency, g.currency)",
            "ticket_number": "nullif(o.number, '')",
            "order_id": "nullif(coalesce(o.order_id, b.order_id), '')",
            "issued_on": issued,
            "booking_state": state,
        }
    )


def _their_side(sql: Dialect) -> str:
    texts = ("order_id", "client_reference", "ticket_number", "record_locator", "status")
    return sql.json(
        {
            "kind": "l.kind",
            "amount_minor": "l.gross_minor",
            "tax_minor": "l.tax_minor",
            "fee_minor": "l.fee_minor",
            "currency": "l.currency",
            **{name: f"nullif(l.{name}, '')" for name in texts},
            "issued_on": "l.issued_on",
        }
    )


def _missing_documents(cursor: CursorWrapper, statement: Statement, sql: Dialect) -> None:
    """Of the period, in no line of their own, and in none that stands for their booking. What was sold and voided
    before the provider told of it is in order: it tells of neither. A void whose sale it does tell of is not reflected.
    """
    documents = ours.documents(statement, where=f"AND d.id IN (SELECT found FROM {GAPS} WHERE n = 0)")
    twin = "FROM booking_document x WHERE x.booking_id = o.booking_id AND x.number = o.number"
    untold = f"x.id IN (SELECT found FROM {GAPS} WHERE n = 0)"
    cursor.execute(
        f"""
        INSERT INTO {FOUND} ({COLUMNS})
        SELECT 'document ' || {sql.uuid_text("o.document_id")},
            CASE o.side WHEN 'sale' THEN '{Class.MISSING_AT_PROVIDER}' WHEN 'refund' THEN '{Class.REFUND_NOT_REFLECTED}'
                ELSE '{Class.VOID_NOT_REFLECTED}' END,
            '{Tier.NONE}', 'no line of the statement is about it', NULL, o.document_id, o.booking_id,
            {sql.json(_document_side())}, {sql.json({})}, o.amount, o.currency, 0, '', abs(o.amount), o.currency
        FROM ({documents.sql}) AS o JOIN booking b ON b.id = o.booking_id
        WHERE NOT EXISTS (SELECT 1 FROM {WHOLE} w WHERE w.booking_id = o.booking_id AND w.kind = o.side)
            AND NOT (o.side = 'sale' AND EXISTS (SELECT 1 {twin} AND x.kind = 'void'))
            AND NOT (o.side = 'void' AND EXISTS (SELECT 1 {twin} AND x.kind IN ('ticket', 'emd') AND {untold}))
        """,
        documents.params,
    )


def _document_side() -> dict[str, str]:
    return {
        "kind": "o.side",
        "amount_minor": "o.amount",
        "tax_minor": "o.tax",
        "fee_minor": "o.fee",
        "currency": "o.currency",
        "ticket_number": "nullif(o.number, '')",
        "order_id": "nullif(o.order_id, '')",
        "issued_on": "o.issued_on",
        "booking_state": "b.state",
    }


def _missing_bookings(cursor: CursorWrapper, statement: Statement, sql: Dialect) -> None:
    """Made in the period, with an order that is not over, and not in the provider's list."""
    bookings = ours.bookings(
        statement,
        where=f"AND b.order_id <> '' AND b.state IN ({listed(list(AT_THE_AIRLINE))}) "
        f"AND b.id IN (SELECT found FROM {GAPS} WHERE n = 0)",
    )
    side = {
        "amount_minor": "o.amount",
        "currency": "o.currency",
        "order_id": "o.order_id",
        "booking_state": "o.state",
    }
    cursor.execute(
        f"""
        INSERT INTO {FOUND} ({COLUMNS})
        SELECT 'booking ' || {sql.uuid_text("o.booking_id")}, '{Class.MISSING_AT_PROVIDER}', '{Tier.NONE}',
            'no order of the provider is about it', NULL, NULL, o.booking_id, {sql.json(side)}, {sql.json({})},
            o.amount, o.currency, 0, '', abs(o.amount), o.currency
        FROM ({bookings.sql}) AS o
        """,
        bookings.params,
    )
