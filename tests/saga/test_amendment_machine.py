"""Random lives of a held order. Whatever happens: nothing is done twice, and in the end the airline and we agree."""

from collections import Counter
from contextlib import suppress
from typing import ClassVar

import pytest
from django.db import transaction
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from bookings.booking.amendment.models import Amendment
from bookings.booking.schedule_change.models import ScheduleChange
from bookings.booking.states import DECIDED, LIVE, OVER, State
from bookings.providers.errors import Refusal
from bookings.providers.types import OrderStatus
from movmo.kit.errors import DomainError
from movmo.operations.models import Event
from tests.conftest import NOON, StoppedClock
from tests.contract.world import World
from tests.saga import airline as moods
from tests.saga.airline import DeskMood, PowerCut, ScriptedAirline, dies_when_asked
from tests.saga.live_trip import LiveTrip

MOODS: dict[str, DeskMood] = {
    mood.__name__: mood
    for mood in (
        moods.does_it,
        moods.does_it_silently,
        moods.does_it_late,
        moods.hears_nothing,
        moods.is_closed,
        moods.breaks_first,
        moods.breaks_having_done_it,
        moods.power_fails_first,
        moods.power_fails_having_done_it,
    )
} | {f"says_no_{refusal}": moods.says_no(refusal) for refusal in (Refusal.OTHER, Refusal.ORDER_OVER)}
NAMES = ["confirm_hold", "cancel_booking", "accept_schedule_change"]
DURATIONS = [1, 21, 61, 95, 190, 3600]
SAME = {
    State.HELD: OrderStatus.HELD,
    State.CONFIRMED: OrderStatus.CONFIRMED,
    State.TICKETED: OrderStatus.CONFIRMED,
    State.CANCELLED: OrderStatus.CANCELLED,
    State.LAPSED: OrderStatus.LAPSED,
}
ENOUGH_SWEEPS = 8


class LifeOfAnOrder(RuleBasedStateMachine):
    """A booking that is held, and everybody who may have to do with it."""

    trip: ClassVar[LiveTrip]

    @initialize()
    def begin(self) -> None:
        # As a test case's own transaction, so that durable blocks are allowed within; rolled back in teardown.
        self.stage = transaction.atomic()
        self.stage._from_testcase = True  # type: ignore[attr-defined]
        self.stage.__enter__()
        self.trip.clock.set(NOON)
        self.trip.begin(hold=True)
        self.announced = 0

    @rule(name=st.sampled_from(NAMES), mood=st.sampled_from(sorted(MOODS)), key=st.sampled_from(["", "new"]))
    def ask(self, name: str, mood: str, key: str) -> None:
        self.prepare(name)
        self.trip.airline.desk_moods = [MOODS[mood]]
        self.trip.ask(name, key=key and f"{key}-{name}-{len(self.trip.airline.asked_for)}")
        self.trip.airline.desk_moods = []

    @rule(name=st.sampled_from(NAMES))
    def ask_and_lose_power(self, name: str) -> None:
        self.prepare(name)
        with suppress(DomainError, AssertionError):  # refused, or a replay that had nothing left to do
            self.trip.ask_and_lose_power(name)

    @rule(mood=st.sampled_from(sorted(MOODS)))
    def sweep(self, mood: str) -> None:
        self.trip.airline.desk_moods = [MOODS[mood]]
        with suppress(PowerCut):
            self.trip.resolve()
        self.trip.airline.desk_moods = []

    @rule()
    def read(self) -> None:
        asked = len(self.trip.airline.asked_for)
        self.trip.read()
        assert len(self.trip.airline.asked_for) == asked, "a read has asked for something"

    @rule()
    def lose_power_in_a_look_up(self) -> None:
        with dies_when_asked(self.trip.airline), suppress(PowerCut):
            self.trip.read()

    @rule()
    def announce(self) -> None:
        if self.trip.state not in OVER and not ScheduleChange.objects.filter(state="waiting").exists():
            self.announced += 1
            self.trip.announce(f"sch_{self.announced}")

    @rule(status=st.sampled_from([OrderStatus.CANCELLED, OrderStatus.LAPSED]))
    def end(self, status: OrderStatus) -> None:
        order = self.trip.order
        if order.status is OrderStatus.HELD or (
            order.status is OrderStatus.CONFIRMED and status is OrderStatus.CANCELLED
        ):
            self.trip.airline.end(self.trip.order_id, status)

    @rule(seconds=st.sampled_from(DURATIONS))
    def wait(self, seconds: int) -> None:
        self.trip.clock.forward(seconds=seconds)

    @rule(is_deaf=st.booleans())
    def hear_or_not(self, is_deaf: bool) -> None:
        self.trip.airline.is_deaf = is_deaf

    @invariant()
    def nothing_is_done_twice(self) -> None:
        done = Counter(self.trip.airline.done)
        assert done["confirm_hold"] <= 1
        assert done["cancel"] <= 1
        assert done["accept"] <= self.announced

    @invariant()
    def one_thing_is_asked_at_a_time(self) -> None:
        assert Amendment.objects.filter(state__in=["open", "review"]).count() <= 1

    @invariant()
    def every_step_is_legal_and_told(self) -> None:
        assert self.trip.path[0] == State.RESERVED
        booking = self.trip.booking
        told = Event.objects.filter(subject_id=booking.pk).order_by("sequence").values_list("sequence", flat=True)
        assert list(told) == list(range(1, booking.sequence + 1))

    @invariant()
    def an_accepted_change_is_in_force_and_no_other(self) -> None:
        accepted = ScheduleChange.objects.filter(state="accepted")
        assert self.trip.booking.itinerary_version == 1 + accepted.count()

    def prepare(self, name: str) -> None:
        """What has to be there before it may be asked for."""
        if name == "cancel_booking" and not self.trip.quote_id:
            with suppress(DomainError):
                self.trip.quote()
        if name == "accept_schedule_change" and not self.trip.change_id:
            self.announce()

    def teardown(self) -> None:
        """Once the airline behaves, everybody knows the same, or our staff is told."""
        if not hasattr(self, "stage"):
            return
        try:
            self.come_to_an_end()
        finally:
            transaction.set_rollback(True)
            self.stage.__exit__(None, None, None)

    def come_to_an_end(self) -> None:
        self.trip.airline.desk_moods, self.trip.airline.is_deaf = [], False
        for _ in range(ENOUGH_SWEEPS):
            self.trip.clock.forward(minutes=4)
            self.trip.resolve()
            self.trip.read()
        self.trip.clock.forward(days=1)
        self.trip.resolve()
        assert self.trip.state in DECIDED | {State.MANUAL_REVIEW}
        if self.trip.state is not State.MANUAL_REVIEW:
            assert SAME[self.trip.state] is self.trip.order.status
            assert not Amendment.objects.filter(state__in=["open", "review"]).exists()
        if self.trip.state in LIVE:
            accepted = ScheduleChange.objects.filter(state="accepted").count()
            assert accepted == self.trip.airline.done.count("accept")


@pytest.mark.django_db
def test_whatever_happens_the_airline_and_we_agree(world: World, airline: ScriptedAirline, clock: StoppedClock) -> None:
    trip = LiveTrip(world, airline, clock, holdable=True)
    machine = type("Life", (LifeOfAnOrder,), {"trip": trip})
    run_state_machine_as_test(machine, settings=settings(max_examples=15, stateful_step_count=12))
