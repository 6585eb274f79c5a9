"""The booking saga, in named phases. Each write is a durable transaction; the provider is called between them.

    T1  reserve            the booking and its idempotency key commit together (booking.services, inside dispatch)
        pay                the card goes to the airline through its vault; its bank may ask the cardholder (paying)
    T2  claim              compare-and-swap to `submitting` with a new fence and a lease
        submit             the provider is called with our booking id as client reference, no transaction open
    T3  settle             compare-and-swap on (state, fence) to the outcome

The same call repeated and `manage.py resolve_bookings` drive an open booking on; a read only looks up what was sent. A
claim that ran out of lease may have been sent, so it becomes `unknown` and is looked up; only when the provider has had
its settle window and still knows nothing is it submitted again. No order is sent twice on a guess: nothing is sent once
the lease is over, and the settle window counts from there. Where a provider cannot be asked by our reference, a person
asks. An order in hand is never dropped: if its booking was given up meanwhile, a person is told.
"""

from datetime import datetime, timedelta
from typing import Any

import structlog
from django.db.models import F

from bookings.booking import failures, paying, steps
from bookings.booking.actors import AIRLINE
from bookings.booking.models import Booking
from bookings.booking.ordering import order_request
from bookings.booking.provider_call import calling
from bookings.booking.states import ASKED_ABOUT, OVER, TRANSITIONS, State
from bookings.booking.steps import LEASE, Clock
from bookings.providers import registry
from bookings.providers.errors import OutcomeUnknown, ProviderFailure, Refusal, Rejected, Unavailable
from bookings.providers.types import OrderStatus, PassengerType, ProviderOrder

log = structlog.get_logger()

MOST_ATTEMPTS = 3
FIRST_WATCH = timedelta(minutes=1)
"""After an order was made its tickets may be on their way, and an airline may change its mind."""

STATE_OF_ORDER = {
    OrderStatus.CONFIRMED: State.CONFIRMED,
    OrderStatus.HELD: State.HELD,
    OrderStatus.PENDING: State.PENDING,
    OrderStatus.FAILED: State.FAILED,
    OrderStatus.LAPSED: State.LAPSED,
    OrderStatus.CANCELLED: State.CANCELLED,
}


def submit(booking: Booking, *, clock: Clock) -> Booking:
    """Claim a reserved booking and place its order. Returns it as it stands; another's claim leaves it alone."""
    sent_at = clock()
    claimed = steps.claim(booking, State.SUBMITTING, now=sent_at, attempts=F("attempts") + 1, submitted_at=sent_at)
    if claimed is None:
        return steps.reload(booking.id)
    try:
        order = _send(claimed, clock=clock)
    except Rejected as failure:
        if failure.refusal is Refusal.DUPLICATE_REFERENCE:
            reason = "the provider has our reference"
            return look_up(_lost(claimed, now=clock(), reason=reason), clock=clock)
        refusal = failures.from_provider(failure, claimed)
        return steps.fail(claimed, refusal, now=clock(), detail=failure.detail, by=AIRLINE)
    except Unavailable as failure:
        return steps.fail(claimed, failures.from_provider(failure, claimed), now=clock(), detail=failure.detail)
    except OutcomeUnknown as failure:
        return _lost(claimed, now=clock(), reason=failure.detail)
    except Exception:
        # Whatever broke, the order may have left: only a look-up can tell.
        log.exception("booking.submit_crashed", booking_id=str(claimed.id))
        return _lost(claimed, now=clock(), reason="the call to the provider broke")
    return _record(claimed, order, now=clock())


def _send(claimed: Booking, *, clock: Clock) -> ProviderOrder:
    """Place the order, unless this worker was stopped for so long that another may have taken the booking over."""
    request = order_request(claimed)
    now = clock()
    if steps.lease_is_over(claimed, now=now):
        raise OutcomeUnknown("the lease ran out before the order was sent")
    return calling.provider_of(claimed).book(request, now=now)


def _lost(booking: Booking, *, now: datetime, reason: str) -> Booking:
    """Only a look-up can tell what became of the order. A provider that offers none is asked by a person."""
    finds = registry.provider(booking.provider).capabilities.finds_orders
    path = [State.UNKNOWN] if finds else [State.UNKNOWN, State.MANUAL_REVIEW]
    return steps.settle(booking, *path, now=now, reason=reason)


def look_up(booking: Booking, *, clock: Clock) -> Booking:
    """Ask the provider what became of a sent order, unless somebody else is asking. Never sends an order."""
    now = clock()
    if booking.state == State.SUBMITTING and steps.lease_is_over(booking, now=now):
        booking = _lost(booking, now=now, reason="the lease ran out before an answer")
    if booking.state not in ASKED_ABOUT or not steps.lease_is_over(booking, now=now):
        return booking
    claimed = steps.claim(booking, State(booking.state), now=now)
    if claimed is None:
        return steps.reload(booking.id)
    try:
        order = _find(claimed, now=now)
    except ProviderFailure as failure:
        log.warning("booking.look_up_failed", booking_id=str(claimed.id), detail=failure.detail)
        return steps.pause(claimed, now=clock())
    except Exception:
        # A look-up that broke proves nothing. The booking stays open, and the sweep goes on to the next one.
        log.exception("booking.look_up_crashed", booking_id=str(claimed.id))
        return steps.pause(claimed, now=clock())
    if order is not None:
        return _record(claimed, order, now=clock())
    return _nothing_found(claimed, now=clock())


def _find(booking: Booking, *, now: datetime) -> ProviderOrder | None:
    """By our reference, or, where the provider knows none, by the order's own id once it was told."""
    provider = calling.provider_of(booking)
    if provider.capabilities.finds_orders:
        return provider.find_order(str(booking.id), now=now)
    return provider.get_order(booking.order_id, now=now) if booking.order_id else None


def resume(booking: Booking, *, clock: Clock) -> Booking:
    """Drive an open booking as far as it goes: look up what was sent, submit what certainly was not."""
    booking = paying.pay(look_up(booking, clock=clock), clock=clock)
    booking = submit(booking, clock=clock) if paying.may_be_submitted(booking) else booking
    return paying.give_back(booking, clock=clock) if booking.state == State.FAILED else booking


def _nothing_found(booking: Booking, *, now: datetime) -> Booking:
    """The provider knows no order. Inside its settle window one may still come; after it, there never was one."""
    submitted_at = booking.submitted_at or booking.created_at
    capabilities = registry.provider(booking.provider).capabilities
    if booking.state != State.UNKNOWN or now - submitted_at < LEASE + capabilities.settle_window:
        return steps.pause(booking, now=now)
    if booking.attempts < MOST_ATTEMPTS and capabilities.finds_orders:
        return steps.settle(booking, State.RESERVED, now=now, reason="no order after the settle window")
    return steps.settle(booking, State.MANUAL_REVIEW, now=now, reason=f"no order after {booking.attempts} attempts")


def _record(booking: Booking, order: ProviderOrder, *, now: datetime) -> Booking:
    """Write down the provider's order as the outcome. Still pending changes nothing."""
    after = STATE_OF_ORDER[order.status]
    if after == booking.state:
        return steps.pause(booking, now=now)
    if after is State.FAILED or (after in OVER and after not in TRANSITIONS[State(booking.state)]):
        refused = failures.OrderRefused(provider=booking.provider)
        return steps.fail(booking, refused, now=now, detail=f"the order is {order.status}", by=AIRLINE)
    path = [after, State.TICKETED] if after is State.CONFIRMED and is_ticketed(booking, order) else [after]
    told = as_recorded(order, booking, now=now) | ended_by_airline(order, booking)
    settled = steps.settle(booking, *path, now=now, reason="the provider has the order", by=AIRLINE, **told)
    return settled if settled.order_id == order.order_id else _orphaned(settled, order, now=now)


def is_ticketed(booking: Booking, order: ProviderOrder) -> bool:
    """Whether every passenger with a seat has a document."""
    seated = {p["provider_passenger_id"] for p in booking.people if p["type"] != PassengerType.INFANT}
    return seated <= {document.provider_passenger_id for document in order.documents}


def as_recorded(order: ProviderOrder, booking: Booking, *, now: datetime) -> dict[str, Any]:
    """The provider's order in the booking's columns."""
    slot_ids = {person["provider_passenger_id"]: person["slot_id"] for person in booking.people}
    return {
        "order_id": order.order_id,
        "record_locators": list(order.record_locators),
        "documents": [
            {
                "type": document.type,
                "number": document.number,
                "slot_id": slot_ids[document.provider_passenger_id],
                "coupons": list(document.coupons),
            }
            for document in order.documents
            if document.provider_passenger_id in slot_ids  # a stranger's ticket must not hide the order
        ],
        "payment_required_by": order.payment_required_by,
        "price_guarantee_expires_at": order.price_guarantee_expires_at,
        "watch_at": None if STATE_OF_ORDER[order.status] in OVER else now + FIRST_WATCH,
    }


def ended_by_airline(order: ProviderOrder, booking: Booking) -> dict[str, Any]:
    """What is known of a cancellation that nobody here asked for."""
    if order.status is not OrderStatus.CANCELLED:
        return {}
    return {"cancelled_by": "airline", "refund_minor": refund_minor(booking, order)}


def refund_minor(booking: Booking, order: ProviderOrder) -> int | None:
    """In the booking's currency; None where the airline did not say."""
    if order.refund is None or order.refund.currency != booking.currency:
        return None
    return order.refund.minor


def _orphaned(booking: Booking, order: ProviderOrder, *, now: datetime) -> Booking:
    """An order came in for a booking that another worker holds or has given up.

    While the booking is open its look-up will find the order. One that was told as failed goes to a person.
    """
    log.error("booking.order_without_claim", booking_id=str(booking.id), order_id=order.order_id, state=booking.state)
    if booking.state != State.FAILED:
        return booking
    reason = f"order {order.order_id} came in after the booking had failed"
    return steps.settle(booking, State.MANUAL_REVIEW, now=now, reason=reason, order_id=order.order_id)
