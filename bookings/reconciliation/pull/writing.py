"""What a provider answered to a pull, as a statement in our CSV: from then on it is one like any other."""

import csv
from collections.abc import Iterable
from datetime import date
from io import BytesIO, StringIO
from typing import Any

from bookings.providers.types import OrderStatus, ProviderOrder, StatementKind, StatementLine
from bookings.reconciliation.layout import COLUMNS
from bookings.reconciliation.models import LineKind, Stream
from movmo.kit.money import Money

KINDS = {
    StatementKind.SALE: LineKind.SALE,
    StatementKind.REFUND: LineKind.REFUND,
    StatementKind.VOID: LineKind.VOID,
    StatementKind.DEBIT_MEMO: LineKind.ADM,
}
TO_US = (StatementKind.REFUND, StatementKind.VOID)
UNSOLD = (OrderStatus.PENDING, OrderStatus.FAILED)
"""Of orders that are not decided, or came to nothing, there is nothing to compare."""


def settlement(lines: Iterable[StatementLine], day: date) -> BytesIO:
    """In the order of their ids, so that the same day is the same file."""
    rows = [_of_line(line) for line in sorted(lines, key=lambda line: (line.line_id, line.amount.currency))]
    return _file(rows, day, Stream.SETTLEMENT)


def orders(placed: Iterable[ProviderOrder], day: date) -> BytesIO:
    told = (order for order in placed if order.status not in UNSOLD)
    return _file(
        [_of_order(order, day) for order in sorted(told, key=lambda order: order.order_id)], day, Stream.ORDERS
    )


def _of_line(line: StatementLine) -> dict[str, Any]:
    amount = line.amount
    return {
        "kind": KINDS[line.kind].value,
        "order_id": line.order_id,
        "client_reference": line.client_reference,
        "ticket_number": line.document_number,
        "record_locator": line.record_locator,
        "surname": line.surname,
        "issued_on": line.day.isoformat(),
        "departure_on": line.departure_on.isoformat() if line.departure_on else "",
        "currency": amount.currency,
        "gross": Money(-amount.minor if line.kind in TO_US else amount.minor, amount.currency).amount,
    }


def _of_order(order: ProviderOrder, day: date) -> dict[str, Any]:
    is_ticketed = order.status is OrderStatus.CONFIRMED and bool(order.documents)
    return {
        "kind": LineKind.SALE.value,
        "order_id": order.order_id,
        "client_reference": order.client_reference,
        "record_locator": order.record_locators[0] if order.record_locators else "",
        "issued_on": day.isoformat(),
        "currency": order.total.currency,
        "gross": order.total.amount,
        "status": "ticketed" if is_ticketed else order.status.value,
    }


def _file(rows: list[dict[str, Any]], day: date, stream: Stream) -> BytesIO:
    """The first line tells the file of one day from that of another on which nothing happened either."""
    text = StringIO()
    text.write(f"# period {day} {day} {stream}\n")
    lines = csv.DictWriter(text, COLUMNS, restval="", lineterminator="\n")
    lines.writeheader()
    lines.writerows(rows)
    text.write(f"# lines {len(rows)}\n")
    return BytesIO(text.getvalue().encode())
