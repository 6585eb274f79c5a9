"""Several things are asked of one order at the same moment, from threads with connections of their own."""

from collections.abc import Callable
from functools import partial

import pytest

from bookings.booking import watching
from bookings.booking.acceptance.refusals import ScheduleChangeDecided
from bookings.booking.amendment.models import Amendment
from bookings.booking.amendment.refusals import AlreadyCancelled, BookingBusy, HoldLapsed
from bookings.booking.hold.services import NotHeld
from bookings.booking.models import Booking
from bookings.booking.states import State
from bookings.cancellation.refusals import QuoteStale, QuoteUsed
from bookings.providers.types import OrderStatus
from movmo.kit import clock as real_clock
from movmo.operations.context import Caller
from movmo.operations.dispatch import Answer, Contended
from movmo.operations.idempotency import IdempotencyInProgress
from tests.operations.together import together
from tests.saga import airline as moods
from tests.saga.airline import ScriptedAirline
from tests.saga.live_trip import LiveTrip

pytestmark = pytest.mark.django_db(transaction=True)

BUSY = BookingBusy | Contended | IdempotencyInProgress
SAME = {
    State.HELD: OrderStatus.HELD,
    State.TICKETED: OrderStatus.CONFIRMED,
    State.CANCELLED: OrderStatus.CANCELLED,
    State.LAPSED: OrderStatus.LAPSED,
}


def agrees(trip: LiveTrip) -> bool:
    """We and the airline, and nothing is left over."""
    left = Amendment.objects.filter(state__in=["open", "review"]).exists()
    return SAME[trip.state] is trip.order.status and not left and trip.path[-1] == trip.state


@pytest.mark.parametrize("keys", [["ana-confirms-once"] * 6, [f"ana-confirms-{n}" for n in range(6)]], ids=len)
def test_confirming_at_once_pays_once(held: LiveTrip, ana_by_scout: Caller, keys: list[str]) -> None:
    doors = (held.world.caller, ana_by_scout)
    arguments = held.arguments("confirm_hold")
    outcomes = together(
        *(partial(held.world.call, "confirm_hold", key=key, by=doors[n % 2], **arguments) for n, key in enumerate(keys))
    )
    assert [one for one in outcomes if not isinstance(one, Answer | BUSY | NotHeld)] == []
    assert any(isinstance(one, Answer) for one in outcomes)
    assert (held.airline.done, held.airline.asked_for, agrees(held)) == (["confirm_hold"], ["confirm_hold"], True)


def test_cancelling_at_once_cancels_once(booked: LiveTrip) -> None:
    booking_id = str(booked.booking.pk)
    quotes = [str(booked.quote().quote_id) for _ in range(3)] * 2
    outcomes = together(
        *(partial(booked.world.call, "cancel_booking", booking_id=booking_id, quote_id=quote) for quote in quotes)
    )
    assert [one for one in outcomes if not isinstance(one, Answer | BUSY | AlreadyCancelled | QuoteUsed)] == []
    assert [isinstance(one, Answer) for one in outcomes].count(True) == 1
    assert (booked.airline.done, booked.airline.asked_for, agrees(booked)) == (["cancel"], ["cancel"], True)


def test_all_three_at_once_come_one_after_another(held: LiveTrip) -> None:
    held.announce()
    held.quote()
    calls = [partial(held.ask, name) for name in ("confirm_hold", "cancel_booking", "accept_schedule_change")]
    outcomes = together(*calls, *calls)
    refused = AlreadyCancelled | NotHeld | ScheduleChangeDecided | QuoteStale | QuoteUsed
    assert [one for one in outcomes if not isinstance(one, Answer | BUSY | refused)] == []
    assert held.airline.done
    assert len(held.airline.done) == len(set(held.airline.done)) == len(held.airline.asked_for)
    assert agrees(held)


def test_a_hold_that_lapses_while_it_is_confirmed_is_one_or_the_other(held: LiveTrip) -> None:
    Booking.objects.update(watch_at=real_clock.now())
    held.airline.end(held.order_id, OrderStatus.LAPSED)
    look = partial(watching.look, held.booking.pk, clock=real_clock.now)
    confirmed, *_ = together(partial(held.ask, "confirm_hold"), look, look)
    assert isinstance(confirmed, HoldLapsed | BUSY)
    held.clock.forward(minutes=5)
    held.resolve()
    assert (held.state, agrees(held)) == (State.LAPSED, True)


def test_many_drivers_at_once_ask_once(booked: LiveTrip) -> None:
    booked.quote()
    booked.ask_and_lose_power("cancel_booking")
    drivers: list[Callable[[], object]] = [partial(booked.ask, "cancel_booking"), booked.resolve, booked.read]
    outcomes = together(*drivers * 2)
    known = Answer | IdempotencyInProgress | ScriptedAirline
    assert [one for one in outcomes if isinstance(one, Exception) and not isinstance(one, known)] == []
    assert (booked.airline.asked_for, agrees(booked)) == (["cancel"], True)


def test_many_drivers_at_once_find_what_was_done(held: LiveTrip) -> None:
    held.confirm(moods.does_it_silently)
    held.clock.forward(seconds=21)
    looked = held.airline.looked
    drivers: list[Callable[[], object]] = [partial(held.ask, "confirm_hold"), held.resolve, held.read]
    outcomes = together(*drivers * 2)
    assert [one for one in outcomes if isinstance(one, Exception)] == []
    assert (held.airline.asked_for, held.airline.looked - looked, agrees(held)) == (["confirm_hold"], 1, True)
