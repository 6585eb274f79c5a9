"""Several workers at one booking, each with a connection of its own: one asks, one writes, nothing is told twice."""

from collections.abc import Callable
from functools import partial

import pytest
from django.db import OperationalError

from bookings.booking import sweeping, watching
from bookings.booking.models import Booking, BookingTransition
from bookings.booking.schedule_change.models import ScheduleChange
from bookings.booking.schemas import BookingView
from bookings.booking.states import State
from bookings.providers.sandbox.airline import Airline
from bookings.providers.types import OrderStatus
from movmo.kit import clock as real_clock
from movmo.operations.models import Event
from tests.bookings.booking.changing_airline import ChangingAirline
from tests.conftest import StoppedClock
from tests.contract.world import World, view_of
from tests.operations.together import together

pytestmark = pytest.mark.django_db(transaction=True)

WORKERS = 6


@pytest.fixture
def airline(install_airline: Callable[[Airline], None]) -> ChangingAirline:
    airline = ChangingAirline()
    install_airline(airline)
    return airline


@pytest.fixture
def booking(world: World, airline: ChangingAirline, clock: StoppedClock) -> BookingView:
    """Confirmed, and due for a look."""
    booked = view_of(BookingView, world.book(world.mapped_offer()))
    clock.forward(minutes=1)
    return booked


def looks(booking: BookingView) -> None:
    """Of all workers at the same moment. A lock that is not to be had leaves the look to the next sweep."""
    look = partial(watching.look, booking.booking_id, clock=real_clock.now)
    outcomes = together(*[look] * WORKERS)
    assert [one for one in outcomes if not isinstance(one, Booking | OperationalError)] == []


def told(kind: str) -> int:
    return Event.objects.filter(type=kind).count()


def test_tickets_are_told_once(booking: BookingView, airline: ChangingAirline) -> None:
    airline.issues_tickets()
    looks(booking)
    assert (Booking.objects.get().state, told("booking.ticketed.v1"), airline.asked) == (State.TICKETED, 1, 1)


def test_an_announcement_is_written_once(booking: BookingView, airline: ChangingAirline) -> None:
    airline.announces("1", hours=3)
    looks(booking)
    assert (ScheduleChange.objects.count(), told("booking.schedule_changed.v1"), airline.asked) == (1, 1, 1)


def test_a_minor_change_is_accepted_once(booking: BookingView, airline: ChangingAirline) -> None:
    airline.announces("1", minutes=5)
    looks(booking)
    together(*[partial(sweeping.drive, booking.booking_id, clock=real_clock.now)] * WORKERS)
    change = ScheduleChange.objects.get()
    assert (change.state, told("booking.schedule_changed.v1")) == ("accepted", 2)
    assert Booking.objects.get().itinerary_version == 2


def test_a_look_and_a_drive_at_once_leave_one_story(booking: BookingView, airline: ChangingAirline) -> None:
    airline.says(status=OrderStatus.CANCELLED)
    calls = (watching.look, sweeping.drive)
    together(*[partial(calls[n % 2], booking.booking_id, clock=real_clock.now) for n in range(WORKERS)])
    assert Booking.objects.get().state == State.CANCELLED
    assert BookingTransition.objects.filter(after=State.CANCELLED).count() == told("booking.cancelled.v1") == 1
