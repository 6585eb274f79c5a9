"""Changes of schedule, from the airline's announcement to what the booking shows."""

from collections.abc import Callable
from typing import Any, NoReturn

import pytest
from django.db import IntegrityError, transaction

from bookings.booking import sweeping, watching
from bookings.booking.amendment.models import Amendment
from bookings.booking.models import Booking
from bookings.booking.schedule_change.models import ScheduleChange
from bookings.booking.schemas import BookingView
from bookings.booking.states import State
from bookings.providers.errors import OutcomeUnknown, Unavailable
from bookings.providers.sandbox.airline import Airline
from bookings.providers.types import OrderStatus
from movmo.kit import clock as real_clock
from movmo.operations.models import Event
from tests.bookings.booking.changing_airline import ChangingAirline
from tests.conftest import StoppedClock
from tests.contract.world import World, view_of

pytestmark = pytest.mark.django_db

MINOR = {"minutes": 20}
MAJOR = {"hours": 3}


@pytest.fixture
def airline(install_airline: Callable[[Airline], None]) -> ChangingAirline:
    airline = ChangingAirline()
    install_airline(airline)
    return airline


@pytest.fixture
def booking(world: World, airline: ChangingAirline, clock: StoppedClock) -> BookingView:
    """Ticketed."""
    booked = view_of(BookingView, world.book(world.mapped_offer()))
    airline.issues_tickets()
    clock.forward(minutes=1)
    look()
    return booked


@pytest.fixture
def shown(world: World, booking: BookingView) -> Callable[[], BookingView]:
    return lambda: view_of(BookingView, world.call("get_booking", booking_id=str(booking.booking_id)))


def look(clock: StoppedClock | None = None) -> Booking:
    """An hour later, when the next look is due."""
    if clock is not None:
        clock.forward(hours=1)
    for booking_id in watching.due(now=real_clock.now(), limit=10):
        watching.look(booking_id, clock=real_clock.now)
    return Booking.objects.get()


def drive() -> None:
    for booking_id in sweeping.due(now=real_clock.now(), limit=10):
        sweeping.drive(booking_id, clock=real_clock.now)


def states() -> list[tuple[str, str, str]]:
    """Of each announcement, in their order."""
    return [(one.reference, one.severity, one.state) for one in ScheduleChange.objects.order_by("announced_at", "id")]


def told() -> list[dict[str, Any]]:
    return [event.payload for event in Event.objects.filter(type="booking.schedule_changed.v1").order_by("sequence")]


class TestMajor:
    def test_it_waits_for_its_person(
        self, airline: ChangingAirline, clock: StoppedClock, shown: Callable[[], BookingView]
    ) -> None:
        before = shown()
        airline.announces("1", **MAJOR)
        assert look(clock).state == State.TICKETED
        drive()
        after = shown()
        [change] = after.schedule_changes
        assert (change.severity, change.state, change.decided_by) == ("major", "waiting", None)
        assert change.announced_at == clock.now.replace(hour=12)
        assert change.before == before.slices == after.slices, "nothing flies otherwise until somebody accepts"
        moved = change.after[0].segments[0].departing.utc - change.before[0].segments[0].departing.utc
        assert moved.total_seconds() == 3 * 3600
        assert not Amendment.objects.exists()

    def test_it_is_told_once_however_often_the_airline_repeats_it(
        self, booking: BookingView, airline: ChangingAirline, clock: StoppedClock
    ) -> None:
        airline.announces("1", **MAJOR)
        for _ in range(4):
            look(clock)
        [event] = told()
        change = ScheduleChange.objects.get()
        assert event == {
            "booking_id": str(booking.booking_id),
            "status": "ticketed",
            "previous_status": None,
            "change_id": str(change.pk),
            "severity": "major",
            "state": "waiting",
        }

    def test_it_does_not_stop_the_watching(
        self, booking: BookingView, airline: ChangingAirline, clock: StoppedClock
    ) -> None:
        airline.announces("1", **MAJOR)
        look(clock)
        airline.says(status=OrderStatus.CANCELLED)
        assert look(clock).state == State.CANCELLED
        assert states() == [("1", "major", "withdrawn")], "nothing waits on a booking that is over"


class TestTheAirlineChangesItsMind:
    def test_a_withdrawn_one_waits_no_more(
        self, booking: BookingView, airline: ChangingAirline, clock: StoppedClock
    ) -> None:
        airline.announces("1", **MAJOR)
        look(clock)
        airline.says(schedule_change=None)
        look(clock)
        change = ScheduleChange.objects.get()
        assert (change.state, change.decided_by, change.decided_at) == ("withdrawn", "airline", clock.now)
        assert [event["state"] for event in told()] == ["waiting", "withdrawn"]

    def test_another_one_takes_its_place(
        self, airline: ChangingAirline, clock: StoppedClock, shown: Callable[[], BookingView]
    ) -> None:
        airline.announces("1", **MAJOR)
        look(clock)
        clock.forward(minutes=1)
        airline.announces("2", hours=5)
        look(clock)
        assert states() == [("1", "major", "withdrawn"), ("2", "major", "waiting")]
        assert [event["state"] for event in told()] == ["waiting", "withdrawn", "waiting"]
        assert [change.state for change in shown().schedule_changes] == ["waiting", "withdrawn"], "newest first"

    def test_one_that_comes_back_waits_again_in_its_own_row(
        self, booking: BookingView, airline: ChangingAirline, clock: StoppedClock
    ) -> None:
        airline.announces("1", **MAJOR)
        look(clock)
        airline.says(schedule_change=None)
        look(clock)
        airline.announces("1", hours=4)
        look(clock)
        change = ScheduleChange.objects.get()
        assert (change.state, change.decided_by, change.decided_at) == ("waiting", "", None)
        assert [event["state"] for event in told()] == ["waiting", "withdrawn", "waiting"]

    @pytest.mark.parametrize("decided", ["accepted", "declined"])
    def test_one_that_was_decided_is_not_opened_again_by_a_slow_airline(
        self, booking: BookingView, airline: ChangingAirline, clock: StoppedClock, decided: str
    ) -> None:
        airline.announces("1", **MAJOR)
        look(clock)
        ScheduleChange.objects.update(state=decided)
        look(clock)
        assert states() == [("1", "major", decided)]
        assert len(told()) == 1


class TestMinor:
    def test_movmo_accepts_it(
        self, airline: ChangingAirline, clock: StoppedClock, shown: Callable[[], BookingView]
    ) -> None:
        before = shown().slices
        airline.announces("1", **MINOR)
        look(clock)
        drive()
        after = shown()
        [change] = after.schedule_changes
        assert (change.severity, change.state, change.decided_by) == ("minor", "accepted", "movmo")
        assert (change.before, change.after, after.slices) == (before, after.slices, change.after)
        assert before != after.slices
        assert [event["state"] for event in told()] == ["waiting", "accepted"]

    def test_every_version_of_the_itinerary_stays(
        self, airline: ChangingAirline, clock: StoppedClock, shown: Callable[[], BookingView]
    ) -> None:
        first = shown().slices
        for number in (1, 2, 3):
            airline.announces(str(number), minutes=20 * number)
            look(clock)
            drive()
        changes = shown().schedule_changes
        assert [change.before for change in changes] == [changes[1].after, changes[2].after, first]
        assert shown().slices == changes[0].after
        assert sorted(ScheduleChange.objects.values_list("version", flat=True)) == [2, 3, 4]

    def test_an_acceptance_whose_answer_is_lost_is_not_taken_for_a_withdrawal(
        self, booking: BookingView, airline: ChangingAirline, clock: StoppedClock, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        accept = airline.accept_schedule_change

        def lose_the_answer(*args: Any, **named: Any) -> Any:
            monkeypatch.undo()
            accept(*args, **named)
            raise OutcomeUnknown("the answer is lost")

        monkeypatch.setattr(airline, "accept_schedule_change", lose_the_answer)
        airline.announces("1", **MINOR)
        look(clock)
        drive()
        asked = airline.asked
        look(clock)
        assert (states(), airline.asked) == ([("1", "minor", "waiting")], asked), "the amendment asks by itself"
        for _ in range(2):
            drive()
        assert states() == [("1", "minor", "accepted")]

    def test_a_worker_that_dies_before_it_is_accepted_leaves_it_to_the_next_look(
        self, booking: BookingView, airline: ChangingAirline, clock: StoppedClock, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        airline.announces("1", **MINOR)
        with monkeypatch.context() as patch:
            patch.setattr(watching, "_leave_to_movmo", lambda booking, now: None)
            look(clock)
        assert not Amendment.objects.exists()
        look(clock)
        drive()
        assert states() == [("1", "minor", "accepted")]

    def test_one_that_the_airline_refused_to_have_accepted_is_left_to_its_person(
        self, booking: BookingView, airline: ChangingAirline, clock: StoppedClock
    ) -> None:
        airline.announces("1", **MINOR)
        look(clock)
        Amendment.objects.update(state=Amendment.State.REFUSED)
        look(clock)
        assert Amendment.objects.count() == 1
        assert states() == [("1", "minor", "waiting")]

    def test_one_that_could_not_be_told_to_the_airline_is_told_later(
        self, booking: BookingView, airline: ChangingAirline, clock: StoppedClock, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        airline.announces("1", **MINOR)
        with monkeypatch.context() as patch:
            patch.setattr(airline, "accept_schedule_change", is_away)
            look(clock)
            drive()
        assert Amendment.objects.get().state == Amendment.State.REFUSED
        look(clock)
        drive()
        assert states() == [("1", "minor", "accepted")]


def is_away(*args: Any, **named: Any) -> NoReturn:
    raise Unavailable("nobody answers")


class TestAttacks:
    def test_two_looks_at_once_write_one_announcement(
        self, booking: BookingView, airline: ChangingAirline, clock: StoppedClock
    ) -> None:
        def look_too() -> None:
            airline.when_asked = lambda: None
            Booking.objects.update(lease_until=None)  # as if the first worker's lease had run out
            watching.look(booking.booking_id, clock=real_clock.now)

        airline.announces("1", **MAJOR)
        clock.forward(hours=1)
        airline.when_asked = look_too
        Booking.objects.update(watch_at=clock.now)
        look()
        assert (states(), len(told())) == ([("1", "major", "waiting")], 1)

    def test_the_database_knows_one_row_for_an_announcement_and_one_that_waits(
        self, booking: BookingView, airline: ChangingAirline, clock: StoppedClock
    ) -> None:
        airline.announces("1", **MAJOR)
        look(clock)
        change = ScheduleChange.objects.get()
        for changes in ({"reference": "1", "state": "withdrawn"}, {"reference": "2", "state": "waiting"}):
            copy = ScheduleChange(
                booking_id=change.booking_id,
                version=2,
                severity="major",
                before=[],
                after=[],
                announced_at=clock.now,
                **changes,
            )
            with pytest.raises(IntegrityError), transaction.atomic():
                copy.save(force_insert=True)
