"""Values come out of either database as the same text."""

from decimal import Decimal

import pytest
from django.db import connection

from bookings.export import columns
from bookings.export.columns import Column, Type


def _shown(column: Column, source: str, *values: int | str) -> str | None:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {columns.as_text(column, vendor=connection.vendor)} FROM ({source}) AS r", [*values])
        (shown,) = cursor.fetchone()
    return None if shown is None else str(shown)


@pytest.mark.parametrize(
    ("minor", "currency", "amount"),
    [
        (41230, "EUR", "412.30"),
        (5, "USD", "0.05"),
        (-5, "EUR", "-0.05"),
        (-41230, "EUR", "-412.30"),
        (0, "EUR", "0.00"),
        (41230, "JPY", "41230"),
        (-7, "JPY", "-7"),
        (41230, "BHD", "41.230"),
        (-1, "KWD", "-0.001"),
        (12345, "CLF", "1.2345"),
        (10**15, "EUR", "10000000000000.00"),
    ],
)
def test_money_has_the_decimals_of_its_currency(db: None, minor: int, currency: str, amount: str) -> None:
    column = Column("total", Type.MONEY, "r.minor", currency="r.currency")
    cast = "::bigint" if connection.vendor == "postgresql" else ""
    text = "::text" if connection.vendor == "postgresql" else ""
    shown = _shown(column, f"SELECT %s{cast} AS minor, %s{text} AS currency", minor, currency)
    assert shown == amount
    assert Decimal(shown) == Decimal(amount)


def test_no_money_is_no_amount(db: None) -> None:
    column = Column("total", Type.MONEY, "r.minor", currency="r.currency")
    cast = "::bigint" if connection.vendor == "postgresql" else ""
    assert _shown(column, f"SELECT NULL{cast} AS minor, 'EUR' AS currency") is None
