"""What the airline says of a day: what it sold, what it gave back, what it claims afterwards.

One line for each document. All of it follows from the tables, so a statement that is asked for again says the same once
its day is over.
"""

from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, time, timedelta
from itertools import groupby

from django.db.models import Q

from bookings.providers.types import OrderStatus, StatementKind, StatementLine
from bookings.sandbox_airline import life, queries
from bookings.sandbox_airline.fares import percentage
from bookings.sandbox_airline.models import SandboxOrder, SandboxTicket
from bookings.sandbox_airline.orders import LOCATOR_ALPHABET
from bookings.sandbox_airline.outages import reading
from bookings.sandbox_airline.schedule import draw
from bookings.sandbox_airline.triggers import DEBIT_MEMO_AFTER, Trigger
from movmo.kit.money import Money, exponent

DEBIT_MEMO_PERCENT = 10


def statement(day: date) -> list[StatementLine]:
    with reading():
        memos = [_debit_memo(order, tickets, day) for order, tickets in _sold(day - DEBIT_MEMO_AFTER)]
        sales = [line for order, tickets in _sold(day) for line in _sales(order, tickets, day)]
        refunds = [line for order in _cancelled(day) for line in _refunds(order, day)]
    return [*sales, *refunds, *(memo for memo in memos if memo is not None)]


def _span(day: date) -> tuple[datetime, datetime]:
    start = datetime.combine(day, time(), UTC)
    return start, start + timedelta(days=1)


def _sold(day: date) -> Iterator[tuple[SandboxOrder, list[SandboxTicket]]]:
    """Orders whose tickets were issued on the day."""
    start, end = _span(day)
    issued = SandboxTicket.objects.filter(issued_at__gte=start, issued_at__lt=end)
    for _, group in groupby(
        issued.select_related("order").defer("order__offer").order_by("order_id", "serial"), lambda one: one.order_id
    ):
        tickets = list(group)
        order = life.as_it_will_be(tickets[0].order, by=end)
        if queries.is_issued(tickets[0], order, by=end):
            yield order, tickets


def _cancelled(day: date) -> Iterator[SandboxOrder]:
    """Orders that were cancelled on the day, those too where nobody has asked since the airline did it."""
    start, end = _span(day)
    by_now = Q(cancelled_at__gte=start, cancelled_at__lt=end)
    unasked = Q(status=OrderStatus.CONFIRMED, due_at__gte=start, due_at__lt=end)
    for order in (
        SandboxOrder.objects.filter(by_now | unasked).defer("offer").prefetch_related("tickets").order_by("id")
    ):
        yield life.as_it_will_be(order, by=end)


def _sales(order: SandboxOrder, tickets: list[SandboxTicket], day: date) -> Iterator[StatementLine]:
    if order.trigger == Trigger.MISSINGSTMT:
        return
    amounts = _shares(order.total, len(tickets))
    if order.trigger == Trigger.AMOUNTOFF:
        amounts[0] += Money(10 ** exponent(order.currency), order.currency)
    for ticket, amount in zip(tickets, amounts, strict=True):
        yield _line(StatementKind.SALE, order, ticket, amount, day)
    if order.trigger == Trigger.GHOST:
        yield _ghost(order, day)


def _refunds(order: SandboxOrder, day: date) -> Iterator[StatementLine]:
    if order.trigger == Trigger.MISSINGSTMT or not order.refund:
        return
    tickets = [
        ticket for ticket in _by_serial(order.tickets.all()) if queries.is_issued(ticket, order, by=_span(day)[1])
    ]
    for ticket, amount in zip(tickets, _shares(order.refund, len(tickets)), strict=True):
        if amount.minor:
            yield _line(StatementKind.REFUND, order, ticket, amount, day)


def _debit_memo(order: SandboxOrder, tickets: list[SandboxTicket], day: date) -> StatementLine | None:
    if order.trigger != Trigger.ADMLATER:
        return None
    amount = percentage(order.total, DEBIT_MEMO_PERCENT)
    return _line(StatementKind.DEBIT_MEMO, order, tickets[0], amount, day)


def _ghost(order: SandboxOrder, day: date) -> StatementLine:
    """A sale that nobody made."""
    number = f"000{9_000_000_000 + draw('ghost ticket', order.id, among=10**9)}"
    letters = (draw("ghost", order.id, place, among=len(LOCATOR_ALPHABET)) for place in range(6))
    return StatementLine(
        line_id=f"{StatementKind.SALE}-{number}",
        kind=StatementKind.SALE,
        order_id=f"ord_{draw('ghost order', order.id, among=2**64):032x}",
        record_locator="".join(LOCATOR_ALPHABET[letter] for letter in letters),
        document_number=number,
        amount=order.total,
        day=day,
    )


def _line(kind: StatementKind, order: SandboxOrder, ticket: SandboxTicket, amount: Money, day: date) -> StatementLine:
    return StatementLine(
        line_id=f"{kind}-{ticket.number}",
        kind=kind,
        order_id=order.order_id,
        record_locator=order.record_locator,
        document_number=ticket.number,
        amount=amount,
        day=day,
    )


def _by_serial(tickets: Iterable[SandboxTicket]) -> list[SandboxTicket]:
    return sorted(tickets, key=lambda ticket: ticket.serial)


def _shares(amount: Money, among: int) -> list[Money]:
    """Equal parts that add up; the first takes what is left over."""
    part, rest = divmod(amount.minor, max(among, 1))
    return [Money(part + rest * (place == 0), amount.currency) for place in range(among)]
