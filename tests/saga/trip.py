"""One traveler's attempt to book, with everything that may befall it."""

from dataclasses import replace
from itertools import pairwise
from typing import NoReturn
from uuid import UUID

from django.core.management import call_command

from bookings.booking import states
from bookings.booking.models import Booking
from bookings.booking.schemas import BookingView
from bookings.booking.states import State
from bookings.offer.models import Offer
from movmo.kit.errors import DomainError
from movmo.operations.context import Context, View
from movmo.operations.dispatch import Answer, dispatch
from tests.conftest import StoppedClock
from tests.contract.world import World, booking_of, new_key, the
from tests.saga.airline import Mood, PowerCut, ScriptedAirline


class Trip:
    def __init__(self, world: World, airline: ScriptedAirline, clock: StoppedClock, *, holdable: bool = False) -> None:
        self.world = world
        self.airline = airline
        self.clock = clock
        self.offer = world.mapped_offer(holdable=holdable)
        self.key = new_key()

    def start_anew(self) -> None:
        """The same offer, another intention. For a test that has rolled the first one back."""
        self.key = new_key()
        self.airline.forget()

    def book(self, *moods: Mood) -> Answer | DomainError | PowerCut:
        """Call create_booking with this trip's key; a second call is a replay."""
        self.airline.moods += moods
        try:
            return self.world.book(self.offer, key=self.key)
        except (DomainError, PowerCut) as outcome:
            return outcome

    def book_and_lose_power_before_the_claim(self) -> None:
        """T1 commits, then the process dies."""
        dying = replace(the("create_booking"), advance=power_cut)
        try:
            dispatch(dying, self.world.caller, booking_of(self.offer), self.key)
        except PowerCut:
            return
        raise AssertionError("the power did not fail")

    def read(self) -> BookingView:
        answer = self.world.call("get_booking", booking_id=str(self.booking.pk))
        assert isinstance(answer.view, BookingView)
        return answer.view

    def replay(self) -> Answer | DomainError | PowerCut:
        return self.book()

    def resolve(self) -> None:
        call_command("resolve_bookings", verbosity=0)

    @property
    def booking(self) -> Booking:
        return Booking.objects.select_related("offer").get(offer_id=self.offer.offer_id)

    @property
    def state(self) -> State:
        return State(self.booking.state)

    @property
    def offer_status(self) -> str:
        return Offer.objects.get(pk=self.offer.offer_id).status

    @property
    def live_orders(self) -> int:
        return self.airline.live_orders(self.booking.pk)

    @property
    def path(self) -> list[str]:
        """Every state the booking has had, each step checked against the table. Notes within a state are left out."""
        steps = [step for step in self.booking.transitions.order_by("id") if step.before != step.after]
        assert steps[0].before == ""
        for before, step in pairwise(steps):
            assert step.before == before.after, "a transition was not recorded"
            states.check(State(step.before), State(step.after))
        assert steps[-1].after == self.booking.state, "the last transition was not recorded"
        return [step.after for step in steps]


def power_cut(ctx: Context, booking_id: UUID) -> View:
    return dies()


def dies() -> NoReturn:
    raise PowerCut
