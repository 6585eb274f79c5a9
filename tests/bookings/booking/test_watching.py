"""Looks at live bookings that nobody asked for: what they learn, what they leave alone, and when they come again."""

from collections.abc import Callable
from datetime import timedelta
from itertools import pairwise

import pytest
from django.core.management import call_command

from bookings.booking import watching
from bookings.booking.finding import TICKETS_ARE_LATE_AFTER
from bookings.booking.models import Booking, BookingTransition
from bookings.booking.schemas import BookingView
from bookings.booking.states import State
from bookings.booking.watch_times import FIRST_LOOK
from bookings.providers.sandbox.airline import Airline
from bookings.providers.types import OrderStatus
from movmo.kit import clock as real_clock
from movmo.kit.money import Money
from movmo.operations.models import Event
from tests.bookings.booking.changing_airline import ChangingAirline
from tests.conftest import StoppedClock
from tests.contract.world import World, view_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def airline(install_airline: Callable[[Airline], None]) -> ChangingAirline:
    airline = ChangingAirline()
    install_airline(airline)
    return airline


@pytest.fixture
def booking(world: World, airline: ChangingAirline, clock: StoppedClock) -> BookingView:
    """Confirmed, and without tickets yet."""
    return view_of(BookingView, world.book(world.mapped_offer("ADT", "CHD")))


@pytest.fixture
def hold(world: World, airline: ChangingAirline, clock: StoppedClock) -> BookingView:
    airline.pay_by = clock.now + timedelta(hours=24)
    return view_of(BookingView, world.book(world.mapped_offer(holdable=True), mode="hold"))


def look_when_due(clock: StoppedClock) -> Booking:
    """At the moment that the booking itself has set."""
    at = Booking.objects.get().watch_at
    assert at is not None
    clock.set(max(clock.now, at))
    return look()


def look() -> Booking:
    for booking_id in watching.due(now=real_clock.now(), limit=10):
        watching.look(booking_id, clock=real_clock.now)
    return Booking.objects.get()


def told() -> list[str]:
    return [event.type for event in Event.objects.order_by("sequence")]


def notes(booking: Booking) -> list[tuple[str, str]]:
    """Who took each step, and to which state."""
    return [(step.who, step.after) for step in booking.transitions.all()]


class TestTickets:
    def test_they_are_looked_for_after_a_minute_and_then_more_and_more_rarely(
        self, booking: BookingView, airline: ChangingAirline, clock: StoppedClock
    ) -> None:
        begun, looks = clock.now, []
        while clock.now - begun < timedelta(hours=2):
            look_when_due(clock)
            looks.append(clock.now)
        assert looks[0] - begun == FIRST_LOOK
        pauses = [after - before for before, after in pairwise(looks)]
        assert pauses == sorted(pauses)
        assert pauses[-1] == timedelta(minutes=10)
        assert airline.asked == len(looks)

    def test_they_arrive(self, booking: BookingView, airline: ChangingAirline, clock: StoppedClock) -> None:
        airline.issues_tickets("open")
        after = look_when_due(clock)
        assert (after.state, len(after.documents), after.documents[0]["coupons"]) == (State.TICKETED, 2, ["open"])
        assert notes(after)[-1] == ("airline", "ticketed")
        assert told()[-1] == "booking.ticketed.v1"
        assert after.watch_at == clock.now + FIRST_LOOK

    def test_one_of_two_is_written_down_and_the_other_still_owed(
        self, booking: BookingView, airline: ChangingAirline, clock: StoppedClock
    ) -> None:
        airline.issues_tickets()
        assert airline.order is not None
        airline.says(documents=airline.order.documents[:1])
        after = look_when_due(clock)
        assert (after.state, len(after.documents)) == (State.CONFIRMED, 1)

    def test_coupons_change_while_they_are_flown(
        self, booking: BookingView, airline: ChangingAirline, clock: StoppedClock
    ) -> None:
        airline.issues_tickets("open")
        sequence = look_when_due(clock).sequence
        airline.issues_tickets("flown")
        after = look_when_due(clock)
        assert (after.documents[0]["coupons"], after.sequence) == (["flown"], sequence)

    def test_once_late_it_is_told_once(
        self, booking: BookingView, airline: ChangingAirline, clock: StoppedClock
    ) -> None:
        confirmed = clock.now
        while clock.now < confirmed + TICKETS_ARE_LATE_AFTER + timedelta(hours=3):
            look_when_due(clock)
            is_late = clock.now - confirmed >= TICKETS_ARE_LATE_AFTER
            assert told().count("booking.tickets_late.v1") == is_late
        assert Booking.objects.get().state == State.CONFIRMED

    def test_a_booking_whose_traveler_is_forgotten_is_not_taken_for_ticketed(
        self, booking: BookingView, airline: ChangingAirline, clock: StoppedClock
    ) -> None:
        forgotten = Booking.objects.get()
        forgotten.passengers = []
        forgotten.save()
        after = look_when_due(clock)
        assert after.state == State.CONFIRMED


class TestTheAirlineEndsIt:
    def test_a_cancellation_is_the_airline_s_with_its_refund(
        self, booking: BookingView, airline: ChangingAirline, clock: StoppedClock
    ) -> None:
        airline.says(status=OrderStatus.CANCELLED, refund=Money(12_300, booking.total.currency))
        after = look_when_due(clock)
        assert (after.state, after.cancelled_by, after.refund_minor) == (State.CANCELLED, "airline", 12_300)
        assert after.watch_at is None
        assert told()[-1] == "booking.cancelled.v1"
        assert notes(after)[-1] == ("airline", "cancelled")

    def test_a_refund_that_is_not_told_is_not_guessed(
        self, booking: BookingView, airline: ChangingAirline, clock: StoppedClock
    ) -> None:
        airline.says(status=OrderStatus.CANCELLED)
        assert look_when_due(clock).refund_minor is None

    @pytest.mark.parametrize("tickets", [True, False])
    def test_with_tickets_and_without(
        self, booking: BookingView, airline: ChangingAirline, clock: StoppedClock, tickets: bool
    ) -> None:
        if tickets:
            airline.issues_tickets()
            look_when_due(clock)
        airline.says(status=OrderStatus.CANCELLED)
        assert look_when_due(clock).state == State.CANCELLED

    def test_a_hold_lapses_when_the_airline_says_so_and_not_before(
        self, hold: BookingView, airline: ChangingAirline, clock: StoppedClock
    ) -> None:
        deadline = airline.pay_by
        assert deadline is not None
        while clock.now <= deadline:
            assert look_when_due(clock).state == State.HELD
        assert clock.now - deadline <= timedelta(seconds=10)
        for _ in range(3):
            assert look_when_due(clock).state == State.HELD
        airline.says(status=OrderStatus.LAPSED)
        after = look_when_due(clock)
        assert (after.state, after.watch_at) == (State.LAPSED, None)
        assert told()[-1] == "booking.lapsed.v1"

    def test_a_deadline_that_is_put_off_is_followed(
        self, hold: BookingView, airline: ChangingAirline, clock: StoppedClock
    ) -> None:
        later = clock.now + timedelta(hours=48)
        airline.says(payment_required_by=later)
        assert look_when_due(clock).payment_required_by == later

    def test_a_hold_that_the_airline_has_as_paid_is_confirmed(
        self, hold: BookingView, airline: ChangingAirline, clock: StoppedClock
    ) -> None:
        airline.says(status=OrderStatus.CONFIRMED)
        airline.issues_tickets()
        after = look_when_due(clock)
        assert after.state == State.TICKETED
        assert told()[-3:] == ["booking.confirming.v1", "booking.confirmed.v1", "booking.ticketed.v1"]


class TestNothingIsGuessed:
    def test_an_airline_that_is_away_is_asked_again_ever_later(
        self, booking: BookingView, airline: ChangingAirline, clock: StoppedClock
    ) -> None:
        airline.is_deaf = True
        pauses = []
        for _ in range(8):
            before = clock.now
            assert look_when_due(clock).state == State.CONFIRMED
            pauses.append(clock.now - before)
        assert pauses == sorted(pauses)
        assert pauses[-1] == timedelta(minutes=30)
        airline.is_deaf = False
        airline.issues_tickets()
        after = look_when_due(clock)
        assert (after.state, after.unanswered) == (State.TICKETED, 0)

    @pytest.mark.parametrize("status", [OrderStatus.PENDING, OrderStatus.FAILED, OrderStatus.LAPSED, OrderStatus.HELD])
    def test_an_order_that_says_what_cannot_be_changes_nothing(
        self, booking: BookingView, airline: ChangingAirline, clock: StoppedClock, status: OrderStatus
    ) -> None:
        airline.says(status=status)
        assert look_when_due(clock).state == State.CONFIRMED
        assert BookingTransition.objects.count() == 3

    def test_an_order_that_is_not_found_is_not_taken_for_cancelled(
        self, booking: BookingView, airline: ChangingAirline, clock: StoppedClock
    ) -> None:
        airline.order = None
        assert look_when_due(clock).state == State.CONFIRMED

    def test_locators_and_tickets_are_never_emptied(
        self, booking: BookingView, airline: ChangingAirline, clock: StoppedClock
    ) -> None:
        airline.issues_tickets()
        look_when_due(clock)
        airline.says(record_locators=(), documents=())
        after = look_when_due(clock)
        assert (after.locator, len(after.documents)) == ("BCDFGH", 2)

    def test_several_locators_are_all_kept(
        self, booking: BookingView, airline: ChangingAirline, clock: StoppedClock
    ) -> None:
        airline.says(record_locators=("BCDFGH", "JKLMNP"))
        assert look_when_due(clock).record_locators == ["BCDFGH", "JKLMNP"]

    def test_a_look_that_learns_nothing_leaves_no_line(
        self, booking: BookingView, airline: ChangingAirline, clock: StoppedClock
    ) -> None:
        steps, events, before = BookingTransition.objects.count(), Event.objects.count(), booking.updated_at
        for is_deaf in (False, False, True, False):
            airline.is_deaf = is_deaf
            assert look_when_due(clock).updated_at == before
        assert (BookingTransition.objects.count(), Event.objects.count()) == (steps, events)


class TestWhoIsAtIt:
    def test_nobody_looks_before_the_time(
        self, booking: BookingView, airline: ChangingAirline, clock: StoppedClock
    ) -> None:
        clock.forward(seconds=59)
        look()
        watching.look(booking.booking_id, clock=real_clock.now)
        assert airline.asked == 0

    def test_a_second_worker_does_not_ask_while_the_first_does(
        self, booking: BookingView, airline: ChangingAirline, clock: StoppedClock
    ) -> None:
        def look_too() -> None:
            airline.when_asked = lambda: None
            watching.look(booking.booking_id, clock=real_clock.now)

        airline.when_asked = look_too
        look_when_due(clock)
        assert airline.asked == 1

    def test_whoever_takes_the_booking_meanwhile_has_the_last_word(
        self, booking: BookingView, airline: ChangingAirline, clock: StoppedClock
    ) -> None:
        def taken() -> None:
            Booking.objects.update(fence=99, lease_until=clock.now + timedelta(seconds=60))

        airline.when_asked = taken
        airline.says(status=OrderStatus.CANCELLED)
        after = look_when_due(clock)
        assert (after.state, after.cancelled_by, after.lease_until) == (
            State.CONFIRMED,
            "",
            clock.now + timedelta(seconds=60),
        )

    def test_a_worker_that_dies_is_followed_by_another_after_its_lease(
        self, booking: BookingView, airline: ChangingAirline, clock: StoppedClock
    ) -> None:
        class Died(BaseException):
            pass

        def die() -> None:
            raise Died

        airline.when_asked = die
        with pytest.raises(Died):
            look_when_due(clock)
        airline.when_asked = lambda: None
        airline.issues_tickets()
        assert look().state == State.CONFIRMED
        clock.forward(seconds=61)
        assert look().state == State.TICKETED

    def test_a_look_that_crashes_waits_behind_the_others(
        self, booking: BookingView, airline: ChangingAirline, clock: StoppedClock
    ) -> None:
        airline.when_asked = crash
        with pytest.raises(RuntimeError):
            look_when_due(clock)
        after = Booking.objects.get()
        assert after.watch_at is not None
        assert after.watch_at > clock.now

    def test_the_longest_waiting_come_first(self, world: World, airline: ChangingAirline, clock: StoppedClock) -> None:
        made = []
        for _ in range(3):
            made.append(view_of(BookingView, world.book(world.mapped_offer())).booking_id)
            clock.forward(seconds=1)
        clock.forward(hours=1)
        assert watching.due(now=clock.now, limit=2) == made[:2]

    def test_after_the_last_landing_nobody_looks_any_more(
        self, booking: BookingView, airline: ChangingAirline, clock: StoppedClock
    ) -> None:
        clock.set(booking.slices[-1].segments[-1].arriving.utc + timedelta(minutes=1))
        assert look_when_due(clock).watch_at is None

    def test_the_command_looks_too(
        self, booking: BookingView, airline: ChangingAirline, clock: StoppedClock, capsys: pytest.CaptureFixture[str]
    ) -> None:
        airline.issues_tickets()
        clock.forward(minutes=1)
        call_command("resolve_bookings")
        assert capsys.readouterr().out.strip() == f"{booking.booking_id} confirmed → ticketed BCDFGH"


def crash() -> None:
    raise RuntimeError("a bug in the adapter")
