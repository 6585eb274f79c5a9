"""A provider that cannot be asked by our reference: what became of an order is for a person to find out."""

from collections.abc import Iterator

import pytest

from bookings.booking.models import Booking
from bookings.booking.states import State
from bookings.providers.errors import Refusal
from bookings.providers.types import OrderStatus
from tests.bookings.abilities import sandbox_with
from tests.saga import airline as moods
from tests.saga.airline import Mood, PowerCut
from tests.saga.trip import Trip

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def no_look_up(trip: Trip) -> Iterator[None]:
    with sandbox_with(finds_orders=False):
        yield


LOST: list[Mood] = [moods.loses_the_answer, moods.loses_the_order, moods.breaks, moods.knows_the_reference]


@pytest.mark.parametrize("mood", LOST)
def test_an_outcome_that_is_not_known_goes_to_a_person_at_once(trip: Trip, mood: Mood) -> None:
    trip.book(mood)
    assert trip.path == ["reserved", "submitting", "unknown", "manual_review"]


@pytest.mark.parametrize("mood", LOST)
def test_it_is_never_sent_again_and_nobody_is_asked(trip: Trip, mood: Mood) -> None:
    trip.book(mood)
    for _ in range(5):
        trip.clock.forward(hours=1)
        trip.resolve()
        trip.read()
        trip.replay()
    assert (trip.state, len(trip.airline.sent)) == (State.MANUAL_REVIEW, 1)
    assert (trip.airline.asked, trip.airline.looked) == (0, 0)


def test_nor_is_one_whose_worker_died(trip: Trip) -> None:
    assert isinstance(trip.book(moods.power_fails_after_the_answer), PowerCut)
    trip.clock.forward(seconds=61)
    trip.resolve()
    assert (trip.state, len(trip.airline.sent)) == (State.MANUAL_REVIEW, 1)


def test_one_that_was_unknown_when_the_provider_lost_its_look_up_is_not_sent_again(trip: Trip) -> None:
    with sandbox_with(finds_orders=True):
        trip.book(moods.loses_the_order)
    assert trip.state is State.UNKNOWN
    for _ in range(3):
        trip.clock.forward(minutes=4)
        trip.resolve()
    assert (trip.state, len(trip.airline.sent)) == (State.MANUAL_REVIEW, 1)


def test_a_pending_order_is_asked_for_by_its_own_id(trip: Trip) -> None:
    trip.book(moods.ponders)
    assert trip.state is State.PENDING
    trip.airline.decide(OrderStatus.CONFIRMED)
    trip.clock.forward(seconds=21)
    trip.resolve()
    assert (trip.state, trip.airline.asked, trip.airline.looked) == (State.TICKETED, 0, 1)


def test_a_refusal_is_as_clear_as_anywhere(trip: Trip) -> None:
    trip.book(moods.rejects(Refusal.SOLD_OUT))
    assert (trip.state, Booking.objects.get().failure_code) == (State.FAILED, "sold_out")
