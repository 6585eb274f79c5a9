"""The first look, which settles nearly every line in one pass: does our side have the line's ticket, or its order?

Everything is said here about a line `t` and its counterpart `o`, whichever statement of SQL joins them.
"""

# Table names, columns and words in these statements are constants of ours.
# ruff: noqa: S608

from dataclasses import dataclass

from bookings.reconciliation import ours
from bookings.reconciliation.dialect import Dialect, listed
from bookings.reconciliation.models import Rules, Statement
from bookings.reconciliation.ours import Relation
from bookings.reconciliation.states import MATCHED, Class, Tier
from bookings.reconciliation.tolerating import is_strict, within

MEMOS = ("adm", "acm")
BESIDE = (*MEMOS, "fee")
"""Ours has no documents of these kinds: what a person links with one comes beside the document's own line."""
OVER_AT_THE_PROVIDER = ("cancelled", "lapsed")


@dataclass(frozen=True, slots=True)
class Look:
    """`ours` is joined by `on`; `outcome`, `tier` and `off` are expressions over both."""

    ours: Relation
    on: str
    outcome: str
    tier: str
    off: str


def look(statement: Statement, rules: Rules | None, sql: Dialect, *, only_once: bool = False) -> Look:
    """`only_once`: passing over numbers that two documents of one kind have; they are left to the later tiers."""
    off = off_by(rules)
    if ours.is_orders(statement):
        return Look(
            ours.bookings(statement, where="AND b.order_id <> ''" + (_alone("b", "order_id") if only_once else "")),
            "o.order_id = t.order_id",
            orders_outcome(rules),
            f"CASE WHEN o.booking_id IS NULL THEN '{Tier.NONE}' ELSE '{Tier.ORDER_ID}' END",
            off,
        )
    where = "AND d.number <> ''" + (_alone("d", "number") if only_once else "")
    return Look(
        ours.documents(statement, where=where),
        "o.number = t.ticket_number AND o.side = t.kind",
        documents_outcome(rules),
        _tier(sql),
        off,
    )


def _alone(row: str, column: str) -> str:
    table, same = ("booking", "") if row == "b" else ("booking_document", "AND x.kind = d.kind ")
    return (
        f" AND NOT EXISTS (SELECT 1 FROM {table} x WHERE x.{column} = {row}.{column} AND x.provider = {row}.provider "
        f"{same}AND x.id <> {row}.id)"
    )


def _tier(sql: Dialect) -> str:
    return (
        f"CASE WHEN o.document_id IS NULL THEN '{Tier.NONE}' "
        f"WHEN t.order_id = o.order_id THEN '{Tier.ORDER_ID}' "
        f"WHEN t.client_reference <> '' AND t.client_reference = {sql.uuid_text('o.booking_id')} "
        f"THEN '{Tier.CLIENT_REFERENCE}' ELSE '{Tier.TICKET_NUMBER}' END"
    )


def documents_outcome(rules: Rules | None) -> str:
    return (
        f"CASE WHEN t.kind IN ({listed(list(MEMOS))}) THEN t.kind "
        f"WHEN o.document_id IS NULL THEN CASE t.kind WHEN 'fee' THEN '{Class.FEE_MISMATCH}' "
        f"ELSE '{Class.MISSING_LOCALLY}' END {amounts(rules)} END"
    )


def linked_outcome(rules: Rules | None) -> str:
    """Of a line that a person has linked. To hold a fee or memo against, ours has nothing but that person's word."""
    return f"CASE WHEN t.kind IN ({listed(list(BESIDE))}) THEN '{MATCHED}' ELSE {documents_outcome(rules)} END"


def linked_off_by(rules: Rules | None) -> str:
    """The amount of ours counts with the document's own line: what is beside it is let pass as a whole."""
    return f"CASE WHEN t.kind IN ({listed(list(BESIDE))}) THEN nullif(-t.gross_minor, 0) ELSE {off_by(rules)} END"


def is_own(line: str = "l.") -> str:
    """Whether a line that has found something is that document's or order's own: no memo, and no fee by hand. Sales
    come first: nearly all of a million lines are answered by them.
    """
    fee = f"({line}kind = 'fee' AND {line}tier = '{Tier.BY_HAND}')"
    return f"({line}kind = 'sale' OR ({line}kind NOT IN ({listed(list(MEMOS))}) AND NOT {fee}))"


def amounts(rules: Rules | None) -> str:
    """The WHENs over two sides that are about the same thing. A tax or fee that a side does not tell is no mismatch."""
    return (
        f"WHEN t.currency <> o.currency THEN '{Class.CURRENCY_MISMATCH}' "
        f"WHEN abs(t.gross_minor - o.amount) > {within(rules, 'gross', 't.currency')} "
        f"THEN '{Class.AMOUNT_MISMATCH}' "
        f"WHEN abs(abs(t.tax_minor) - abs(o.tax)) > {within(rules, 'tax', 't.currency')} THEN '{Class.TAX_MISMATCH}' "
        f"WHEN abs(abs(t.fee_minor) - abs(o.fee)) > {within(rules, 'fee', 't.currency')} THEN '{Class.FEE_MISMATCH}' "
        f"ELSE '{MATCHED}'"
    )


def orders_outcome(rules: Rules | None) -> str:
    """A booking that an airline still works on (held, confirmed, …) against what the provider's list says."""
    over = listed(list(OVER_AT_THE_PROVIDER))
    return (
        f"CASE WHEN o.booking_id IS NULL THEN '{Class.MISSING_LOCALLY}' "
        f"WHEN o.state = 'lapsed' AND t.status NOT IN ({over}) THEN '{Class.LAPSED_HOLD}' "
        f"WHEN t.status = 'ticketed' AND o.state = 'confirmed' THEN '{Class.TICKET_MISSING}' "
        f"WHEN t.status = 'confirmed' AND o.state = 'ticketed' THEN '{Class.TICKET_MISSING}' "
        f"WHEN t.status = 'lapsed' AND o.state = 'held' THEN '{Class.LAPSED_HOLD}' "
        f"WHEN t.status <> o.state THEN '{Class.STATUS_MISMATCH}' "
        f"{amounts(rules)} END"
    )


def off_by(rules: Rules | None) -> str:
    """What ours is more where that is let pass; null where nothing is, which is nearly always."""
    if is_strict(rules):
        return "CAST(NULL AS bigint)"
    return (
        f"CASE WHEN t.currency = o.currency AND abs(t.gross_minor - o.amount) <= "
        f"{within(rules, 'gross', 't.currency')} THEN nullif(o.amount - t.gross_minor, 0) END"
    )
