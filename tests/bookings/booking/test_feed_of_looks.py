"""A worker that looks at a booking takes it and lets it go: only what it learned moves the booking in the feed."""

from collections.abc import Callable
from datetime import timedelta
from uuid import UUID

import pytest

from bookings.booking import saga, steps, sweeping, watching
from bookings.booking.feed.schemas import FedBooking, FeedPage
from bookings.booking.models import Booking
from bookings.booking.schemas import BookingView
from bookings.booking.states import State
from bookings.providers.sandbox.airline import Airline
from movmo.kit import clock as real_clock
from movmo.operations.context import Caller
from movmo.sandbox_vault.app import SandboxVault
from tests.bookings.booking.changing_airline import ChangingAirline
from tests.bookings.reconciliation.trade import bought
from tests.conftest import StoppedClock
from tests.contract.world import World, view_of
from tests.partners.hooks import ask
from tests.saga.airline import ScriptedAirline, hears_nothing
from tests.saga.live_trip import LiveTrip

pytestmark = pytest.mark.django_db(transaction=True)
BANK_ASKS = "4000002500003155"


class Died(BaseException):
    """A worker whose process ended."""


class Copy:
    """Of the partner's bookings, kept in step by the feed."""

    def __init__(self, caller: Caller) -> None:
        self.caller = caller
        self.told: dict[UUID, FedBooking] = {}
        self.cursor: str | None = None

    def read(self) -> list[FedBooking]:
        """What came since the last reading."""
        page = ask(self.caller, "list_partner_bookings", **({"cursor": self.cursor} if self.cursor else {}))
        assert isinstance(page, FeedPage)
        self.cursor = page.next_cursor
        self.told |= {one.booking_id: one for one in page.data}
        return page.data

    def is_right(self) -> bool:
        """As who reads from the beginning has it."""
        anew = Copy(self.caller)
        anew.read()
        return anew.told == self.told


@pytest.fixture
def copy(aviare_alone: Caller) -> Copy:
    return Copy(aviare_alone)


@pytest.fixture
def airline(install_airline: Callable[[Airline], None]) -> ChangingAirline:
    airline = ChangingAirline()
    install_airline(airline)
    return airline


@pytest.fixture
def booked(world: World, airline: ChangingAirline, clock: StoppedClock) -> Booking:
    """Confirmed, and due for a look."""
    booking = steps.reload(world.booking().booking_id)
    clock.forward(minutes=1)
    return booking


def look(booking: Booking) -> Booking:
    return watching.look(booking.pk, clock=real_clock.now)


def lost(world: World, clock: StoppedClock, family_name: str, state: State = State.UNKNOWN) -> Booking:
    """Its airline has not answered, and may be asked again."""
    booking_id = bought(world, family_name=family_name).booking_id
    Booking.objects.filter(pk=booking_id).update(state=state)
    clock.forward(minutes=1)
    return steps.reload(booking_id)


@pytest.mark.parametrize("is_deaf", [True, False])
def test_a_look_that_learned_nothing_tells_nothing(
    booked: Booking, airline: ChangingAirline, copy: Copy, is_deaf: bool
) -> None:
    copy.read()
    airline.is_deaf = is_deaf
    meanwhile: list[FedBooking] = []
    airline.when_asked = lambda: meanwhile.extend(copy.read())
    after = look(booked)
    assert (airline.asked, after.fence) == (1, booked.fence + 1)
    assert (meanwhile, copy.read(), copy.is_right()) == ([], [], True)


def test_one_that_is_first_read_during_a_look_is_told_once(
    booked: Booking, airline: ChangingAirline, copy: Copy
) -> None:
    airline.when_asked = copy.read
    look(booked)
    assert list(copy.told) == [booked.pk]
    assert (copy.read(), copy.is_right()) == ([], True)


def test_what_a_look_learned_is_told_and_was_not_before(booked: Booking, airline: ChangingAirline, copy: Copy) -> None:
    copy.read()
    airline.issues_tickets()
    meanwhile: list[FedBooking] = []
    airline.when_asked = lambda: meanwhile.extend(copy.read())
    look(booked)
    assert meanwhile == []
    assert [one.status for one in copy.read()] == [State.TICKETED]
    assert copy.is_right()


def test_what_changed_before_a_look_is_told_after_it(booked: Booking, airline: ChangingAirline, copy: Copy) -> None:
    copy.read()
    steps.settle(booked, State.CANCELLED, now=real_clock.now(), reason="the airline says so", cancelled_by="airline")
    look(booked)
    assert [one.status for one in copy.read()] == [State.CANCELLED]


def test_a_look_whose_worker_died_neither_tells_nor_hides(
    booked: Booking, airline: ChangingAirline, copy: Copy, clock: StoppedClock
) -> None:
    def die() -> None:
        raise Died

    copy.read()
    airline.when_asked = die
    with pytest.raises(Died):
        look(booked)
    assert (copy.read(), copy.is_right()) == ([], True)
    airline.when_asked = lambda: None
    airline.issues_tickets()
    clock.forward(minutes=5)
    look(booked)
    assert [one.status for one in copy.read()] == [State.TICKETED]


@pytest.mark.parametrize("state", [State.UNKNOWN, State.PENDING, State.MANUAL_REVIEW])
def test_an_undecided_one_that_stays_so_tells_nothing(
    world: World, clock: StoppedClock, copy: Copy, state: State
) -> None:
    booking = lost(world, clock, "TIMEOUTLOST", state)
    copy.read()
    after = saga.look_up(booking, clock=real_clock.now)
    assert (after.state, after.fence, after.lease_until is None) == (state, booking.fence + 1, False)
    assert (copy.read(), copy.is_right()) == ([], True)


def test_an_undecided_one_whose_order_is_found_is_told(world: World, clock: StoppedClock, copy: Copy) -> None:
    booking = lost(world, clock, "TIMEOUTBOOKED")
    copy.read()
    after = saga.look_up(booking, clock=real_clock.now)
    assert [one.status for one in copy.read()] == [after.state]
    assert after.state != State.UNKNOWN


def test_a_lost_cancellation_is_told_once_while_the_airline_is_asked_about_it(
    world: World, clock: StoppedClock, install_airline: Callable[[Airline], None], copy: Copy
) -> None:
    install_airline(airline := ScriptedAirline())
    trip = LiveTrip(world, airline, clock)
    trip.begin()
    copy.read()
    trip.cancel(hears_nothing)
    assert [one.status for one in copy.read()] == [State.CANCELLING]
    asked = trip.booking.fence
    clock.forward(seconds=30)
    sweeping.drive(trip.booking.pk, clock=real_clock.now)
    assert (trip.state, trip.booking.fence) == (State.CANCELLING, asked + 1)
    assert (copy.read(), copy.is_right()) == ([], True)


def test_one_that_waits_for_a_bank_is_left_to_its_caller_and_tells_nothing(
    world: World, clock: StoppedClock, the_vault: SandboxVault, copy: Copy
) -> None:
    card = str(world.card(BANK_ASKS).payment_method_id)
    booking = view_of(BookingView, world.book(world.mapped_offer(), payment_method_id=card))
    copy.read()
    clock.forward(seconds=14)
    world.call("get_booking", booking_id=str(booking.booking_id))
    clock.forward(seconds=14)
    assert sweeping.due(now=clock.now, limit=10) == []
    clock.forward(seconds=2)
    assert sweeping.due(now=clock.now, limit=10) == [booking.booking_id]
    assert copy.read() == []
    sweeping.drive(booking.booking_id, clock=real_clock.now)
    assert copy.read() == []
    assert Booking.objects.get().lease_until == clock.now + timedelta(seconds=2)
