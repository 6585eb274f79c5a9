"""How long we wait, how often we try, and what happens when one booking cannot be helped."""

import pytest
from django.core.management import call_command

from bookings.booking.models import Booking
from bookings.booking.ordering import order_request
from bookings.booking.saga import MOST_ATTEMPTS
from bookings.booking.schemas import BookingView
from bookings.booking.states import State
from bookings.booking.steps import LEASE, LOOK_UP_PAUSE
from bookings.offer.schemas import OfferStatus
from bookings.providers import registry
from bookings.providers.types import OrderRequest, OrderStatus, ProviderOrder, TravelDocument
from movmo.operations.dispatch import Answer
from tests.contract.world import view_of
from tests.saga import airline as moods
from tests.saga.airline import ScriptedAirline
from tests.saga.trip import Trip

pytestmark = pytest.mark.django_db


def lose(trip: Trip, times: int) -> None:
    """Let `times` orders vanish, each until its settle window is over."""
    trip.book(*[moods.loses_the_order] * times)
    for _ in range(times):
        trip.clock.forward(minutes=3)
        trip.resolve()


def test_the_settle_window_outlasts_a_lease_and_a_lease_outlasts_a_pause() -> None:
    for provider in registry.all_providers():
        assert provider.capabilities.settle_window > LEASE > LOOK_UP_PAUSE


def test_after_three_attempts_a_person_decides(trip: Trip) -> None:
    lose(trip, MOST_ATTEMPTS)
    assert (trip.state, trip.live_orders, len(trip.airline.sent)) == (State.MANUAL_REVIEW, 0, MOST_ATTEMPTS)
    assert trip.path == ["reserved"] + ["submitting", "unknown", "reserved"] * 2 + [
        "submitting",
        "unknown",
        "manual_review",
    ]


def test_what_waits_for_a_person_is_never_sent_again(trip: Trip) -> None:
    lose(trip, MOST_ATTEMPTS)
    trip.clock.forward(hours=1)
    trip.resolve()
    assert trip.read().status is State.MANUAL_REVIEW
    replayed = trip.replay()
    assert isinstance(replayed, Answer)
    assert (replayed.status, replayed.view.is_undecided()) == (202, True)
    assert len(trip.airline.sent) == MOST_ATTEMPTS
    assert trip.offer_status == OfferStatus.CONSUMED


def test_an_order_that_turns_up_after_all_is_found_by_a_read(trip: Trip) -> None:
    lose(trip, MOST_ATTEMPTS)
    trip.airline.take(order_request(trip.booking))
    trip.clock.forward(hours=1)
    assert trip.read().status is State.TICKETED
    assert trip.live_orders == 1


def test_each_attempt_has_a_settle_window_of_its_own(trip: Trip) -> None:
    trip.book(moods.loses_the_order, moods.loses_the_order)
    trip.clock.forward(minutes=3)
    trip.resolve()
    trip.clock.forward(seconds=179)
    trip.resolve()
    assert (trip.state, len(trip.airline.sent)) == (State.UNKNOWN, 2)


def test_between_two_look_ups_there_is_a_pause(trip: Trip) -> None:
    trip.book(moods.loses_the_order)
    for _ in range(5):
        trip.read()
    assert trip.airline.asked == 1
    trip.clock.forward(seconds=2)
    trip.read()
    assert trip.airline.asked == 2


def test_an_airline_that_cannot_be_asked_proves_nothing(trip: Trip) -> None:
    trip.book(moods.loses_the_answer)
    trip.airline.is_deaf = True
    for _ in range(5):
        trip.clock.forward(minutes=3)
        trip.resolve()
    assert (trip.state, len(trip.airline.sent)) == (State.UNKNOWN, 1)
    trip.airline.is_deaf = False
    trip.clock.forward(seconds=20)
    trip.resolve()
    assert (trip.state, trip.live_orders) == (State.TICKETED, 1)


def test_an_adapter_that_breaks_in_a_look_up_proves_nothing_either(trip: Trip) -> None:
    trip.book(moods.loses_the_answer)
    trip.airline.when_asked = break_down
    assert trip.read().status is State.UNKNOWN
    trip.airline.when_asked = lambda: None
    trip.clock.forward(seconds=3)
    assert trip.read().status is State.TICKETED


def test_a_ticket_for_somebody_unknown_does_not_hide_the_order(trip: Trip) -> None:
    def tickets_a_stranger(airline: ScriptedAirline, order: OrderRequest) -> ProviderOrder:
        stranger = TravelDocument("electronic_ticket", "0002400000000", "pas_stranger")
        return ProviderOrder(
            "ord_1", order.client_reference, OrderStatus.CONFIRMED, ("BCDFGH",), order.total, (stranger,)
        )

    outcome = trip.book(tickets_a_stranger)
    assert isinstance(outcome, Answer)
    booking = view_of(BookingView, outcome)
    assert (booking.status, booking.ticketing, booking.documents) == ("confirmed", "reserved_not_ticketed", [])


def test_one_booking_that_cannot_be_helped_does_not_hold_up_the_others(trip: Trip) -> None:
    hopeless, other = trip, Trip(trip.world, trip.airline, trip.clock)
    hopeless.book(moods.loses_the_answer)
    Booking.objects.update(provider="montgolfier")
    other.book(moods.loses_the_answer)
    other.resolve()
    assert (hopeless.state, other.state) == (State.UNKNOWN, State.TICKETED)


def test_the_command_says_what_became_of_each_booking(trip: Trip, capsys: pytest.CaptureFixture[str]) -> None:
    trip.book(moods.loses_the_answer)
    trip.resolve()
    assert capsys.readouterr().out.strip() == f"{trip.booking.pk} unknown → ticketed BCDFGH"


def test_the_command_passes_over_what_somebody_holds(trip: Trip, capsys: pytest.CaptureFixture[str]) -> None:
    trip.book(moods.power_fails_before_sending)
    trip.resolve()
    assert capsys.readouterr().out == ""


def test_the_command_takes_no_more_than_it_is_told(trip: Trip) -> None:
    trip.book(moods.loses_the_answer)
    call_command("resolve_bookings", limit=0, verbosity=0)
    assert trip.state is State.UNKNOWN


def break_down() -> None:
    raise RuntimeError("a bug in the adapter")


def test_an_order_that_turns_up_undecided_is_pending_again(trip: Trip) -> None:
    lose(trip, MOST_ATTEMPTS)
    trip.airline.take(order_request(trip.booking), OrderStatus.PENDING)
    trip.clock.forward(hours=1)
    assert trip.read().status is State.PENDING
    trip.airline.decide(OrderStatus.CONFIRMED)
    trip.clock.forward(hours=1)
    assert trip.read().status is State.TICKETED
