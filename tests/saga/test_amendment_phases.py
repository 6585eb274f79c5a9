"""Every phase of what is asked of an order fails in every way; then somebody resumes. It is done once or not at all."""

from collections.abc import Callable

import pytest

from bookings.booking.actors import Actor
from bookings.booking.amendment import saga
from bookings.booking.amendment.models import Amendment
from bookings.booking.amendment.refusals import AirlineRefused, AirlineUnavailable, AlreadyCancelled, HoldLapsed
from bookings.booking.states import State
from bookings.providers.errors import Refusal
from bookings.providers.types import OrderStatus
from movmo.kit.errors import DomainError
from movmo.operations.dispatch import Answer
from movmo.operations.idempotency import IdempotencyInProgress
from tests.saga import airline as moods
from tests.saga.airline import DeskMood, PowerCut, dies_when_asked
from tests.saga.amendments import ACCEPT, CANCEL, CONFIRM, Case

pytestmark = pytest.mark.django_db

Resume = Callable[[Case], object]
BY_ANYBODY: list[Resume] = [Case.replay, Case.read, Case.sweep]
BY_A_SENDER: list[Resume] = [Case.replay, Case.sweep]
LEFT_IT_DONE = [moods.does_it_silently, moods.breaks_having_done_it]
LEFT_NOTHING = [moods.hears_nothing, moods.breaks_first]


def is_undecided(outcome: object) -> bool:
    return isinstance(outcome, Answer) and outcome.view.is_undecided() and outcome.status == 202


class TestFinalAnswers:
    def test_what_is_done_is_written_down_and_told(self, case: Case) -> None:
        outcome = case.ask()
        assert isinstance(outcome, Answer)
        assert (case.is_done, outcome.status, outcome.view.is_undecided()) == (True, 201, False)

    def test_a_replay_tells_it_and_asks_nobody(self, case: Case) -> None:
        first, again = case.ask(), case.replay()
        assert isinstance(first, Answer)
        assert isinstance(again, Answer)
        assert (again.view, again.replayed, len(case.trip.airline.asked_for)) == (first.view, True, 1)

    def test_a_refusal_leaves_the_booking_as_it_was(self, case: Case) -> None:
        refusal = case.ask(moods.says_no(Refusal.OTHER))
        assert isinstance(refusal, AirlineRefused)
        assert case.is_as_before
        assert case.trip.amendment.state == Amendment.State.REFUSED

    def test_an_airline_that_is_not_reached_leaves_the_booking_as_it_was(self, case: Case) -> None:
        assert isinstance(case.ask(moods.is_closed), AirlineUnavailable)
        assert case.is_as_before

    @pytest.mark.parametrize("mood", [moods.is_closed, moods.says_no(Refusal.OTHER)])
    def test_a_replay_tells_the_refusal_again(self, case: Case, mood: DeskMood) -> None:
        first, again = case.ask(mood), case.replay()
        assert isinstance(first, DomainError)
        assert isinstance(again, DomainError)
        assert (again.code, again.facts, again.replayed) == (first.code, first.facts, True)
        assert len(case.trip.airline.asked_for) == 1

    def test_after_a_refusal_the_same_may_be_asked_with_a_new_key(self, case: Case) -> None:
        case.ask(moods.is_closed)
        assert isinstance(case.ask(key="asked-once-more"), Answer)
        assert case.is_done

    @pytest.mark.parametrize("resume", BY_ANYBODY)
    def test_what_is_decided_is_never_asked_again(self, case: Case, resume: Resume) -> None:
        case.ask()
        case.trip.clock.forward(hours=1)
        resume(case)
        assert (case.is_done, case.trip.airline.asked_for) == (True, [case.kind.done])


class TestUnknown:
    @pytest.mark.parametrize("mood", [*LEFT_IT_DONE, *LEFT_NOTHING, moods.does_it_late])
    def test_a_lost_answer_leaves_it_undecided(self, case: Case, mood: DeskMood) -> None:
        outcome = case.ask(mood)
        assert is_undecided(outcome)
        assert isinstance(outcome, Answer)
        assert (case.state, case.trip.read().under_way) == (case.kind.meanwhile, case.kind.name)
        assert case.trip.amendment.state == Amendment.State.OPEN

    @pytest.mark.parametrize("resume", BY_A_SENDER)
    @pytest.mark.parametrize("mood", LEFT_IT_DONE)
    def test_what_was_done_is_found_and_not_done_again(self, case: Case, mood: DeskMood, resume: Resume) -> None:
        case.ask(mood)
        case.trip.clock.forward(seconds=21)
        resume(case)
        assert case.is_done

    @pytest.mark.parametrize("case", [CONFIRM, CANCEL], ids=str, indirect=True)
    def test_a_read_finds_it_too(self, case: Case) -> None:
        case.ask(moods.does_it_silently)
        case.trip.clock.forward(seconds=21)
        case.read()
        assert case.is_done

    @pytest.mark.parametrize("case", [ACCEPT], ids=str, indirect=True)
    def test_only_the_airline_s_answer_tells_an_accepted_change_from_a_withdrawn_one(self, case: Case) -> None:
        case.ask(moods.does_it_silently, *[moods.hears_nothing] * 4, moods.is_closed)
        for _ in range(5):
            case.trip.clock.forward(seconds=21)
            case.read()
            case.sweep()
            assert case.trip.amendment.state == Amendment.State.OPEN
        case.trip.clock.forward(seconds=61)
        case.sweep()
        assert (case.is_done, len(case.trip.airline.asked_for)) == (True, 7)

    def test_an_airline_that_is_not_reached_again_does_not_end_what_may_have_been_heard(self, case: Case) -> None:
        case.ask(moods.does_it_late, moods.is_closed)
        case.trip.airline.later = []
        case.trip.clock.forward(minutes=4)
        case.sweep()
        assert (case.trip.amendment.state, len(case.trip.airline.asked_for)) == (Amendment.State.OPEN, 2)

    @pytest.mark.parametrize("resume", BY_A_SENDER)
    @pytest.mark.parametrize("mood", LEFT_NOTHING)
    def test_what_was_not_done_is_asked_again_after_the_settle_window(
        self, case: Case, mood: DeskMood, resume: Resume
    ) -> None:
        case.ask(mood)
        case.trip.clock.forward(seconds=179)
        resume(case)
        assert (case.is_as_before or case.state is case.kind.meanwhile, len(case.trip.airline.asked_for)) == (True, 1)
        case.trip.clock.forward(seconds=21)
        resume(case)
        assert (case.is_done, len(case.trip.airline.asked_for)) == (True, 2)

    @pytest.mark.parametrize("resume", BY_A_SENDER)
    def test_what_is_done_late_is_found(self, case: Case, resume: Resume) -> None:
        case.ask(moods.does_it_late)
        for _ in range(3):
            case.trip.clock.forward(seconds=61)
            resume(case)
        assert case.is_done

    def test_a_read_never_asks_for_anything(self, case: Case) -> None:
        case.ask(moods.hears_nothing)
        for _ in range(6):
            case.trip.clock.forward(minutes=3)
            case.read()
        assert case.trip.airline.asked_for == [case.kind.done]

    def test_after_three_attempts_a_person_asks(self, case: Case) -> None:
        case.ask(*[moods.hears_nothing] * 3)
        for _ in range(6):
            case.trip.clock.forward(minutes=4)
            case.sweep()
        assert (case.state, case.trip.amendment.state) == case.kind.given_up
        assert len(case.trip.airline.asked_for) == 3
        assert case.trip.read().under_way == (case.kind.name if case.state is State.MANUAL_REVIEW else None)

    @pytest.mark.parametrize("case", [CONFIRM, CANCEL], ids=str, indirect=True)
    def test_what_the_person_achieves_is_learned_by_a_read(self, case: Case) -> None:
        case.ask(*[moods.hears_nothing] * 3)
        for _ in range(6):
            case.trip.clock.forward(minutes=4)
            case.sweep()
        case.trip.order.status = OrderStatus.CANCELLED if case.kind is CANCEL else OrderStatus.CONFIRMED
        case.trip.clock.forward(minutes=1)
        case.read()
        assert case.was_written_down

    @pytest.mark.parametrize("case", [ACCEPT], ids=str, indirect=True)
    def test_what_nobody_answers_in_an_hour_is_asked_by_a_person(self, case: Case) -> None:
        case.ask(*[moods.does_it_silently] * 100)
        for _ in range(90):
            case.trip.clock.forward(seconds=61)
            case.sweep()
        assert (case.state, case.trip.amendment.state) == (case.kind.before, Amendment.State.REVIEW)
        sent = len(case.trip.airline.asked_for)
        case.trip.clock.forward(hours=5)
        case.sweep()
        assert len(case.trip.airline.asked_for) == sent

    @pytest.mark.parametrize("case", [CONFIRM, CANCEL], ids=str, indirect=True)
    def test_what_the_person_hears_was_not_done_lets_the_booking_go_on(self, case: Case) -> None:
        case.ask(*[moods.hears_nothing] * 3)
        for _ in range(6):
            case.trip.clock.forward(minutes=4)
            case.sweep()
        clerk = Actor("staff", "admin")
        saga.let_go(case.trip.amendment.pk, by=clerk, clock=lambda: case.trip.clock.now)
        assert (case.state, case.trip.amendment.state) == (case.kind.before, Amendment.State.REFUSED)
        last = case.trip.booking.transitions.last()
        assert last is not None
        assert (last.who, last.via) == ("staff", "admin")
        assert case.trip.read().under_way is None
        assert isinstance(case.ask(key="asked-once-more"), Answer)
        assert case.is_done

    @pytest.mark.parametrize("case", [CONFIRM, CANCEL], ids=str, indirect=True)
    def test_what_the_person_takes_for_undone_and_was_done_is_told_as_done(self, case: Case) -> None:
        case.ask(*[moods.hears_nothing] * 3)
        for _ in range(6):
            case.trip.clock.forward(minutes=4)
            case.sweep()
        case.trip.order.status = OrderStatus.CANCELLED if case.kind is CANCEL else OrderStatus.CONFIRMED
        saga.let_go(case.trip.amendment.pk, by=Actor("staff", "admin"), clock=lambda: case.trip.clock.now)
        assert case.was_written_down

    @pytest.mark.parametrize("case", [ACCEPT], ids=str, indirect=True)
    def test_what_cannot_be_after_what_was_said_is_not_believed(self, case: Case) -> None:
        case.ask(moods.hears_nothing)
        case.trip.order.status = OrderStatus.LAPSED  # of a ticketed booking
        case.trip.clock.forward(minutes=4)
        case.sweep()
        assert (case.state, case.trip.amendment.state) == (case.kind.before, Amendment.State.OPEN)

    def test_a_deaf_airline_proves_nothing(self, case: Case) -> None:
        case.ask(moods.does_it_silently)
        case.trip.airline.is_deaf = True
        for _ in range(5):
            case.trip.clock.forward(minutes=4)
            case.sweep()
        assert (case.state, len(case.trip.airline.asked_for)) == (case.kind.meanwhile, 1)
        case.trip.airline.is_deaf = False
        case.trip.clock.forward(seconds=21)
        case.sweep()
        assert case.is_done

    def test_nor_does_an_adapter_that_breaks_in_a_look_up(self, case: Case) -> None:
        case.ask(moods.does_it_silently)
        case.trip.clock.forward(seconds=21)
        case.trip.airline.when_asked = break_down
        case.read()
        assert case.trip.amendment.state == Amendment.State.OPEN
        case.trip.airline.when_asked = lambda: None
        case.trip.clock.forward(seconds=21)
        case.replay()
        assert case.is_done

    def test_an_order_that_the_airline_cannot_find_is_not_done(self, case: Case) -> None:
        case.ask(moods.does_it_silently)
        kept = dict(case.trip.airline.orders)
        case.trip.airline.orders.clear()
        case.trip.clock.forward(seconds=21)
        case.read()
        assert case.trip.amendment.state == Amendment.State.OPEN
        case.trip.airline.orders.update(kept)
        case.trip.clock.forward(seconds=21)
        case.replay()
        assert case.is_done


def break_down() -> None:
    raise RuntimeError("a bug in the adapter")


class TestPowerCuts:
    @pytest.mark.parametrize("resume", BY_A_SENDER)
    def test_after_the_first_transaction(self, case: Case, resume: Resume) -> None:
        case.ask_and_lose_power()
        assert (case.state, case.trip.airline.asked_for) == (case.kind.meanwhile, [])
        case.trip.clock.forward(seconds=20)
        resume(case)
        assert case.is_done

    def test_a_read_shows_it_and_asks_for_nothing(self, case: Case) -> None:
        case.ask_and_lose_power()
        assert case.trip.read().under_way == case.kind.name
        assert (case.trip.airline.asked_for, case.trip.airline.looked) == ([], 0)

    @pytest.mark.parametrize("resume", BY_A_SENDER)
    def test_before_the_airline_has_heard(self, case: Case, resume: Resume) -> None:
        assert isinstance(case.ask(moods.power_fails_first), PowerCut)
        case.trip.clock.forward(seconds=60)
        resume(case)
        assert len(case.trip.airline.asked_for) == 1
        case.trip.clock.forward(minutes=3)
        resume(case)
        assert case.is_done

    @pytest.mark.parametrize("resume", BY_A_SENDER)
    def test_after_the_airline_has_done_it(self, case: Case, resume: Resume) -> None:
        assert isinstance(case.ask(moods.power_fails_having_done_it), PowerCut)
        case.trip.clock.forward(seconds=60)
        resume(case)
        assert case.is_done

    @pytest.mark.parametrize("resume", BY_A_SENDER)
    def test_during_a_look_up(self, case: Case, resume: Resume) -> None:
        case.ask(moods.does_it_silently)
        case.trip.clock.forward(seconds=21)
        with dies_when_asked(case.trip.airline):
            assert isinstance(case.replay(), PowerCut)
        resume(case)
        assert case.trip.amendment.state == Amendment.State.OPEN  # the dead one's lease
        case.trip.clock.forward(seconds=60)
        resume(case)
        assert case.is_done

    def test_a_replay_within_the_lease_hears_that_the_first_call_still_runs(self, case: Case) -> None:
        case.ask(moods.power_fails_first)
        outcome = case.replay()
        assert isinstance(outcome, IdempotencyInProgress)
        assert outcome.retry_after == 1


class TestTheAirlineEndsTheOrderMeanwhile:
    @pytest.mark.parametrize("resume", BY_ANYBODY)
    @pytest.mark.parametrize("mood", [moods.hears_nothing, moods.power_fails_first])
    def test_a_cancelled_order_is_told_as_such(self, case: Case, mood: DeskMood, resume: Resume) -> None:
        case.ask(mood)
        case.trip.airline.end(case.trip.order_id, OrderStatus.CANCELLED)
        case.trip.clock.forward(seconds=61)
        resume(case)
        booking = case.trip.read()
        assert (booking.status, booking.under_way) == (State.CANCELLED, None)
        assert booking.cancellation is not None
        assert booking.cancellation.cancelled_by == "airline"
        if case.kind is not CANCEL:
            assert isinstance(case.replay(), AlreadyCancelled)

    def test_an_airline_that_says_it_is_over_is_asked_how(self, case: Case) -> None:
        case.trip.airline.before_answering = lambda: case.trip.airline.end(case.trip.order_id, OrderStatus.CANCELLED)
        outcome = case.ask(moods.says_no(Refusal.ORDER_OVER))
        assert case.state is State.CANCELLED
        assert isinstance(outcome, Answer if case.kind is CANCEL else AlreadyCancelled)

    def test_an_airline_that_contradicts_itself_is_asked_by_a_person(self, case: Case) -> None:
        case.ask(*[moods.says_no(Refusal.ORDER_OVER)] * 3)
        for _ in range(6):
            case.trip.clock.forward(minutes=4)
            case.sweep()
        assert (case.state, case.trip.amendment.state) == case.kind.given_up

    @pytest.mark.parametrize("kind", [CONFIRM, CANCEL, ACCEPT], ids=str)
    def test_a_hold_that_lapsed_is_told_as_such(self, held_case: Case) -> None:
        held_case.ask(moods.hears_nothing)
        held_case.trip.airline.end(held_case.trip.order_id, OrderStatus.LAPSED)
        held_case.trip.clock.forward(seconds=61)
        assert isinstance(held_case.replay(), HoldLapsed)
        assert (held_case.state, held_case.trip.amendment.state) == (State.LAPSED, Amendment.State.REFUSED)

    @pytest.mark.parametrize("case", [CONFIRM, CANCEL], ids=str, indirect=True)
    def test_what_ended_while_a_person_asked_is_learned_by_a_read(self, case: Case) -> None:
        case.ask(*[moods.hears_nothing] * 3)
        for _ in range(6):
            case.trip.clock.forward(minutes=4)
            case.sweep()
        case.trip.airline.end(case.trip.order_id, OrderStatus.CANCELLED)
        case.trip.clock.forward(minutes=1)
        assert case.trip.read().status is State.CANCELLED
        assert case.trip.amendment.state in (Amendment.State.REFUSED, Amendment.State.DONE)
