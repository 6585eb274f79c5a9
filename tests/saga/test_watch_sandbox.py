"""The whole life of bookings at the sandbox airline with nobody asking: only the clock moves, and the workers sweep."""

from datetime import timedelta

import pytest

from bookings.booking import sweeping, watching
from bookings.booking.models import Booking
from bookings.booking.schedule_change.models import ScheduleChange
from bookings.booking.schemas import BookingView
from bookings.booking.states import State
from movmo.kit import clock as real_clock
from movmo.operations.models import Event
from tests.conftest import StoppedClock
from tests.contract.world import World, view_of

pytestmark = pytest.mark.django_db


def live(clock: StoppedClock, **wait: float) -> Booking:
    """Let the time pass: every booking is looked at when it is due, and driven on."""
    until = clock.now + timedelta(**wait)
    while clock.now < until:
        due = [at for at in Booking.objects.values_list("watch_at", flat=True) if at is not None]
        clock.set(min([until, *(max(at, clock.now + timedelta(seconds=2)) for at in due)]))
        for booking_id in watching.due(now=clock.now, limit=10):
            watching.look(booking_id, clock=real_clock.now)
        for booking_id in sweeping.due(now=clock.now, limit=10):
            sweeping.drive(booking_id, clock=real_clock.now)
    return Booking.objects.get()


def booked(world: World, name: str) -> BookingView:
    return view_of(BookingView, world.book(world.mapped_offer(family_name=name)))


def told() -> list[str]:
    return [event.type.split(".")[1] for event in Event.objects.order_by("sequence")]


def test_tickets_that_come_late(world: World, clock: StoppedClock) -> None:
    assert booked(world, "NOTICKET").ticketing == "reserved_not_ticketed"
    assert live(clock, days=3).state == State.TICKETED
    assert told().count("ticketed") == 1


def test_an_airline_that_cancels(world: World, clock: StoppedClock) -> None:
    booked(world, "CANCELAIR")
    after = live(clock, days=2)
    assert (after.state, after.cancelled_by) == (State.CANCELLED, "airline")
    assert after.refund_minor == after.total_minor


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("SCHEDULE", [("major", "waiting")]),
        ("SCHEDULEMINOR", [("minor", "accepted")]),
        ("SCHEDULEBACK", [("major", "withdrawn")]),
    ],
)
def test_new_times(world: World, clock: StoppedClock, name: str, expected: list[tuple[str, str]]) -> None:
    before = booked(world, name).slices
    after = live(clock, days=4)
    assert [(one.severity, one.state) for one in ScheduleChange.objects.all()] == expected
    assert (after.itinerary == [part.model_dump(mode="json") for part in before]) is (name != "SCHEDULEMINOR")


def test_a_hold_that_nobody_pays_for(world: World, clock: StoppedClock) -> None:
    hold = view_of(BookingView, world.book(world.mapped_offer(holdable=True), mode="hold"))
    assert hold.payment_required_by is not None
    live(clock, seconds=(hold.payment_required_by - clock.now).total_seconds() - 1)
    assert told()[-1] == "held"
    assert live(clock, minutes=2).state == State.LAPSED


def test_from_the_booking_to_the_last_landing(world: World, clock: StoppedClock) -> None:
    trip = booked(world, "Andersson")
    lands = trip.slices[-1].segments[-1].arriving.utc
    clock.set(lands - timedelta(days=3))
    after = live(clock, days=4)
    assert (after.state, after.watch_at) == (State.TICKETED, None)
    assert told() == ["reserved", "submitting", "confirmed", "ticketed"]
