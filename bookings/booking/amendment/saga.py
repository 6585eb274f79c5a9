"""Asking something of a live order, in named phases. Each write is a durable transaction; the airline is called between
them.

    T1  begin      the amendment, the booking's step and the idempotency key commit together (services, inside dispatch)
        prepare    what comes before the call: a hold's card
    T2  claim      the booking's fence and lease, and the attempt that is counted
        send       the airline is called, no transaction open, and never after the lease
    T3  close      the booking and the amendment together, as the airline has answered

The same call repeated and the workers drive an open amendment on; a read only looks up what was sent. A call whose
answer was lost is looked up by the order's id; only when the airline has had its settle window and has certainly not
done it, it is sent again, MOST_ATTEMPTS times in all; what no look-up can tell is asked for LONGEST_ASKING. Then a
person asks, and says if the airline has not done it (`let_go`); what certainly changed nothing is given up. Each kind
says what it sends and what the answers mean: hold.saga, acceptance.saga, and bookings.cancellation.saga.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import Enum
from functools import partial
from itertools import pairwise
from typing import Any, Protocol
from uuid import UUID

import structlog
from django.db import transaction
from django.db.models import F, QuerySet
from pydantic import BaseModel

from bookings.booking import paying, steps
from bookings.booking.actors import AIRLINE, MOVMO, Actor
from bookings.booking.amendment import queries
from bookings.booking.amendment.models import Amendment
from bookings.booking.amendment.refusals import AirlineUnavailable, AlreadyCancelled, HoldLapsed
from bookings.booking.models import Booking
from bookings.booking.provider_call import calling
from bookings.booking.saga import MOST_ATTEMPTS, STATE_OF_ORDER, as_recorded, ended_by_airline, is_ticketed
from bookings.booking.schedule_change import services as schedule_changes
from bookings.booking.states import LIVE, TRANSITIONS, State
from bookings.booking.steps import LEASE, Clock
from bookings.providers import registry
from bookings.providers.errors import OutcomeUnknown, ProviderFailure, Refusal, Rejected, Unavailable
from bookings.providers.port import Provider
from bookings.providers.types import OrderStatus, ProviderOrder
from movmo.kit.errors import DomainError
from movmo.operations.approval import mandates
from movmo.operations.events import EventType

log = structlog.get_logger()

LONGEST_ASKING = timedelta(hours=1)
IN_PLACE = LIVE | {State.CANCELLED, State.LAPSED}
"""A booking that an amendment did not move, or that the airline has ended meanwhile, goes nowhere else."""


class Verdict(Enum):
    """What an order says of an amendment. ASK_AGAIN: only the airline's answer can tell, and repeating it is safe."""

    DONE = "done"
    NOT_DONE = "not_done"
    ASK_AGAIN = "ask_again"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What is written beside the order itself, in one transaction. A `failure` leaves the booking where it was before,
    or in `state`.
    """

    failure: DomainError | None = None
    state: State | None = None
    changes: dict[str, Any] = field(default_factory=dict)
    more: tuple[tuple[EventType, BaseModel], ...] = ()
    also: Callable[[], object] = lambda: None


class Ask(Protocol):
    """One kind of amendment."""

    def prepare(self, amendment: Amendment, booking: Booking, *, clock: Clock) -> bool:
        """Whether the airline may be asked now. What has to come first is done here."""
        ...

    def send(self, provider: Provider, amendment: Amendment, booking: Booking, *, now: datetime) -> ProviderOrder:
        """Raises as the port's method."""
        ...

    def verdict(self, amendment: Amendment, order: ProviderOrder, *, is_answer: bool) -> Verdict:
        """`is_answer`: to the call itself; else the order was looked up."""
        ...

    def done(self, amendment: Amendment, booking: Booking, order: ProviderOrder, *, now: datetime) -> Outcome: ...

    def refused(self, amendment: Amendment, booking: Booking, failure: Rejected, *, now: datetime) -> Outcome: ...

    def not_sent(self, amendment: Amendment, failure: DomainError) -> Outcome: ...


_asks: dict[str, Ask] = {}


def register(kind: Amendment.Kind, ask: Ask) -> None:
    """At import, by the feature that knows the kind."""
    _asks[kind] = ask


def drive(amendment_id: UUID, *, clock: Clock) -> Booking:
    """As far as it goes. Safe to repeat, and for several at once."""
    look_up(amendment_id, clock=clock)
    amendment = queries.with_booking(amendment_id)
    if _is_to_be_sent(amendment) and _asks[amendment.kind].prepare(amendment, amendment.booking, clock=clock):
        submit(amendment_id, clock=clock)
    return paying.give_back(steps.reload(amendment.booking_id), clock=clock)


def is_in_flight(amendment: Amendment, *, now: datetime) -> bool:
    """Whether a call is out at this moment: its lease is the one that it was sent with."""
    booking = amendment.booking
    if amendment.sent_at is None or amendment.state != Amendment.State.OPEN or steps.lease_is_over(booking, now=now):
        return False
    return booking.lease_until == amendment.sent_at + LEASE


def _is_to_be_sent(amendment: Amendment) -> bool:
    return amendment.state == Amendment.State.OPEN and amendment.sent_at is None


def submit(amendment_id: UUID, *, clock: Clock) -> Booking:
    """Claim the booking and ask the airline; another's claim leaves it alone."""
    claimed = _claim(queries.with_booking(amendment_id), now=clock())
    if claimed is None:
        return queries.with_booking(amendment_id).booking
    try:
        order = _send(claimed, clock=clock)
    except Rejected as failure:
        if failure.refusal is Refusal.ORDER_OVER:
            return _ask_about(claimed, clock=clock)
        outcome = _asks[claimed.kind].refused(claimed, claimed.booking, failure, now=clock())
        return close(claimed, outcome, now=clock(), reason=f"refused: {failure.refusal}", by=AIRLINE)
    except Unavailable as failure:
        if claimed.attempts > 1:
            return _ask_about(claimed, clock=clock)  # this one was not heard; an earlier one may have been
        return _nothing_changed(claimed, now=clock(), reason=failure.detail)
    except OutcomeUnknown as failure:
        log.warning("amendment.unanswered", amendment_id=str(claimed.id), detail=failure.detail)
        return _pause(claimed, now=clock())
    except Exception:
        # Whatever broke, the airline may have heard: only a look-up can tell.
        log.exception("amendment.send_crashed", amendment_id=str(claimed.id))
        return _pause(claimed, now=clock())
    return _judge(claimed, order, now=clock(), is_answer=True)


def _claim(amendment: Amendment, *, now: datetime) -> Amendment | None:
    """T2. None when another has it."""
    booking = amendment.booking
    if not _is_to_be_sent(amendment) or not steps.lease_is_over(booking, now=now):
        return None
    with transaction.atomic(durable=True):
        state = State(booking.state)
        won = steps.move(booking, state, now=now, reason="claimed", fence=F("fence") + 1, lease_until=now + LEASE)
        won = won and bool(_mine(amendment, sent_at=None).update(sent_at=now, attempts=F("attempts") + 1))
    return queries.with_booking(amendment.pk) if won else None


def _send(claimed: Amendment, *, clock: Clock) -> ProviderOrder:
    now = clock()
    if steps.lease_is_over(claimed.booking, now=now):
        raise OutcomeUnknown("the lease ran out before the airline was asked")
    provider = calling.provider_of(claimed.booking)
    return _asks[claimed.kind].send(provider, claimed, claimed.booking, now=now)


def look_up(amendment_id: UUID, *, clock: Clock) -> Booking:
    """Ask the airline what became of a call that was sent, unless somebody else is asking. Sends nothing."""
    amendment, now = queries.with_booking(amendment_id), clock()
    booking = amendment.booking
    was_sent = amendment.state in queries.UNDER_WAY and amendment.sent_at is not None
    if not was_sent or not steps.lease_is_over(booking, now=now):
        return booking
    claimed = steps.claim(booking, State(booking.state), now=now)
    if claimed is None:
        return steps.reload(booking.pk)
    amendment.booking = claimed
    return _ask_about(amendment, clock=clock)


def let_go(amendment_id: UUID, *, by: Actor, clock: Clock) -> Booking:
    """A person has asked the airline, which has not done it: the booking goes on as the airline has it.

    If the order says otherwise, that is what is written. Raises AirlineUnavailable; another's state stays as it is.
    """
    amendment, now = queries.with_booking(amendment_id), clock()
    booking = amendment.booking
    if amendment.state != Amendment.State.REVIEW or not steps.lease_is_over(booking, now=now):
        return booking
    claimed = steps.claim(booking, State(booking.state), now=now)
    if claimed is None:
        return steps.reload(booking.pk)
    amendment.booking = claimed
    order = _looked_up(claimed, now=now)
    if order is None:
        steps.pause(claimed, now=now)
        raise AirlineUnavailable(provider=booking.provider)
    ask = _asks[amendment.kind]
    is_over = order.status in (OrderStatus.LAPSED, OrderStatus.CANCELLED)
    if is_over or ask.verdict(amendment, order, is_answer=False) is Verdict.DONE:
        return _judge(amendment, order, now=now)
    outcome = ask.not_sent(amendment, AirlineUnavailable(provider=booking.provider))
    return close(amendment, outcome, order=order, now=now, reason="our staff: the airline has not done it", by=by)


def hand_over(amendment_id: UUID, *, by: Actor, clock: Clock) -> Booking:
    """Our staff takes over what the airline was asked for: from now on a person asks. Another's state stays."""
    amendment, now = queries.with_booking(amendment_id), clock()
    booking = amendment.booking
    if amendment.state == Amendment.State.OPEN and steps.lease_is_over(booking, now=now):
        with transaction.atomic(durable=True):
            reason = "handed over to our staff"
            if steps.move(booking, State.MANUAL_REVIEW, now=now, reason=reason, by=by, lease_until=None):
                _mine(amendment).update(state=Amendment.State.REVIEW)
    return steps.reload(booking.pk)


def _looked_up(booking: Booking, *, now: datetime) -> ProviderOrder | None:
    try:
        return calling.provider_of(booking).get_order(booking.order_id, now=now)
    except ProviderFailure as failure:
        log.warning("amendment.look_up_failed", booking_id=str(booking.pk), detail=failure.detail)
        return None


def _ask_about(claimed: Amendment, *, clock: Clock) -> Booking:
    booking = claimed.booking
    try:
        order = calling.provider_of(booking).get_order(booking.order_id, now=clock())
    except ProviderFailure as failure:
        log.warning("amendment.look_up_failed", amendment_id=str(claimed.id), detail=failure.detail)
        return _pause(claimed, now=clock())
    except Exception:
        # A look-up that broke proves nothing. The amendment stays open, and the sweep goes on to the next one.
        log.exception("amendment.look_up_crashed", amendment_id=str(claimed.id))
        return _pause(claimed, now=clock())
    return _judge(claimed, order, now=clock())


def _judge(claimed: Amendment, order: ProviderOrder | None, *, now: datetime, is_answer: bool = False) -> Booking:
    """What the order says: done, ended in another way, to be asked again, or still open."""
    ask = _asks[claimed.kind]
    if order is None:
        return _not_done(claimed, now=now)
    if _contradicts(claimed.booking, order):
        log.error("amendment.order_contradicts", amendment_id=str(claimed.id), order=order.status)
        return _pause(claimed, now=now)
    verdict = ask.verdict(claimed, order, is_answer=is_answer)
    if verdict is Verdict.DONE:
        outcome = ask.done(claimed, claimed.booking, order, now=now)
        return close(claimed, outcome, order=order, now=now, reason="the airline has done it", by=AIRLINE)
    if order.status in (OrderStatus.LAPSED, OrderStatus.CANCELLED):
        booking = claimed.booking
        failure = HoldLapsed.of(booking) if order.status is OrderStatus.LAPSED else AlreadyCancelled()
        outcome = replace(ended(booking, order, now=now), failure=failure)
        return close(claimed, outcome, order=order, now=now, reason=f"the order is {order.status}", by=AIRLINE)
    if verdict is Verdict.ASK_AGAIN and claimed.state == Amendment.State.OPEN:
        return _asked_again(claimed, now=now)
    return _not_done(claimed, now=now)


def ended(booking: Booking, order: ProviderOrder, *, now: datetime) -> Outcome:
    """What is written of an order that the airline has ended by itself: no change of schedule waits any more."""
    news = schedule_changes.called_off(booking)
    more = news.events(STATE_OF_ORDER[order.status])
    return Outcome(changes=ended_by_airline(order, booking), more=more, also=partial(news.write, now=now))


def _asked_again(claimed: Amendment, *, now: datetime) -> Booking:
    """Repeating it is safe, and only its answer tells. Who gives none for so long is asked by a person."""
    state = State(claimed.booking.state)
    if claimed.attempts < MOST_ATTEMPTS or now - claimed.created_at < LONGEST_ASKING:
        return _note(claimed, state, now=now, reason="to be asked again", sent_at=None)
    reason = f"no answer after {claimed.attempts} attempts"
    return _note(claimed, state, now=now, reason=reason, state=Amendment.State.REVIEW)


def _not_done(claimed: Amendment, *, now: datetime) -> Booking:
    """Inside the settle window it may still be done; after it, it never will be, and may be sent again."""
    sent_at = claimed.sent_at or claimed.created_at
    window = registry.provider(claimed.booking.provider).capabilities.settle_window
    if claimed.state == Amendment.State.REVIEW or now - sent_at < LEASE + window:
        return _pause(claimed, now=now)
    if claimed.attempts < MOST_ATTEMPTS:
        return _note(claimed, State(claimed.booking.state), now=now, reason="to be asked again", sent_at=None)
    reason = f"not done after {claimed.attempts} attempts"
    if claimed.booking.state in IN_PLACE:
        return _nothing_changed(claimed, now=now, reason=reason)
    return _note(claimed, State.MANUAL_REVIEW, now=now, reason=reason, state=Amendment.State.REVIEW)


def _nothing_changed(claimed: Amendment, *, now: datetime, reason: str) -> Booking:
    refusal = AirlineUnavailable(provider=claimed.booking.provider)
    return close(claimed, _asks[claimed.kind].not_sent(claimed, refusal), now=now, reason=reason)


def _note(claimed: Amendment, after: State, *, now: datetime, reason: str, **told: Any) -> Booking:
    """What becomes of an amendment that is not closed."""
    with transaction.atomic(durable=True):
        if steps.move(claimed.booking, after, now=now, reason=reason, lease_until=None):
            _mine(claimed, sent_at=claimed.sent_at).update(**told)
    return steps.reload(claimed.booking.pk)


def close(
    claimed: Amendment,
    outcome: Outcome,
    *,
    now: datetime,
    reason: str,
    by: Actor = MOVMO,
    order: ProviderOrder | None = None,
) -> Booking:
    """T3: the booking and the amendment, together or not at all. Had a newer fence won, its word stands."""
    booking, failure = claimed.booking, outcome.failure
    before = State(booking.state)
    path = _path(booking, order) if order is not None else (outcome.state or _back(claimed),)
    changes = {**(_recorded(order, booking, now=now) if order is not None else {}), **outcome.changes}
    with transaction.atomic(durable=True):
        if steps.move(booking, *path, now=now, reason=reason, by=by, more=outcome.more, lease_until=None, **changes):
            if path == (before,):
                steps.note_all(booking, [(before, before)], fence=booking.fence, now=now, reason=reason, by=by)
            _mine(claimed).update(
                state=Amendment.State.REFUSED if failure else Amendment.State.DONE,
                failure_code=failure.code if failure else "",
                failure_facts=failure.facts if failure else {},
                settled_at=now,
            )
            if failure:
                mandates.release(claimed.pk, now=now)
            outcome.also()
    return steps.reload(booking.pk)


def _recorded(order: ProviderOrder, booking: Booking, *, now: datetime) -> dict[str, Any]:
    """Locators and tickets are replaced, never emptied: an order that is over may tell none."""
    told = as_recorded(order, booking, now=now)
    return {name: value for name, value in told.items() if value or name not in ("record_locators", "documents")}


def _mine(amendment: Amendment, **known: Any) -> QuerySet[Amendment]:
    return Amendment.objects.filter(pk=amendment.pk, state__in=queries.UNDER_WAY, **known)


def _back(amendment: Amendment) -> State:
    """Where the booking was before it was asked for anything."""
    state = State(amendment.booking.state)
    return state if state in IN_PLACE else State(amendment.returns_to)


def _path(booking: Booking, order: ProviderOrder) -> tuple[State, ...]:
    """From where the booking is to where its order is."""
    state, after = State(booking.state), STATE_OF_ORDER[order.status]
    if after is not State.CONFIRMED or state is State.TICKETED:
        return (after if after is not State.CONFIRMED else state,)
    ticketed = (State.TICKETED,) if order.documents and is_ticketed(booking, order) else ()
    if state is State.CONFIRMED:
        return ticketed or (state,)
    return (*([State.CONFIRMING] if state is State.HELD else []), State.CONFIRMED, *ticketed)


def _contradicts(booking: Booking, order: ProviderOrder) -> bool:
    """What cannot be, after what the airline said before, is not believed."""
    whole = (State(booking.state), *_path(booking, order))
    return any(after not in TRANSITIONS[before] for before, after in pairwise(whole) if before is not after)


def _pause(claimed: Amendment, *, now: datetime) -> Booking:
    return steps.pause(claimed.booking, now=now, since=claimed.sent_at)
