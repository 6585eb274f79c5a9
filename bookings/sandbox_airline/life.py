"""What time does to an order, without a worker: whoever asks about it first brings it up to date.

A hold that nobody paid for lapses, an order that was pondered on is made or fails, the airline cancels. Each step is a
compare-and-swap on what it follows from, so it happens once, and so do the seats that it gives back.
"""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from bookings.providers.errors import Refusal, Rejected
from bookings.providers.types import OrderStatus
from bookings.sandbox_airline import inventory, queries
from bookings.sandbox_airline.models import SandboxOrder, SandboxTicket
from bookings.sandbox_airline.outages import reading, writing
from bookings.sandbox_airline.triggers import AFTERTHOUGHT, TICKETS_AFTER, Trigger

OVER = (OrderStatus.FAILED, OrderStatus.LAPSED, OrderStatus.CANCELLED)
MOST_AT_ONCE = 50


def confirmed(trigger: str, *, at: datetime) -> dict[str, Any]:
    """The columns of an order that is confirmed at this time."""
    due_at = at + AFTERTHOUGHT if trigger == Trigger.CANCELAIR else None
    return {"status": OrderStatus.CONFIRMED, "confirmed_at": at, "due_at": due_at}


def issue_tickets(order: SandboxOrder, *, confirmed_at: datetime) -> None:
    issued_at = confirmed_at + TICKETS_AFTER if order.trigger == Trigger.NOTICKET else confirmed_at
    SandboxTicket.objects.bulk_create(
        SandboxTicket(order=order, provider_passenger_id=person["provider_passenger_id"], issued_at=issued_at)
        for person in order.passengers
    )


def existing(order_id: str, *, now: datetime) -> SandboxOrder:
    """The order as it stands. Raises Rejected when there is none."""
    with reading():
        order = queries.order_by_id(order_id)
    if order is None:
        raise Rejected(Refusal.OTHER, "there is no such order")
    return up_to_date(order, now=now)


def up_to_date(order: SandboxOrder, *, now: datetime) -> SandboxOrder:
    while (step := _step_due(order, by=now)) is not None:
        change(order, **step)
        with reading():
            order = SandboxOrder.objects.prefetch_related("tickets").get(pk=order.pk)
    return order


def bring_all_up_to_date(*, now: datetime) -> None:
    """Seats of holds that nobody paid for are for sale again, although nobody asks about those holds."""
    with reading():
        due = list(SandboxOrder.objects.filter(due_at__lte=now).order_by("due_at")[:MOST_AT_ONCE])
    for order in due:
        up_to_date(order, now=now)


def as_it_will_be(order: SandboxOrder, *, by: datetime) -> SandboxOrder:
    """The same row with what time will have done to it, unless somebody acts before. Nothing is written."""
    while (step := _step_due(order, by=by)) is not None:
        for column, value in step.items():
            setattr(order, column, value)
    return order


def change(order: SandboxOrder, *, also: Callable[[], None] | None = None, **changes: Any) -> bool:
    """One step of an order, and its seats back if it is the last one. False when another step came first."""
    with writing():
        won = SandboxOrder.objects.filter(
            pk=order.pk, status=order.status, due_at=order.due_at, change_accepted_at=order.change_accepted_at
        ).update(**changes)
        if won and changes.get("status") in OVER:
            inventory.give_back(inventory.seats_wanted(order.content))
            order.seats.all().delete()
        if won and also is not None:
            also()
    return bool(won)


def _step_due(order: SandboxOrder, *, by: datetime) -> dict[str, Any] | None:
    if order.due_at is None or order.due_at > by:
        return None
    if order.status == OrderStatus.HELD:
        return {"status": OrderStatus.LAPSED, "due_at": None}
    if order.status == OrderStatus.PENDING:
        if order.trigger == Trigger.DELAYFAIL:
            return {"status": OrderStatus.FAILED, "due_at": None}
        return confirmed(order.trigger, at=order.due_at)
    cancelled = {"cancelled_at": order.due_at, "refund_minor": order.total_minor}
    return {"status": OrderStatus.CANCELLED, "due_at": None, **cancelled}
