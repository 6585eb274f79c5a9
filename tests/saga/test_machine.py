"""Random lives of one booking. Whatever happens: never two live orders, no illegal step, and in the end a decision."""

from contextlib import suppress
from typing import ClassVar

import pytest
from django.db import transaction
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from bookings.booking.models import Booking
from bookings.booking.states import DECIDED, State
from bookings.offer.schemas import OfferStatus
from bookings.offer.services import OfferStale
from bookings.providers.errors import Refusal
from bookings.providers.types import OrderStatus
from tests.conftest import NOON
from tests.saga import airline as moods
from tests.saga.airline import Mood, PowerCut, dies_when_asked
from tests.saga.trip import Trip

MOODS: dict[str, Mood] = {
    mood.__name__: mood
    for mood in (
        moods.confirms,
        moods.ponders,
        moods.fails_the_order,
        moods.is_unavailable,
        moods.loses_the_answer,
        moods.loses_the_order,
        moods.is_late,
        moods.breaks,
        moods.breaks_afterwards,
        moods.power_fails_before_sending,
        moods.power_fails_after_the_answer,
        moods.knows_the_reference,
    )
} | {f"rejects_{refusal}": moods.rejects(refusal) for refusal in Refusal if refusal is not Refusal.DUPLICATE_REFERENCE}

DURATIONS = [1, 3, 61, 95, 130, 3600]
ENOUGH_SWEEPS = 4


class LifeOfABooking(RuleBasedStateMachine):
    """One offer, one key; the airline takes every order that is sent, so a double would show."""

    trip: ClassVar[Trip]

    @initialize()
    def begin(self) -> None:
        # As a test case's own transaction, so that durable blocks are allowed within; rolled back in teardown.
        self.stage = transaction.atomic()
        self.stage._from_testcase = True  # type: ignore[attr-defined]
        self.stage.__enter__()
        self.trip.clock.set(NOON)
        self.trip.start_anew()

    @rule(mood=st.sampled_from(sorted(MOODS)))
    def book(self, mood: str) -> None:
        self.trip.airline.moods = [MOODS[mood]]
        self.trip.book()

    @rule(mood=st.sampled_from(sorted(MOODS)))
    def resolve(self, mood: str) -> None:
        self.trip.airline.moods = [MOODS[mood]]
        with suppress(PowerCut):
            self.trip.resolve()

    @rule()
    def lose_power_before_the_claim(self) -> None:
        if not self.exists:
            with suppress(OfferStale):  # it may have waited for too long
                self.trip.book_and_lose_power_before_the_claim()

    @rule()
    def read(self) -> None:
        if self.exists:
            sent = len(self.trip.airline.sent)
            self.trip.read()
            assert len(self.trip.airline.sent) == sent, "a read has sent an order"

    @rule()
    def lose_power_in_a_look_up(self) -> None:
        with dies_when_asked(self.trip.airline):
            if self.exists:
                self.trip.replay()

    @rule(seconds=st.sampled_from(DURATIONS))
    def wait(self, seconds: int) -> None:
        self.trip.clock.forward(seconds=seconds)

    @rule(is_deaf=st.booleans())
    def hear_or_not(self, is_deaf: bool) -> None:
        self.trip.airline.is_deaf = is_deaf

    @rule(decision=st.sampled_from([OrderStatus.CONFIRMED, OrderStatus.FAILED]))
    def decide(self, decision: OrderStatus) -> None:
        self.trip.airline.decide(decision)

    @invariant()
    def there_is_never_more_than_one_live_order(self) -> None:
        assert all(self.trip.airline.live_orders(reference) <= 1 for reference in self.trip.airline.orders)

    @invariant()
    def every_step_is_legal_and_written_down(self) -> None:
        if self.exists:
            assert self.trip.path[0] == State.RESERVED

    @invariant()
    def what_is_decided_is_true(self) -> None:
        if self.exists and self.trip.state in DECIDED:
            assert self.trip.live_orders == (self.trip.state is not State.FAILED)
            is_free = self.trip.offer_status != OfferStatus.CONSUMED
            assert is_free == (self.trip.state is State.FAILED)

    @property
    def exists(self) -> bool:
        return Booking.objects.exists()

    def teardown(self) -> None:
        """Once the airline behaves, every booking ends decided or with our staff."""
        if not hasattr(self, "stage"):
            return
        try:
            if self.exists:
                self.come_to_an_end()
        finally:
            transaction.set_rollback(True)
            self.stage.__exit__(None, None, None)

    def come_to_an_end(self) -> None:
        self.trip.airline.moods, self.trip.airline.is_deaf = [], False
        self.trip.airline.decide(OrderStatus.CONFIRMED)
        for _ in range(ENOUGH_SWEEPS):
            self.trip.clock.forward(minutes=3)
            self.trip.resolve()
        assert self.trip.state in DECIDED | {State.MANUAL_REVIEW}
        self.there_is_never_more_than_one_live_order()
        self.every_step_is_legal_and_written_down()
        self.what_is_decided_is_true()


@pytest.mark.django_db
def test_whatever_happens_there_is_one_order_or_none(trip: Trip) -> None:
    machine = type("Life", (LifeOfABooking,), {"trip": trip})
    run_state_machine_as_test(machine, settings=settings(max_examples=40, stateful_step_count=15))
