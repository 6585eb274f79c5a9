"""Our side of a comparison, as relations of SQL. Parameters come with each of them, in the order of their places.

Columns: document_id, booking_id, order_id, number, side, currency, amount (signed as a line's gross), tax, fee,
issued_on. `side` is the kind of the line that a document answers to.
"""

# Table names, columns and words in these statements are constants of ours.
# ruff: noqa: S608

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection

from bookings.reconciliation.models import Statement, Stream

SIDE = "CASE WHEN d.kind IN ('ticket', 'emd') THEN 'sale' ELSE d.kind END"
SIGNED = "CASE WHEN d.kind IN ('ticket', 'emd') THEN d.amount_minor ELSE -d.amount_minor END"


@dataclass(frozen=True, slots=True)
class Relation:
    sql: str
    params: list[Any]


def key(value: Any) -> Any:
    """A UUID as this database's columns hold it."""
    return value if connection.vendor == "postgresql" or value is None else value.hex


def documents(statement: Statement, *, where: str = "", params: tuple[Any, ...] = ()) -> Relation:
    """Of the provider; of a partner's statement that partner's only."""
    sql = (
        "SELECT d.id AS document_id, d.booking_id, d.order_id, d.number, "
        f"{SIDE} AS side, d.currency, {SIGNED} AS amount, d.tax_minor AS tax, d.fee_minor AS fee, d.issued_on "
        "FROM booking_document d WHERE d.provider = %s"
    )
    found: list[Any] = [statement.provider]
    if statement.partner_id:
        sql += " AND d.booking_id IN (SELECT id FROM booking WHERE partner_id = %s)"
        found.append(key(statement.partner_id))
    return Relation(f"{sql} {where}", [*found, *params])


def bookings(statement: Statement, *, where: str = "", params: tuple[Any, ...] = ()) -> Relation:
    """As documents of their own: what an order is worth as a whole."""
    sql = (
        "SELECT CAST(NULL AS uuid) AS document_id, b.id AS booking_id, b.order_id, '' AS number, 'sale' AS side, "
        "b.currency, b.total_minor AS amount, CAST(NULL AS bigint) AS tax, CAST(NULL AS bigint) AS fee, "
        "b.created_at AS issued_on, b.state "
        "FROM booking b WHERE b.provider = %s"
    )
    found: list[Any] = [statement.provider]
    if statement.partner_id:
        sql += " AND b.partner_id = %s"
        found.append(key(statement.partner_id))
    return Relation(f"{sql} {where}", [*found, *params])


def is_orders(statement: Statement) -> bool:
    return statement.stream == Stream.ORDERS


def moment(value: datetime) -> Any:
    """A time as this database's columns hold it."""
    return connection.ops.adapt_datetimefield_value(value)
