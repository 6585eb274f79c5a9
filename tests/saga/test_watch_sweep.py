"""The sweep: it finds in the database whatever is due, soon, once, and nothing keeps the others waiting."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from django.core.management import call_command
from django.db import transaction

from bookings.booking import sweeping, tasks, watching
from bookings.booking.models import Booking
from bookings.booking.states import State
from bookings.booking.sweeping import CALLERS_OWN, PENDING_AT_MOST
from bookings.providers.types import OrderStatus
from movmo.kit import clock as real_clock
from tests.saga import airline as moods
from tests.saga.amendments import Case
from tests.saga.trip import Trip

pytestmark = pytest.mark.django_db

SWEEP = timedelta(seconds=2)


@pytest.fixture(autouse=True)
def sent(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, dict[str, Any]]]:
    """Messages to workers, instead of a broker."""
    messages: list[tuple[str, dict[str, Any]]] = []
    for task in (tasks.drive, tasks.watch):
        name = task.name.rpartition(".")[2]
        monkeypatch.setattr(task, "apply_async", lambda name=name, **options: messages.append((name, options)))
    return messages


def due() -> list[UUID]:
    return sweeping.due(now=real_clock.now(), limit=10)


def sweep() -> None:
    """What the workers do every two seconds."""
    for booking_id in due():
        sweeping.drive(booking_id, clock=real_clock.now)


def another(trip: Trip) -> Trip:
    return Trip(trip.world, trip.airline, trip.clock)


class TestSoon:
    def test_an_unknown_booking_is_resolved_within_half_a_minute_of_when_the_airline_can_answer(
        self, trip: Trip
    ) -> None:
        trip.book(moods.loses_the_answer)
        trip.airline.is_deaf = True
        for away in (timedelta(seconds=5), timedelta(minutes=1), timedelta(minutes=10), timedelta(hours=3)):
            until = trip.clock.now + away
            trip.clock.set(max(trip.clock.now, until - timedelta(minutes=1)))
            while trip.clock.now < until:
                trip.clock.set(trip.clock.now + SWEEP)
                sweep()
            trip.airline.is_deaf, back = False, trip.clock.now
            while trip.state is State.UNKNOWN:
                trip.clock.set(trip.clock.now + SWEEP)
                sweep()
            assert trip.clock.now - back <= timedelta(seconds=30)
            assert (trip.state, trip.live_orders) == (State.TICKETED, 1)
            Booking.objects.update(state=State.UNKNOWN)
            trip.airline.is_deaf = True

    def test_a_booking_whose_process_died_before_anything_was_sent_is_taken_up(self, trip: Trip) -> None:
        trip.book_and_lose_power_before_the_claim()
        trip.clock.set(trip.clock.now + CALLERS_OWN)
        sweep()
        assert trip.state is State.TICKETED

    def test_one_that_was_just_made_is_left_to_its_own_call(self, trip: Trip) -> None:
        trip.book_and_lose_power_before_the_claim()
        trip.clock.set(trip.clock.now + CALLERS_OWN - SWEEP)
        assert due() == []

    def test_what_was_just_asked_of_a_live_one_is_left_to_its_own_call(self, case: Case) -> None:
        case.ask_and_lose_power()
        case.trip.clock.forward(seconds=(CALLERS_OWN - SWEEP).total_seconds())
        assert due() == []

    def test_and_is_taken_up_when_that_call_died(self, case: Case) -> None:
        case.ask_and_lose_power()
        case.trip.clock.forward(seconds=CALLERS_OWN.total_seconds())
        assert due() == [case.trip.booking.pk]
        sweep()
        assert case.is_done

    def test_what_somebody_holds_is_left_alone(self, trip: Trip) -> None:
        trip.book(moods.power_fails_before_sending)
        trip.clock.forward(seconds=59)
        assert due() == []
        trip.clock.forward(seconds=2)
        assert due() == [trip.booking.pk]


class TestFair:
    def test_those_that_have_waited_longest_come_first(self, trip: Trip) -> None:
        trips = [trip, another(trip), another(trip)]
        for one in trips:
            one.book(moods.loses_the_answer)
            trip.clock.forward(seconds=1)
        trip.clock.forward(minutes=1)
        assert due() == [one.booking.pk for one in trips]
        assert sweeping.due(now=trip.clock.now, limit=2) == [one.booking.pk for one in trips[:2]]
        sweeping.drive(trip.booking.pk, clock=real_clock.now)

    def test_one_that_crashes_goes_to_the_end_and_comes_again(self, trip: Trip) -> None:
        hopeless, other = trip, another(trip)
        hopeless.book_and_lose_power_before_the_claim()
        other.book_and_lose_power_before_the_claim()
        trip.clock.forward(minutes=1)
        assert due()[0] == hopeless.booking.pk
        crash(hopeless)
        assert due() == [other.booking.pk]
        trip.clock.forward(minutes=1)
        assert set(due()) == {hopeless.booking.pk, other.booking.pk}
        assert due()[0] == other.booking.pk

    def test_a_crash_takes_nothing_from_whoever_has_the_booking_meanwhile(self, trip: Trip) -> None:
        trip.book(moods.loses_the_answer)
        trip.clock.forward(minutes=1)

        def another_takes_it() -> None:
            Booking.objects.update(fence=50, lease_until=None)
            raise KeyboardInterrupt

        trip.airline.when_asked = another_takes_it
        with pytest.raises(KeyboardInterrupt):
            sweeping.drive(trip.booking.pk, clock=real_clock.now)
        assert trip.booking.lease_until is None

    def test_each_booking_comes_once(self, trip: Trip) -> None:
        trip.book(moods.loses_the_answer)
        trip.clock.forward(minutes=1)
        Booking.objects.update(payment_status="approved")
        assert due() == [trip.booking.pk]


class TestMoneyToGiveBack:
    """The bank does not say that it gave anything back: here it cannot even be asked, for no card is known."""

    @pytest.mark.parametrize(
        ("state", "pauses"), [(State.FAILED, (20, 20, 60 * 60)), (State.HELD, (20, 20, 20))], ids=["failed", "held"]
    )
    def test_the_bank_is_asked_after_pauses(self, trip: Trip, state: State, pauses: tuple[int, ...]) -> None:
        trip.book()
        made = trip.clock.now
        for pause, waited in zip(pauses, (0, 40, 10 * 60 * 60), strict=True):
            trip.clock.set(made + timedelta(seconds=waited))
            Booking.objects.update(state=state, payment_status="approved", lease_until=None)
            assert due() == [trip.booking.pk]
            sweep()
            assert trip.booking.lease_until == trip.clock.now + timedelta(seconds=pause)
            assert due() == []


class TestPendingForTooLong:
    def test_after_a_week_a_person_asks(self, trip: Trip) -> None:
        trip.book(moods.ponders)
        trip.clock.set(trip.clock.now + PENDING_AT_MOST - SWEEP)
        sweep()
        assert trip.path[-1] == "pending"
        trip.clock.forward(minutes=1)
        sweep()
        assert trip.path[-1] == "manual_review"
        trip.clock.forward(minutes=1)
        assert due() == []

    def test_what_the_airline_decides_on_the_last_day_counts(self, trip: Trip) -> None:
        trip.book(moods.ponders)
        trip.clock.set(trip.clock.now + PENDING_AT_MOST * 2)
        trip.airline.decide(OrderStatus.CONFIRMED)
        sweep()
        assert trip.state is State.TICKETED


class TestMessages:
    def test_one_goes_out_for_each_booking_with_its_id_and_an_end(self, trip: Trip, sent: Any) -> None:
        trip.book(moods.loses_the_answer)
        live = another(trip)
        live.book()
        trip.clock.forward(minutes=2)
        tasks.sweep()
        assert [(name, options["kwargs"]) for name, options in sent] == [
            ("drive", {"booking_id": str(trip.booking.pk)}),
            ("watch", {"booking_id": str(live.booking.pk)}),
        ]
        assert {options["expires"] for _, options in sent} == {tasks.STALE_SECONDS}

    def test_a_worker_that_hears_it_twice_does_it_once(self, trip: Trip) -> None:
        trip.book(moods.loses_the_answer)
        trip.clock.forward(minutes=2)
        for _ in range(2):
            tasks.drive(booking_id=str(trip.booking.pk))
        assert (trip.state, trip.airline.asked) == (State.TICKETED, 1)

    def test_what_is_heard_too_late_does_no_harm(self, trip: Trip) -> None:
        trip.book()
        for _ in range(3):
            tasks.drive(booking_id=str(trip.booking.pk))
            tasks.watch(booking_id=str(trip.booking.pk))
        assert (trip.state, trip.live_orders) == (State.TICKETED, 1)


def test_the_command_and_the_sweep_find_the_same(trip: Trip, capsys: pytest.CaptureFixture[str]) -> None:
    trip.book(moods.loses_the_answer)
    trip.clock.forward(minutes=1)
    found = due()
    call_command("resolve_bookings")
    assert [line.split()[0] for line in capsys.readouterr().out.splitlines()] == [str(one) for one in found]
    assert (due(), watching.due(now=trip.clock.now, limit=10)) == ([], [])


def crash(trip: Trip) -> None:
    """No durable phase can begin in somebody's transaction."""
    with transaction.atomic(), pytest.raises(RuntimeError):
        sweeping.drive(trip.booking.pk, clock=real_clock.now)
