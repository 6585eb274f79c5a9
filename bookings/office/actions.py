"""What a clerk may do on the page of a booking: who may, when it makes sense, and what the page says of it first."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol
from uuid import UUID

from bookings.booking.models import Booking
from bookings.booking.states import LIVE, State
from bookings.office import services

CHANGE = "bookings.change_booking"
CANCEL = "bookings.cancel_booking"
UNTOLD = frozenset({State.RESERVED, State.SUBMITTING, State.PENDING, State.UNKNOWN, State.MANUAL_REVIEW})
"""Of which no letter tells."""


class Run(Protocol):
    def __call__(self, booking_id: UUID, *, by: UUID, reason: str) -> str:
        """What came of it, in a sentence. Raises services.NotNow."""
        ...


@dataclass(frozen=True, slots=True)
class Action:
    """`explained` is read before it is done."""

    name: str
    title: str
    icon: str
    permission: str
    explained: str
    fits: Callable[[Booking], bool]
    run: Run | None = None
    """None for what takes more than one page."""


ACTIONS = {
    action.name: action
    for action in (
        Action(
            "resend-letter",
            "Resend the confirmation",
            "mail",
            CHANGE,
            "The letter that tells how the booking stands goes to the traveler's address once more.",
            lambda booking: State(booking.state) not in UNTOLD,
            services.resend_letter,
        ),
        Action(
            "look-up",
            "Look up at the provider",
            "travel_explore",
            CHANGE,
            "The provider is asked how its order stands, and the booking follows its answer. Nothing is ordered.",
            lambda booking: State(booking.state) in services.MAY_CHANGE,
            services.look_up,
        ),
        Action(
            "review",
            "Send to manual review",
            "person_search",
            CHANGE,
            "No worker drives the booking on any more: you or a colleague ask the airline.",
            lambda booking: State(booking.state) in services.MAY_BE_HANDED_OVER,
            services.send_to_review,
        ),
        Action(
            "cancel",
            "Cancel",
            "cancel",
            CANCEL,
            "First the airline says what it gives back. Nothing is cancelled before you have seen that and agreed.",
            lambda booking: State(booking.state) in LIVE,
        ),
    )
}


def offered(booking: Booking, *, may: Callable[[str], bool]) -> list[Action]:
    return [action for action in ACTIONS.values() if may(action.permission) and action.fits(booking)]
