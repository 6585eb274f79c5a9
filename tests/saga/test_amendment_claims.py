"""Two drivers of one amendment: the fence and the lease decide, and whoever is late changes nothing."""

from collections.abc import Callable
from datetime import datetime
from functools import partial
from itertools import chain, repeat

import pytest
from django.db import transaction

from bookings.booking import steps
from bookings.booking.actors import MOVMO
from bookings.booking.amendment import queries, saga
from bookings.booking.amendment.models import Amendment
from bookings.booking.amendment.refusals import BookingBusy
from bookings.booking.amendment.services import begin
from bookings.providers.errors import Refusal
from movmo.kit.ids import new_id
from movmo.operations.dispatch import Answer
from movmo.operations.idempotency import IdempotencyInProgress
from tests.saga import airline as moods
from tests.saga.airline import DeskMood
from tests.saga.amendments import Case

pytestmark = pytest.mark.django_db


def taken_over(case: Case) -> None:
    """Another worker finds the lease run out while the first still waits for its answer."""
    case.trip.airline.before_answering = lambda: None
    case.trip.clock.forward(seconds=61)
    case.sweep()


class TestLease:
    def test_a_second_driver_hears_that_the_first_still_runs(self, case: Case) -> None:
        heard: list[object] = []

        def meddle() -> None:
            case.trip.airline.before_answering = lambda: None
            heard.append(case.replay())

        case.trip.airline.before_answering = meddle
        case.ask()
        assert [type(one) for one in heard] == [IdempotencyInProgress]
        assert (case.is_done, len(case.trip.airline.asked_for)) == (True, 1)

    def test_a_sweep_and_a_read_leave_it_alone(self, case: Case) -> None:
        def meddle() -> None:
            case.sweep()
            assert case.trip.read().under_way == case.kind.name

        case.trip.airline.before_answering = meddle
        looked = case.trip.airline.looked
        case.ask()
        assert (case.is_done, case.trip.airline.looked) == (True, looked)

    def test_nothing_is_sent_once_the_lease_is_over(self, case: Case) -> None:
        case.ask_and_lose_power()
        claimed_at = case.trip.clock.now
        stalled = chain([claimed_at], repeat(claimed_at + steps.LEASE))
        saga.submit(case.trip.amendment.pk, clock=lambda: next(stalled))
        assert (case.trip.airline.asked_for, case.trip.amendment.state) == ([], Amendment.State.OPEN)
        assert (case.trip.amendment.attempts, case.trip.amendment.sent_at) == (1, claimed_at)

    def test_what_another_has_closed_is_not_sent(self, case: Case) -> None:
        case.ask()
        saga.submit(case.trip.amendment.pk, clock=lambda: case.trip.clock.now)
        assert len(case.trip.airline.asked_for) == 1


class TestFence:
    @pytest.mark.parametrize("mood", [moods.is_closed, moods.says_no(Refusal.OTHER), moods.hears_nothing])
    def test_a_late_answer_does_not_overwrite_what_another_worker_knows(self, case: Case, mood: DeskMood) -> None:
        case.trip.airline.before_answering = partial(taken_over, case)
        outcome = case.ask(mood)
        assert isinstance(outcome, Answer)
        assert outcome.view.is_undecided()
        assert (case.state, case.trip.amendment.state) == (case.kind.meanwhile, Amendment.State.OPEN)

    def test_what_a_late_answer_has_done_is_found_all_the_same(self, case: Case) -> None:
        case.trip.airline.before_answering = partial(taken_over, case)
        case.ask()
        case.trip.clock.forward(seconds=21)
        case.sweep()
        assert case.is_done

    def test_a_claim_that_was_lost_sends_nothing(self, case: Case) -> None:
        case.ask_and_lose_power()
        stale = queries.with_booking(case.trip.amendment.pk)
        case.sweep()
        assert saga._claim(stale, now=case.trip.clock.now) is None
        assert case.is_done

    def test_a_look_up_that_lost_its_claim_tells_what_the_other_found(self, case: Case) -> None:
        case.ask(moods.hears_nothing)
        case.trip.clock.forward(seconds=21)
        case.trip.airline.when_asked = once(case.read)
        looked = case.trip.airline.looked
        case.read()
        assert case.trip.airline.looked == looked + 1

    def test_a_look_up_that_comes_second_asks_nobody(self, case: Case) -> None:
        case.ask(moods.hears_nothing)
        case.trip.clock.forward(seconds=21)
        looked = case.trip.airline.looked

        def time_after_another_has_looked() -> datetime:
            case.sweep()
            return case.trip.clock.now

        saga.look_up(case.trip.amendment.pk, clock=time_after_another_has_looked)
        assert case.trip.airline.looked == looked + 1

    def test_the_booking_is_not_taken_twice(self, case: Case) -> None:
        case.ask(moods.hears_nothing)
        other = case.ask(key="another-intention")
        assert getattr(other, "code", "") == "booking_busy"
        assert Amendment.objects.filter(state="open").count() == 1

    def test_a_look_up_that_was_overtaken_changes_nothing(self, case: Case) -> None:
        case.ask(moods.hears_nothing)
        case.trip.clock.forward(minutes=4)
        case.trip.airline.when_asked = once(partial(overtaken, case))
        case.read()
        assert (case.is_done, len(case.trip.airline.asked_for)) == (True, 2)

    def test_a_first_transaction_that_was_overtaken_leaves_nothing(self, case: Case) -> None:
        stale = case.trip.booking
        case.ask(moods.is_closed)
        late = Amendment(id=new_id(), kind=case.kind.name)
        with pytest.raises(BookingBusy), transaction.atomic():
            begin(stale, late, after=case.kind.meanwhile, reason="late", by=MOVMO, now=case.trip.clock.now)
        assert (case.is_as_before, Amendment.objects.count()) == (True, 1)


def once(act: Callable[[], object]) -> Callable[[], object]:
    """`act` at the first call, nothing at the others."""
    acts: list[Callable[[], object]] = [act]
    return lambda: acts.pop()() if acts else None


def overtaken(case: Case) -> None:
    """While the airline is asked, the lease runs out and another worker asks and sends."""
    case.trip.clock.forward(seconds=61)
    case.sweep()
