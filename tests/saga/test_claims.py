"""Two drivers of one booking: the fence and the lease decide, and whoever is late loses."""

from dataclasses import replace
from functools import partial
from itertools import chain, repeat
from typing import Any
from uuid import UUID

import pytest
from django.core.management import CommandError
from django.db import OperationalError, transaction

from bookings.booking import saga, steps
from bookings.booking.schemas import BookingView
from bookings.booking.states import State
from bookings.offer.schemas import OfferStatus
from bookings.providers.errors import Refusal
from movmo.kit.errors import DomainError, Internal
from movmo.operations.context import Context
from movmo.operations.dispatch import Answer, dispatch
from movmo.operations.idempotency import IdempotencyInProgress
from tests.contract.world import World, booking_of, the
from tests.operations.together import together
from tests.saga import airline as moods
from tests.saga.airline import ScriptedAirline
from tests.saga.trip import Trip


def taken_over(trip: Trip) -> None:
    """Another worker finds the lease run out while the first still waits for its answer."""
    trip.clock.forward(seconds=61)
    trip.resolve()


@pytest.mark.django_db
class TestLease:
    def test_a_second_driver_hears_that_the_first_still_runs(self, trip: Trip) -> None:
        heard: list[object] = []
        trip.airline.before_answering = lambda: heard.append(trip.replay())
        trip.book()
        assert [type(one) for one in heard] == [IdempotencyInProgress]
        assert (trip.state, trip.live_orders) == (State.TICKETED, 1)

    def test_a_sweep_and_a_read_leave_a_claimed_booking_alone(self, trip: Trip) -> None:
        seen: list[State] = []

        def meddle() -> None:
            trip.resolve()
            seen.append(trip.read().status)

        trip.airline.before_answering = meddle
        trip.book()
        assert (seen, trip.airline.asked) == ([State.SUBMITTING], 0)
        assert trip.path == ["reserved", "submitting", "confirmed", "ticketed"]

    def test_only_one_looks_up_at_a_time(self, trip: Trip) -> None:
        trip.book(moods.loses_the_answer)
        trip.airline.when_asked = lambda: trip.read() if trip.airline.asked < 5 else None
        trip.read()
        assert (trip.airline.asked, trip.state) == (1, State.TICKETED)


@pytest.mark.django_db
class TestFence:
    def test_a_late_answer_does_not_overwrite_what_another_worker_found_out(self, trip: Trip) -> None:
        trip.airline.before_answering = partial(taken_over, trip)
        outcome = trip.book()
        assert isinstance(outcome, Answer)
        assert (outcome.view.is_undecided(), trip.state) == (True, State.UNKNOWN)
        assert trip.path == ["reserved", "submitting", "unknown"]

    def test_the_order_of_a_late_answer_is_found_all_the_same(self, trip: Trip) -> None:
        trip.airline.before_answering = partial(taken_over, trip)
        trip.book()
        trip.clock.forward(seconds=20)
        trip.resolve()
        assert (trip.state, trip.live_orders, len(trip.airline.sent)) == (State.TICKETED, 1, 1)

    def test_a_late_refusal_does_not_free_the_offer(self, trip: Trip) -> None:
        trip.airline.before_answering = partial(taken_over, trip)
        trip.book(moods.rejects(Refusal.PAYMENT_DECLINED))
        assert (trip.state, trip.offer_status) == (State.UNKNOWN, OfferStatus.CONSUMED)

    def test_a_stale_settle_loses(self, trip: Trip) -> None:
        trip.book_and_lose_power_before_the_claim()
        stale = steps.reload(trip.booking.pk)
        trip.resolve()
        assert saga.resume(stale, clock=lambda: trip.clock.now).state == State.TICKETED
        assert (trip.live_orders, len(trip.airline.sent)) == (1, 1)

    def test_a_look_up_that_comes_late_tells_what_the_first_found(self, trip: Trip) -> None:
        trip.book(moods.loses_the_answer)
        stale = steps.reload(trip.booking.pk)
        trip.read()
        assert saga.look_up(stale, clock=lambda: trip.clock.now).state == State.TICKETED
        assert trip.airline.asked == 1

    def test_each_claim_raises_the_fence(self, trip: Trip) -> None:
        trip.book(moods.loses_the_order)
        fences = [trip.booking.fence]
        trip.clock.forward(minutes=3)
        trip.resolve()
        fences += trip.booking.transitions.order_by("id").values_list("fence", flat=True)
        assert fences == [1, 0, 1, 1, 2, 3, 3, 3]


@pytest.mark.django_db(transaction=True)
def test_many_drivers_at_once_send_one_order(trip: Trip) -> None:
    trip.book_and_lose_power_before_the_claim()
    outcomes = together(*[trip.replay, trip.resolve, trip.read] * 2)
    known: Any = Answer | IdempotencyInProgress | moods.ScriptedAirline
    assert [one for one in outcomes if isinstance(one, Exception) and not isinstance(one, known)] == []
    assert (trip.state, trip.live_orders, len(trip.airline.sent)) == (State.TICKETED, 1, 1)


@pytest.mark.django_db(transaction=True)
def test_many_drivers_at_once_find_the_lost_order(trip: Trip, world: World, airline: ScriptedAirline) -> None:
    trip.book(moods.loses_the_answer)
    outcomes = together(*[trip.replay, trip.resolve, trip.read] * 2)
    assert [one for one in outcomes if isinstance(one, Exception)] == []
    assert (trip.state, trip.live_orders, len(airline.sent), airline.asked) == (State.TICKETED, 1, 1, 1)


@pytest.mark.django_db
class TestStalledWorker:
    def test_nothing_is_sent_once_the_lease_is_over(self, trip: Trip) -> None:
        trip.book_and_lose_power_before_the_claim()
        claimed_at = trip.clock.now
        stalled = chain([claimed_at], repeat(claimed_at + steps.LEASE))
        booking = saga.submit(trip.booking, clock=lambda: next(stalled))
        assert (booking.state, trip.airline.sent) == (State.UNKNOWN, [])

    def test_an_order_that_comes_in_after_its_booking_was_given_up_goes_to_a_person(self, trip: Trip) -> None:
        trip.airline.before_answering = partial(given_up, trip)
        trip.book(moods.is_unavailable)
        assert (trip.state, trip.live_orders) == (State.MANUAL_REVIEW, 1)
        assert trip.path[-2:] == ["failed", "manual_review"]
        trip.clock.forward(seconds=3)
        assert trip.read().status is State.TICKETED


def given_up(trip: Trip) -> None:
    """While the first worker waits for its answer, others let the settle window pass, try again and are refused."""
    trip.airline.before_answering = lambda: None
    taken_over(trip)
    trip.clock.forward(minutes=3)
    trip.resolve()
    assert trip.state is State.FAILED


@pytest.mark.django_db
class TestLockLostAfterTheReservation:
    @pytest.mark.parametrize(
        ("failure", "heard"),
        [("database is locked", IdempotencyInProgress), ("server closed the connection unexpectedly", Internal)],
    )
    def test_the_caller_hears_that_the_call_runs_and_repeats_it(
        self, trip: Trip, failure: str, heard: type[DomainError]
    ) -> None:
        def breaks(ctx: Context, booking_id: UUID) -> BookingView:
            raise OperationalError(failure)

        broken = replace(the("create_booking"), advance=breaks)
        with pytest.raises(heard) as caught:
            dispatch(broken, trip.world.caller, booking_of(trip.offer), trip.key)
        assert not caught.value.replayed
        assert trip.state is State.RESERVED
        trip.replay()
        assert (trip.state, trip.live_orders) == (State.TICKETED, 1)


@pytest.mark.django_db
def test_a_sweep_says_what_it_could_not_drive_and_the_next_one_tries_again(trip: Trip) -> None:
    trip.book_and_lose_power_before_the_claim()
    with transaction.atomic(), pytest.raises(CommandError, match=r"1 booking\(s\)"):
        trip.resolve()  # no durable phase can begin in somebody's transaction
    trip.clock.forward(minutes=1)
    trip.resolve()
    assert trip.state is State.TICKETED
