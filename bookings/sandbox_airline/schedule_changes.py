"""Changes of schedule that somebody agrees to."""

from datetime import datetime

from bookings.providers.errors import Refusal, Rejected
from bookings.sandbox_airline import life
from bookings.sandbox_airline.announcements import announced, reference_of


def accept(order_id: str, reference: str, *, now: datetime) -> None:
    """Raises Rejected. A step that comes in between, such as a cancellation, is judged in the next round."""
    is_done = False
    while not is_done:
        order = life.existing(order_id, now=now)
        if order.status in life.OVER:
            raise Rejected(Refusal.ORDER_OVER, f"the order is {order.status}")
        if order.change_accepted_at and reference == reference_of(order):
            return
        change = announced(order, now=now)
        if change is None or change.reference != reference:
            raise Rejected(Refusal.CHANGE_WITHDRAWN, "no such change is announced")
        is_done = life.change(order, change_accepted_at=now)
