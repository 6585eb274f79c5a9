"""Holds that are paid for."""

from datetime import datetime
from functools import partial

from bookings.providers.errors import Refusal, Rejected
from bookings.providers.types import OrderStatus
from bookings.sandbox_airline import life, triggers
from bookings.sandbox_airline.models import SandboxOrder
from movmo.kit.money import Money

NO_MORE = {
    OrderStatus.LAPSED: Refusal.HOLD_LAPSED,
    OrderStatus.CANCELLED: Refusal.ORDER_OVER,
    OrderStatus.FAILED: Refusal.ORDER_OVER,
    OrderStatus.PENDING: Refusal.OTHER,
}


def confirm(order_id: str, *, total: Money, now: datetime) -> None:
    """Raises Rejected. A step that comes in between, such as a cancellation, is judged in the next round."""
    is_done = False
    while not is_done:
        order = life.existing(order_id, now=now)
        if order.status == OrderStatus.CONFIRMED:
            return
        if (refusal := NO_MORE.get(OrderStatus(order.status))) is not None:
            raise Rejected(refusal, f"the order is {order.status}")
        price = _price(order, now)
        if total != price:
            raise Rejected(Refusal.PRICE_CHANGED, f"{total} is not the price", new_total=price)
        triggers.fail_payment(order.trigger)
        is_done = life.change(
            order,
            also=partial(life.issue_tickets, order, confirmed_at=now),
            total_minor=price.minor,
            payment_required_by=None,
            price_guarantee_expires_at=None,
            **life.confirmed(order.trigger, at=now),
        )


def _price(order: SandboxOrder, now: datetime) -> Money:
    guaranteed_until = order.price_guarantee_expires_at
    if guaranteed_until is not None and now < guaranteed_until:
        return order.total
    return triggers.current_total(order.total, order.trigger)
