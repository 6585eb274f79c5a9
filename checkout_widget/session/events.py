"""What is told about a checkout: one event for each state that is news to its partner. No personal values."""

from datetime import datetime
from uuid import UUID

from pydantic import BaseModel, Field

from checkout_widget.session.models import CheckoutSession
from checkout_widget.session.states import CheckoutState as State
from movmo.operations import events
from movmo.operations.events import EventType, Subject


class CheckoutEvent(BaseModel):
    session_id: UUID
    status: State = Field(description="The session's status after the event.", examples=["completed"])
    booking_id: UUID | None = Field(default=None, description="The booking that was made, once completed.")
    record_locator: str | None = Field(default=None, description="Its PNR.", examples=["BCDFGH"])
    failure_code: str | None = Field(default=None, description="Why it failed.", examples=["sold_out"])


WHEN = {
    State.OPEN: "A checkout was opened, or another frame has taken it over and nobody has signed in there.",
    State.AUTHENTICATED: "A traveler has shown who they are.",
    State.READY: "Every seat has its passenger, or the price has changed and is shown anew.",
    State.CONFIRMING: "The traveler has said yes; the booking is being made.",
    State.REQUIRES_ACTION: "The cardholder's bank asks.",
    State.COMPLETED: "The flight is booked. This, and reading the session, tell so; the page's own event is a hint.",
    State.FAILED: "It cannot be booked any more.",
    State.EXPIRED: "Its time was over before anybody said yes.",
    State.CANCELED: "You took it back.",
}
OF_STATE = {
    state: events.declare(EventType(f"checkout.{state}.v1", when, CheckoutEvent)) for state, when in WHEN.items()
}


def tell(session: CheckoutSession, state: State, *, at: datetime) -> None:
    """In the transaction of the step, before it: `session.sequence` is the one before."""
    subject = Subject(session.pk, session.partner_id, session.user_id, is_live=session.is_live_key)
    payload = CheckoutEvent(
        session_id=session.pk,
        status=state,
        booking_id=session.booking_id,
        record_locator=session.record_locator or None,
        failure_code=session.failure_code or None,
    )
    events.write(subject, [(OF_STATE[state], payload)], after=session.sequence, at=at)
