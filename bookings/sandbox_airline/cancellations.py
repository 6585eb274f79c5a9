"""What the airline gives back for an order, and how it is cancelled."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from bookings.providers.errors import Refusal, Rejected
from bookings.providers.types import CancellationTerms, OrderStatus
from bookings.sandbox_airline import life, queries
from bookings.sandbox_airline.announcements import announced, is_major, slices_of
from bookings.sandbox_airline.models import SandboxCancellationQuote, SandboxOrder
from bookings.sandbox_airline.outages import reading, writing
from movmo.kit.money import Money

QUOTE_LIFE = timedelta(minutes=30)


@dataclass(frozen=True, slots=True)
class Terms:
    refund_minor: int
    penalty_minor: int


def quote(order_id: str, *, now: datetime) -> CancellationTerms:
    """Raises Rejected (NOT_CANCELLABLE, ORDER_OVER)."""
    order = life.existing(order_id, now=now)
    terms = _terms(order, now)
    with writing():
        quoted = SandboxCancellationQuote.objects.create(
            order=order,
            refund_minor=terms.refund_minor,
            penalty_minor=terms.penalty_minor,
            expires_at=now + QUOTE_LIFE,
        )
    return CancellationTerms(
        reference=quoted.reference,
        refund=Money(terms.refund_minor, order.currency),
        penalty=Money(terms.penalty_minor, order.currency),
        refund_to="original_payment" if terms.refund_minor else "none",
        expires_at=quoted.expires_at,
    )


def confirm(order_id: str, reference: str, *, now: datetime) -> None:
    """Raises Rejected. A step that comes in between, such as another cancellation, is judged in the next round."""
    is_done = False
    while not is_done:
        order = life.existing(order_id, now=now)
        if order.status == OrderStatus.CANCELLED:
            return
        terms = _agreed(order, reference, now)
        is_done = life.change(
            order,
            status=OrderStatus.CANCELLED,
            due_at=None,
            cancelled_at=now,
            refund_minor=terms.refund_minor,
            payment_required_by=None,
            price_guarantee_expires_at=None,
        )


def _agreed(order: SandboxOrder, reference: str, now: datetime) -> Terms:
    """The terms of a quote that still holds: the same would be quoted now. Raises Rejected."""
    terms = _terms(order, now)
    with reading():
        quoted = queries.open_quote(order, reference, now=now)
    if quoted is None:
        raise Rejected(Refusal.QUOTE_EXPIRED, "there is no such quote, or it has expired")
    if terms != Terms(quoted.refund_minor, quoted.penalty_minor):
        raise Rejected(Refusal.QUOTE_EXPIRED, "the terms have changed since the quote")
    return terms


def _terms(order: SandboxOrder, now: datetime) -> Terms:
    if order.status in life.OVER:
        raise Rejected(Refusal.ORDER_OVER, f"the order is {order.status}")
    if order.status == OrderStatus.PENDING:
        raise Rejected(Refusal.NOT_CANCELLABLE, "the order is not decided")
    if slices_of(order)[0].segments[0].departing.utc <= now:
        raise Rejected(Refusal.NOT_CANCELLABLE, "the journey has begun")
    if order.status == OrderStatus.HELD:
        return Terms(0, 0)
    if announced(order, now=now) and is_major(order):
        return Terms(order.total_minor, 0)
    penalty = _penalty_minor(order)
    return Terms(order.total_minor - penalty, penalty)


def _penalty_minor(order: SandboxOrder) -> int:
    """By the conditions that were sold. Who sold none, or in another currency, gives nothing back."""
    refundable = order.content.conditions.refundable
    if not refundable.allowed or refundable.penalty_currency not in (None, order.currency):
        return order.total_minor
    return min(refundable.penalty_minor or 0, order.total_minor)
