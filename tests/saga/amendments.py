"""The three things that may be asked of a live order, each as a row for the tests that hold for all of them."""

from collections.abc import Callable
from dataclasses import dataclass

from bookings.booking.states import State
from tests.saga.airline import DeskMood
from tests.saga.live_trip import Heard, LiveTrip


@dataclass(frozen=True)
class Kind:
    """`before` is where its booking stands, `meanwhile` while the airline is asked, `after` once it was done."""

    name: str
    operation: str
    done: str
    before: State
    meanwhile: State
    after: State
    ask: Callable[..., Heard]

    @property
    def given_up(self) -> tuple[State, str]:
        """Where booking and amendment are after three attempts: with a person, unless the booking was never moved."""
        return (self.before, "refused") if self.meanwhile is self.before else (State.MANUAL_REVIEW, "review")

    def __str__(self) -> str:
        return self.name


CONFIRM = Kind(
    "confirm_hold", "confirm_hold", "confirm_hold", State.HELD, State.CONFIRMING, State.TICKETED, LiveTrip.confirm
)
CANCEL = Kind("cancel", "cancel_booking", "cancel", State.TICKETED, State.CANCELLING, State.CANCELLED, LiveTrip.cancel)
ACCEPT = Kind(
    "accept_schedule_change",
    "accept_schedule_change",
    "accept",
    State.TICKETED,
    State.TICKETED,
    State.TICKETED,
    LiveTrip.accept,
)
KINDS = [CONFIRM, CANCEL, ACCEPT]


@dataclass
class Case:
    """A booking of which something is asked."""

    kind: Kind
    trip: LiveTrip

    def ask(self, *moods: DeskMood, **changes: str) -> Heard:
        return self.kind.ask(self.trip, *moods, **changes)

    def ask_and_lose_power(self) -> None:
        if self.kind is CANCEL:
            self.trip.quote()
        if self.kind is ACCEPT:
            self.trip.announce()
        self.trip.ask_and_lose_power(self.kind.operation)

    def read(self) -> object:
        return self.trip.read()

    def sweep(self) -> None:
        self.trip.resolve()

    def replay(self) -> Heard:
        return self.ask()

    @property
    def state(self) -> State:
        return self.trip.state

    @property
    def is_done(self) -> bool:
        """At the airline and with us, once."""
        return self.trip.airline.done == [self.kind.done] and self.was_written_down

    @property
    def was_written_down(self) -> bool:
        is_newer = self.trip.booking.itinerary_version == (2 if self.kind is ACCEPT else 1)
        return self.state is self.kind.after and self.trip.amendment.state == "done" and is_newer

    @property
    def is_as_before(self) -> bool:
        nothing = self.trip.airline.done == [] and self.trip.booking.itinerary_version == 1
        return nothing and self.state is self.kind.before
