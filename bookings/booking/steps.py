"""A booking's single steps: compare-and-swap on (state, fence), each in a transaction of its own, each written down.

Whoever holds the newest fence speaks for the booking; a step of anybody else changes nothing and returns it as it is.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from uuid import UUID

import structlog
from django.db import transaction
from django.db.models import F

from bookings.booking import failures, states
from bookings.booking.models import Booking, BookingTransition
from bookings.booking.states import State
from bookings.offer import services as offers
from movmo.kit.errors import DomainError

log = structlog.get_logger()

LEASE = timedelta(seconds=60)
LOOK_UP_PAUSE = timedelta(seconds=2)

Clock = Callable[[], datetime]


def lease_is_over(booking: Booking, *, now: datetime) -> bool:
    return booking.lease_until is None or booking.lease_until <= now


def reload(booking_id: UUID) -> Booking:
    return Booking.objects.select_related("offer", "payment_method").get(pk=booking_id)


def fail(booking: Booking, failure: DomainError, *, now: datetime, detail: str, **changes: object) -> Booking:
    log.info("booking.failed", booking_id=str(booking.id), code=failure.code, detail=detail)
    return settle(
        booking,
        State.FAILED,
        now=now,
        reason=failure.code,
        also=lambda: offers.release(booking.offer_id, still_valid=failures.keeps_offer(failure)),
        failure_code=failure.code,
        failure_facts=failure.facts,
        **changes,
    )


def claim(booking: Booking, after: State, *, now: datetime, **changes: object) -> Booking | None:
    """Take the booking for one call to its provider; None when another has taken it."""
    if after != booking.state:
        states.check(State(booking.state), after)
    with transaction.atomic(durable=True):
        won = Booking.objects.filter(pk=booking.pk, state=booking.state, fence=booking.fence).update(
            state=after, fence=F("fence") + 1, lease_until=now + LEASE, updated_at=now, **changes
        )
        if not won:
            return None
        if after != booking.state:
            note(booking, after, fence=booking.fence + 1, now=now, reason="claimed")
    return reload(booking.pk)


def settle(
    booking: Booking,
    after: State,
    *,
    now: datetime,
    reason: str,
    also: Callable[[], None] | None = None,
    **changes: object,
) -> Booking:
    """Compare-and-swap to the outcome. A newer fence has won meanwhile: then its word stands."""
    states.check(State(booking.state), after)
    with transaction.atomic(durable=True):
        won = Booking.objects.filter(pk=booking.pk, state=booking.state, fence=booking.fence).update(
            state=after, lease_until=None, updated_at=now, **changes
        )
        if won:
            note(booking, after, fence=booking.fence, now=now, reason=reason)
            if also is not None:
                also()
    return reload(booking.pk)


def pause(booking: Booking, *, now: datetime) -> Booking:
    """Still open: let go of the claim, but leave a moment before the next look."""
    Booking.objects.filter(pk=booking.pk, state=booking.state, fence=booking.fence).update(
        lease_until=now + LOOK_UP_PAUSE, updated_at=now
    )
    return reload(booking.pk)


def note_facts(booking: Booking, *, now: datetime, reason: str, **changes: object) -> Booking:
    """Write down what was learned, in the same state."""
    with transaction.atomic(durable=True):
        mine = Booking.objects.filter(pk=booking.pk, state=booking.state, fence=booking.fence)
        if mine.update(updated_at=now, lease_until=None, **changes):
            note(booking, State(booking.state), fence=booking.fence, now=now, reason=reason)
    return reload(booking.pk)


def note(booking: Booking, after: State, *, fence: int, now: datetime, reason: str) -> None:
    BookingTransition.objects.create(
        booking_id=booking.pk, before=booking.state, after=after, fence=fence, at=now, reason=reason[:200]
    )
