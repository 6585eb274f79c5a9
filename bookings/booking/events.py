"""What is told about a booking: one event for each state it reaches, and for what happens within one.

No personal values: whoever may know more reads the booking.
"""

from uuid import UUID

from pydantic import BaseModel, Field

from bookings.booking.models import Booking
from bookings.booking.states import State
from bookings.catalogue import modes
from movmo.operations import events
from movmo.operations.events import EventType, Subject


class BookingEvent(BaseModel):
    booking_id: UUID
    status: State = Field(description="The booking's status after the event.", examples=["confirmed"])
    previous_status: State | None = Field(default=None, description="Its status before, if it had another.")


class ScheduleChangeEvent(BookingEvent):
    change_id: UUID
    severity: str = Field(description="`minor` or `major`; a major change waits for its person.", examples=["major"])
    state: str = Field(description="`waiting`, `accepted`, `withdrawn` or `declined`.", examples=["waiting"])


WHEN = {
    State.RESERVED: "The booking was accepted, or is to be sent again after the airline had nothing of it.",
    State.REQUIRES_ACTION: "The cardholder's bank asks; the traveler answers at `payment.challenge_url`.",
    State.SUBMITTING: "The order is being sent to the airline.",
    State.CONFIRMED: "The airline has confirmed the booking.",
    State.HELD: "The seats are held until `payment_required_by`, or a confirmation of the hold was refused.",
    State.PENDING: "The airline has the order and has not decided.",
    State.FAILED: "Nothing was booked; the booking says why under `failure`.",
    State.UNKNOWN: "The airline's answer was lost; it is being asked.",
    State.MANUAL_REVIEW: "Our staff asks the airline.",
    State.TICKETED: "Every passenger with a seat has a ticket.",
    State.CONFIRMING: "The hold is being confirmed and paid for.",
    State.LAPSED: "The hold ended unpaid.",
    State.CANCELLING: "The booking is being cancelled at the airline.",
    State.CANCELLED: "The booking is cancelled; it says by whom under `cancellation`.",
}
OF_STATE = {state: events.declare(EventType(f"booking.{state}.v1", when, BookingEvent)) for state, when in WHEN.items()}
UNKNOWN_RESOLVED = events.declare(
    EventType("booking.unknown_resolved.v1", "The airline has told what became of an unknown booking.", BookingEvent)
)
SCHEDULE_CHANGED = events.declare(
    EventType(
        "booking.schedule_changed.v1",
        "The airline announced a change of schedule, or one was decided or withdrawn.",
        ScheduleChangeEvent,
    )
)
TICKETS_LATE = events.declare(
    EventType("booking.tickets_late.v1", "The airline has confirmed and still owes the tickets.", BookingEvent)
)


def subject(booking: Booking) -> Subject:
    return Subject(booking.pk, booking.partner_id, booking.user_id, is_live=not modes.is_sandbox(booking.provider))


def of_step(before: State | None, after: State) -> list[EventType]:
    """The events of one transition, in their order."""
    resolved = before is State.UNKNOWN and after not in (State.RESERVED, State.MANUAL_REVIEW)
    return [*([UNKNOWN_RESOLVED] if resolved else []), *([OF_STATE[after]] if after is not before else [])]
