"""cancel_booking: on the terms of a quote, once, and only while they hold. What is refused changes nothing."""

import pytest

from bookings.booking.amendment.models import Amendment
from bookings.booking.amendment.refusals import AirlineUnavailable, AlreadyCancelled, BookingBusy, HoldLapsed
from bookings.booking.models import Booking
from bookings.booking.schedule_change.models import ScheduleChange
from bookings.booking.schemas import BookingView
from bookings.booking.states import State
from bookings.cancellation.models import CancellationQuote
from bookings.cancellation.refusals import NotCancellable, QuoteStale, QuoteUsed
from bookings.cancellation.schemas import CancellationQuoteView
from bookings.providers.errors import Refusal
from bookings.providers.types import OrderStatus
from bookings.sandbox_airline.models import SandboxOrder
from movmo.kit.errors import DomainError, NotFound
from movmo.kit.money import Money
from movmo.operations.context import Caller
from movmo.operations.dispatch import Answer
from movmo.operations.models import Event
from tests.conftest import StoppedClock
from tests.contract.world import World, cancellation_of, new_key, view_of
from tests.saga import airline as moods
from tests.saga.live_trip import LiveTrip

pytestmark = pytest.mark.django_db


def cancel(world: World, quote: CancellationQuoteView, *, key: str | None = None) -> BookingView:
    return view_of(BookingView, world.call("cancel_booking", key=key, **cancellation_of(quote)))


def refusal(world: World, quote: CancellationQuoteView) -> DomainError:
    """What a refused call says. Nothing is left of it."""
    before = rows()
    with pytest.raises(DomainError) as caught:
        cancel(world, quote)
    assert rows() == before
    return caught.value


def rows() -> tuple[object, ...]:
    return (
        list(Booking.objects.values_list("state", "fence", "sequence", "updated_at")),
        list(CancellationQuote.objects.values_list("pk", "state")),
        list(SandboxOrder.objects.values_list("status", "refund_minor")),
        Amendment.objects.count(),
    )


class TestCancelled:
    def test_on_the_terms_of_the_quote(self, world: World) -> None:
        quote = world.quote()
        booking = cancel(world, quote)
        assert (booking.status, booking.ticketing, booking.under_way) == ("cancelled", "not_booked", None)
        assert booking.cancellation is not None
        told = booking.cancellation
        assert (told.cancelled_by, told.refund, told.penalty) == ("traveler", quote.refund, quote.penalty)
        assert told.refund_to == quote.refund_to

    def test_at_the_airline_as_well(self, world: World) -> None:
        quote = world.quote()
        cancel(world, quote)
        assert SandboxOrder.objects.get().status == "cancelled"

    def test_every_step_says_who_took_it_and_is_told(self, world: World) -> None:
        booking = cancel(world, world.quote())
        steps = Booking.objects.get().transitions.all()
        assert [(step.before, step.after, step.who) for step in steps][-2:] == [
            ("ticketed", "cancelling", "traveler"),
            ("cancelling", "cancelled", "airline"),
        ]
        told = Event.objects.filter(subject_id=booking.booking_id).order_by("sequence")
        assert [event.type for event in told][-2:] == ["booking.cancelling.v1", "booking.cancelled.v1"]
        assert [event.sequence for event in told] == list(range(1, len(told) + 1))

    def test_a_hold_is_cancelled_too(self, world: World) -> None:
        assert cancel(world, world.quote(world.hold())).status == "cancelled"

    def test_a_replay_tells_it_again(self, world: World) -> None:
        quote, key = world.quote(), new_key()
        first = cancel(world, quote, key=key)
        again = world.call("cancel_booking", key=key, **cancellation_of(quote))
        assert (again.view, again.replayed, again.status) == (first, True, 201)

    def test_a_change_of_schedule_that_waits_is_declined(self, world: World) -> None:
        change = world.schedule_change()
        quote = view_of(CancellationQuoteView, world.call("quote_cancellation", booking_id=change["booking_id"]))
        cancel(world, quote)
        declined = ScheduleChange.objects.get()
        assert (declined.state, declined.decided_by) == ("declined", "traveler")
        told = Event.objects.filter(type="booking.schedule_changed.v1").latest("sequence")
        assert (told.payload["state"], told.payload["status"]) == ("declined", "cancelled")

    def test_the_locators_stay_for_those_who_quote_them(self, booked: LiveTrip) -> None:
        before = booked.read()
        booked.cancel()
        after = booked.read()
        assert (after.record_locators, after.documents) == (before.record_locators, before.documents)
        assert after.ticketing == "not_booked"


class TestTwice:
    def test_with_the_same_quote(self, world: World) -> None:
        quote = world.quote()
        cancel(world, quote)
        assert isinstance(refusal(world, quote), AlreadyCancelled)

    def test_with_another_quote(self, world: World) -> None:
        booking = world.booking()
        one, other = world.quote(booking), world.quote(booking)
        cancel(world, one)
        assert isinstance(refusal(world, other), AlreadyCancelled)

    def test_while_the_first_is_undecided(self, booked: LiveTrip) -> None:
        booked.cancel(moods.hears_nothing)
        assert isinstance(booked.cancel(key="another-intention"), BookingBusy)

    def test_with_a_quote_that_a_refused_cancellation_has_used(self, booked: LiveTrip) -> None:
        booked.cancel(moods.says_no(Refusal.OTHER))
        assert isinstance(booked.cancel(key="another-intention"), QuoteUsed)
        assert booked.state is State.TICKETED


class TestStale:
    def test_an_expired_quote(self, world: World, clock: StoppedClock) -> None:
        quote = world.quote()
        clock.set(quote.expires_at)
        refused = refusal(world, quote)
        assert isinstance(refused, QuoteStale)
        assert refused.facts == {"reason": "it has expired", "expires_at": quote.expires_at.isoformat()}

    def test_a_quote_for_an_older_itinerary(self, world: World) -> None:
        change = world.schedule_change()
        quote = view_of(CancellationQuoteView, world.call("quote_cancellation", booking_id=change["booking_id"]))
        world.call("accept_schedule_change", **change)
        refused = refusal(world, quote)
        assert isinstance(refused, QuoteStale)
        assert refused.facts == {"reason": "the itinerary has changed since"}

    def test_a_quote_that_the_airline_no_longer_stands_by(self, booked: LiveTrip) -> None:
        refused = booked.cancel(moods.says_no(Refusal.QUOTE_EXPIRED))
        assert isinstance(refused, QuoteStale)
        assert booked.state is State.TICKETED

    def test_a_new_quote_serves(self, world: World, clock: StoppedClock) -> None:
        booking = world.booking()
        stale = world.quote(booking)
        clock.set(stale.expires_at)
        assert cancel(world, world.quote(booking)).status == "cancelled"


class TestRefused:
    def test_a_quote_of_another_booking(self, world: World) -> None:
        quote, other = world.quote(), world.booking()
        with pytest.raises(NotFound):
            world.call("cancel_booking", booking_id=str(other.booking_id), quote_id=str(quote.quote_id))
        assert set(Booking.objects.values_list("state", flat=True)) == {"ticketed"}

    def test_somebody_else_s_booking(self, world: World, bo_at_aviare: Caller) -> None:
        quote = world.quote()
        with pytest.raises(NotFound):
            World(bo_at_aviare).call("cancel_booking", **cancellation_of(quote))

    def test_a_hold_that_lapsed(self, world: World) -> None:
        quote = world.quote(world.hold())
        Booking.objects.update(state=State.LAPSED)
        assert isinstance(refusal(world, quote), HoldLapsed)

    def test_what_the_airline_does_not_allow(self, booked: LiveTrip) -> None:
        refused = booked.cancel(moods.says_no(Refusal.NOT_CANCELLABLE))
        assert isinstance(refused, NotCancellable)
        assert refused.facts == {"reason": "the airline does not allow it"}


class TestTheQuoteAfterwards:
    def test_it_is_open_again_when_the_airline_was_not_reached(self, booked: LiveTrip) -> None:
        assert isinstance(booked.cancel(moods.is_closed), AirlineUnavailable)
        assert CancellationQuote.objects.get().state == "open"
        assert isinstance(booked.cancel(key="another-intention"), Answer)
        assert booked.state is State.CANCELLED

    def test_it_stays_used_while_the_outcome_is_open(self, booked: LiveTrip) -> None:
        booked.cancel(moods.hears_nothing)
        assert CancellationQuote.objects.get().state == "used"


class TestTheAirlineWasFirst:
    def test_then_it_says_so_and_what_it_gives_back(self, booked: LiveTrip) -> None:
        booked.quote()
        booked.airline.end(booked.order_id, OrderStatus.CANCELLED)
        booked.cancel()
        told = booked.read().cancellation
        assert told is not None
        assert (told.cancelled_by, told.refund, told.penalty) == ("airline", booked.read().total, None)

    def test_money_of_another_currency_is_not_told_as_the_booking_s(self, booked: LiveTrip) -> None:
        booked.quote()
        booked.airline.end(booked.order_id, OrderStatus.CANCELLED)
        booked.order.refund = Money(12_300, "JPY")
        booked.cancel()
        told = booked.read().cancellation
        assert told is not None
        assert (told.cancelled_by, told.refund) == ("airline", None)

    def test_a_change_of_schedule_that_waited_is_withdrawn(self, booked: LiveTrip) -> None:
        booked.announce()
        booked.quote()
        booked.airline.end(booked.order_id, OrderStatus.CANCELLED)
        booked.cancel()
        change = ScheduleChange.objects.get()
        assert (change.state, change.decided_by) == ("withdrawn", "airline")
