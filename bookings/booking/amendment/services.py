"""Writes of amendments: the first transaction of what is asked of a live order, and its answer."""

from datetime import datetime
from functools import partial
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction

from bookings.booking import patience, steps
from bookings.booking import queries as bookings
from bookings.booking.actors import MOVMO, Actor
from bookings.booking.amendment import queries, saga
from bookings.booking.amendment.models import Amendment
from bookings.booking.amendment.refusals import BookingBusy
from bookings.booking.models import Booking
from bookings.booking.provider_call import calling
from bookings.booking.schedule_change.models import ScheduleChange
from bookings.booking.schemas import BookingView
from bookings.booking.states import LIVE, State
from bookings.catalogue import modes
from movmo.kit.errors import revive
from movmo.kit.ids import new_id
from movmo.operations import nudge
from movmo.operations.context import Context
from movmo.operations.idempotency import IdempotencyInProgress

ACCEPTANCE = Amendment.Kind.ACCEPT_SCHEDULE_CHANGE


def begin(
    booking: Booking, amendment: Amendment, *, after: State, reason: str, by: Actor, now: datetime, **changes: Any
) -> None:
    """T1: write down what is asked, unless something is asked already, and take the booking to `after`.

    In the transaction that is open. Raises BookingBusy; then nothing of it may stay.
    """
    amendment.booking = booking
    amendment.returns_to = booking.state
    amendment.who, amendment.via, amendment.user_id = by.who, by.via, by.user_id
    amendment.created_at = now
    try:
        with transaction.atomic():
            amendment.save(force_insert=True)
    except IntegrityError:
        raise BookingBusy(reason="the airline is being asked for something else", status=booking.state) from None
    if not steps.move(booking, after, now=now, reason=reason, by=by, lease_until=None, is_amended=True, **changes):
        raise BookingBusy(reason="it has just changed", status=booking.state)


def accept_by_policy(change: ScheduleChange, *, now: datetime) -> Amendment | None:
    """Movmo accepts a minor change. None while something else goes on with the booking. The sweep drives it on."""
    booking = steps.reload(change.booking_id)
    if booking.state not in LIVE:
        return None
    amendment = Amendment(id=new_id(), kind=ACCEPTANCE, subject_id=change.pk, reference=change.reference)
    try:
        with transaction.atomic():
            reason = "a minor change of schedule"
            begin(booking, amendment, after=State(booking.state), reason=reason, by=MOVMO, now=now)
    except BookingBusy:
        return None
    return amendment


def advance(ctx: Context, amendment_id: UUID) -> BookingView:
    """Drive it as far as it goes while the caller waits. Safe to repeat. Raises the refusal of what was refused."""
    amendment = queries.with_booking(amendment_id)
    modes.check(ctx.caller, amendment.booking.provider)  # a repeated call may come with another key than the first
    with calling.caused_by(ctx.caller.request_id):
        driven = patience.within_budget(partial(saga.drive, amendment_id, clock=ctx.clock))
    amendment = queries.with_booking(amendment_id)
    if amendment.state == Amendment.State.REFUSED:
        raise revive(amendment.failure_code, amendment.failure_facts)
    if driven and saga.is_in_flight(amendment, now=ctx.clock()):
        raise IdempotencyInProgress(retry_after=1)
    view = bookings.view(amendment.booking)
    if view.is_undecided():
        nudge.say("bookings")
    return view
