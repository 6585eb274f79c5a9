"""A booking's single steps: compare-and-swap on (state, fence, sequence), each in a transaction of its own, each
written down as a transition and told as an event.

Whoever holds the newest fence speaks for the booking; a step of anybody else changes nothing and returns it as it is.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any
from uuid import UUID

import structlog
from django.db import transaction
from django.db.models import F, Q
from pydantic import BaseModel

from bookings.booking import events, failures, owing, states
from bookings.booking.actors import MOVMO, Actor
from bookings.booking.document import services as documents
from bookings.booking.events import BookingEvent
from bookings.booking.models import Booking, BookingTransition
from bookings.booking.record_locator import services as locators
from bookings.booking.states import State
from bookings.offer import services as offers
from bookings.providers.types import CardStatus
from movmo.kit.errors import DomainError
from movmo.operations import events as told
from movmo.operations.approval import mandates
from movmo.operations.events import EventType

log = structlog.get_logger()

LEASE = timedelta(seconds=60)
LOOK_UP_PAUSE = timedelta(seconds=2)
LONGEST_PAUSE = timedelta(seconds=20)

Clock = Callable[[], datetime]


def lease_is_over(booking: Booking, *, now: datetime) -> bool:
    return booking.lease_until is None or booking.lease_until <= now


def free(now: datetime, *, of: str = "") -> Q:
    """The same of rows: nobody has the booking, and nobody had it only just before. `of` is the way to it."""
    return Q((f"{of}lease_until", None)) | Q((f"{of}lease_until__lte", now))


def reload(booking_id: UUID) -> Booking:
    return Booking.objects.select_related("offer", "payment_method").get(pk=booking_id)


def begin(booking: Booking, *, by: Actor, now: datetime) -> None:
    """The first line of its history and its first event, in the transaction that makes the booking."""
    BookingTransition.objects.create(
        booking=booking,
        after=State.RESERVED,
        fence=0,
        at=now,
        reason="asked for",
        who=by.who,
        via=by.via,
        user_id=by.user_id,
    )
    reserved = BookingEvent(booking_id=booking.pk, status=State.RESERVED)
    told.write(events.subject(booking), [(events.OF_STATE[State.RESERVED], reserved)], after=0, at=now)


def fail(booking: Booking, failure: DomainError, *, now: datetime, detail: str, **changes: Any) -> Booking:
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


def claim(booking: Booking, after: State, *, now: datetime, **changes: Any) -> Booking | None:
    """Take the booking for one call to its provider; None when another has taken it. In the same state nothing that
    anybody is shown changes: neither `updated_at`, nor its place in the feed.
    """
    if after != booking.state:
        states.check(State(booking.state), after)
    with transaction.atomic(durable=True):
        won = move(booking, after, now=now, reason="claimed", fence=F("fence") + 1, lease_until=now + LEASE, **changes)
    return reload(booking.pk) if won else None


def settle(
    booking: Booking,
    *path: State,
    now: datetime,
    reason: str,
    also: Callable[[], object] | None = None,
    by: Actor = MOVMO,
    more: tuple[tuple[EventType, BaseModel], ...] = (),
    **changes: Any,
) -> Booking:
    """Compare-and-swap to the outcome, over more than one state if need be. Had a newer fence won, its word stands."""
    with transaction.atomic(durable=True):
        won = move(booking, *path, now=now, reason=reason, by=by, more=more, lease_until=None, **changes)
        if won and also is not None:
            also()
    return reload(booking.pk)


def move(
    booking: Booking,
    *path: State,
    now: datetime,
    reason: str,
    by: Actor = MOVMO,
    more: tuple[tuple[EventType, BaseModel], ...] = (),
    **changes: Any,
) -> bool:
    """The compare-and-swap itself, in the transaction that is open: the row, its history and its events.

    `more` are events beside those of the states. A path of one state that the booking is in changes its columns only;
    where that is a claim, it has learned nothing yet, and leaves `updated_at` alone.
    """
    before = State(booking.state)
    happened: list[tuple[EventType, BaseModel]] = []
    for one, other in _pairs(before, path):
        states.check(one, other)
        event = BookingEvent(booking_id=booking.pk, status=other, previous_status=one)
        happened += [(kind, event) for kind in events.of_step(one, other)]
    happened += more
    is_only_claimed = path == (before,) and "fence" in changes
    shown = {} if is_only_claimed else {"state": path[-1], "updated_at": now}
    won = Booking.objects.filter(pk=booking.pk, state=before, fence=booking.fence, sequence=booking.sequence).update(
        sequence=F("sequence") + len(happened), **shown, **changes
    )
    if not won:
        return False
    _count(booking, after=path[-1], now=now)
    documents.note(booking, changes, now=now)
    locators.note(booking, changes)
    fence = booking.fence + ("fence" in changes)
    note_all(booking, _pairs(before, path), fence=fence, now=now, reason=reason, by=by)
    if happened:
        told.write(events.subject(booking), happened, after=booking.sequence, at=now)
    return True


def _count(booking: Booking, *, after: State, now: datetime) -> None:
    """What a mandate allowed and nobody sold is free again; an order that turned up after all counts."""
    if after is State.FAILED:
        mandates.release(booking.pk, now=now)
    elif booking.state == State.FAILED:
        mandates.count_again(booking.pk)
    elif after in states.SOLD and booking.state not in states.SOLD:
        mandates.count_again(*owing.refused_payments(booking))


def pause(booking: Booking, *, now: datetime, since: datetime | None = None) -> Booking:
    """Still open: let go of the claim, but leave a moment before the next look: longer and longer for an airline.

    `since` is when the airline was asked; else its order was submitted. Nothing was learned, so the booking keeps its
    place in the feed. One that waits for a bank says by `updated_at` that its caller is still at it.
    """
    rest, since = LOOK_UP_PAUSE, since or booking.submitted_at
    if since and booking.state not in states.UNPAID:
        rest = min(max((now - since) / 4, LOOK_UP_PAUSE), LONGEST_PAUSE)
    is_paid = booking.payment_method_id is None or booking.payment_status == CardStatus.APPROVED
    touched = {} if is_paid else {"updated_at": now, "feed_place": F("feed_place")}
    Booking.objects.filter(pk=booking.pk, state=booking.state, fence=booking.fence).update(
        lease_until=now + rest, **touched
    )
    return reload(booking.pk)


def note_facts(
    booking: Booking,
    *,
    now: datetime,
    reason: str,
    by: Actor = MOVMO,
    also: Callable[[], object] | None = None,
    more: tuple[tuple[EventType, BaseModel], ...] = (),
    **changes: Any,
) -> Booking:
    """Write down what was learned, in the same state."""
    state = State(booking.state)
    with transaction.atomic(durable=True):
        if move(booking, state, now=now, reason=reason, by=by, more=more, lease_until=None, **changes):
            note_all(booking, [(state, state)], fence=booking.fence, now=now, reason=reason, by=by)
            if also is not None:
                also()
    return reload(booking.pk)


def note_all(
    booking: Booking, steps: list[tuple[State, State]], *, fence: int, now: datetime, reason: str, by: Actor
) -> None:
    BookingTransition.objects.bulk_create(
        BookingTransition(
            booking_id=booking.pk,
            before=before,
            after=after,
            fence=fence,
            at=now,
            reason=reason[:200],
            who=by.who,
            via=by.via,
            user_id=by.user_id,
        )
        for before, after in steps
    )


def _pairs(before: State, path: tuple[State, ...]) -> list[tuple[State, State]]:
    """The steps of a path; none for staying where one is."""
    return [(one, other) for one, other in pairwise((before, *path)) if one is not other]
