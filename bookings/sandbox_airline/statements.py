"""What the airline says of a day: what it sold, what it gave back, what it claims afterwards.

One line for each document. All of it follows from the tables, so a statement that is asked for again says the same once
its day is over.
"""

from collections.abc import Iterable, Iterator
from datetime import date
from itertools import groupby
from typing import Any

from django.db.models import Q
from django.db.models.fields.json import KeyTextTransform, KeyTransform

from bookings.providers.types import OrderStatus, StatementKind, StatementLine
from bookings.sandbox_airline import life, queries
from bookings.sandbox_airline.fares import CURRENCIES, ELSEWHERE, percentage
from bookings.sandbox_airline.models import SandboxOrder, SandboxTicket
from bookings.sandbox_airline.orders import LOCATOR_ALPHABET
from bookings.sandbox_airline.outages import reading
from bookings.sandbox_airline.queries import span
from bookings.sandbox_airline.schedule import draw
from bookings.sandbox_airline.triggers import DEBIT_MEMO_AFTER, Trigger
from movmo.kit.money import Money, exponent

DEBIT_MEMO_PERCENT = 10
SLIPS = {ELSEWHERE[0]: CURRENCIES["US"][0]}
"""In which currency a clerk writes an amount by mistake; euros for all others."""


def statement(day: date) -> list[StatementLine]:
    with reading():
        memos = [_debit_memo(order, tickets, day) for order, tickets in _sold(day - DEBIT_MEMO_AFTER)]
        sales = [line for order, tickets in _sold(day) for line in _sales(order, tickets, day)]
        ends = [line for order in _cancelled(day) for line in _ends(order, day)]
    return [*sales, *ends, *(memo for memo in memos if memo is not None)]


def _departing(offer: str) -> KeyTextTransform:
    """When the first flight leaves, without the rest of the offer, which is long."""
    inner: Any = offer
    for key in ("slices", 0, "segments", 0, "departing"):
        inner = KeyTransform(key, inner)
    return KeyTextTransform("local", inner)


def _sold(day: date) -> Iterator[tuple[SandboxOrder, list[SandboxTicket]]]:
    """Orders whose tickets were issued on the day. The orders' `departing` is the local time of their first flight."""
    start, end = span(day)
    issued: Any = SandboxTicket.objects.filter(issued_at__gte=start, issued_at__lt=end)
    issued = issued.annotate(departing=_departing("order__offer"))
    for _, group in groupby(
        issued.select_related("order").defer("order__offer").order_by("order_id", "serial"), lambda one: one.order_id
    ):
        tickets = list(group)
        order = life.as_it_will_be(tickets[0].order, by=end)
        order.departing = tickets[0].departing  # type: ignore[attr-defined]
        if queries.is_issued(tickets[0], order, by=end):
            yield order, tickets


def _cancelled(day: date) -> Iterator[SandboxOrder]:
    """Orders that were cancelled on the day, those too where nobody has asked since the airline did it."""
    start, end = span(day)
    by_now = Q(cancelled_at__gte=start, cancelled_at__lt=end)
    unasked = Q(status=OrderStatus.CONFIRMED, due_at__gte=start, due_at__lt=end)
    orders: Any = SandboxOrder.objects.filter(by_now | unasked).annotate(departing=_departing("offer"))
    for order in orders.defer("offer").prefetch_related("tickets").order_by("id"):
        yield life.as_it_will_be(order, by=end)


def _sales(order: SandboxOrder, tickets: list[SandboxTicket], day: date) -> Iterator[StatementLine]:
    if order.trigger == Trigger.MISSINGSTMT:
        return
    amounts = order.total.shared([1] * len(tickets))
    if order.trigger == Trigger.AMOUNTOFF:
        amounts[0] += Money(10 ** exponent(order.currency), order.currency)
    if order.trigger == Trigger.CURRSLIP:
        amounts = [_slipped(amount) for amount in amounts]
    lines = [
        _line(StatementKind.SALE, order, ticket, amount, day) for ticket, amount in zip(tickets, amounts, strict=True)
    ]
    yield from lines
    if order.trigger == Trigger.DUPLINE:
        yield lines[0]
    if order.trigger == Trigger.GHOST:
        yield _ghost(order, day)


def _ends(order: SandboxOrder, day: date) -> Iterator[StatementLine]:
    """What is given back, or that the tickets are void."""
    if order.trigger in (Trigger.MISSINGSTMT, Trigger.VOIDLOST, Trigger.REFUNDLOST):
        return
    tickets = [
        ticket for ticket in _by_serial(order.tickets.all()) if queries.is_issued(ticket, order, by=span(day)[1])
    ]
    if not tickets:
        return
    sold = order.total.shared([1] * len(tickets))
    given_back = (order.refund or Money(0, order.currency)).shared([part.minor for part in sold])
    for ticket, amount in zip(tickets, given_back, strict=True):
        yield _line(StatementKind.REFUND if order.refund_minor else StatementKind.VOID, order, ticket, amount, day)


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
        surname="GHOST",
        departure_on=_departure(order),
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
        client_reference=order.client_reference,
        surname=_surname(order, ticket),
        departure_on=_departure(order),
    )


def _surname(order: SandboxOrder, ticket: SandboxTicket) -> str:
    names = {person["provider_passenger_id"]: person["ticket_name"] for person in order.passengers}
    return str(names[ticket.provider_passenger_id]).partition("/")[0]


def _departure(order: SandboxOrder) -> date:
    departing: str = order.departing  # type: ignore[attr-defined]  # annotated by `_sold` and `_cancelled`
    return date.fromisoformat(departing[:10])


def _slipped(amount: Money) -> Money:
    return Money(amount.minor, SLIPS.get(amount.currency, ELSEWHERE[0]))


def _by_serial(tickets: Iterable[SandboxTicket]) -> list[SandboxTicket]:
    return sorted(tickets, key=lambda ticket: ticket.serial)
