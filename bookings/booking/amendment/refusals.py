"""Why nothing came of what was asked of a live order. The booking is as it was, unless the refusal says otherwise."""

from typing import Any

from bookings.booking.models import Booking
from bookings.booking.states import DECIDED, State
from movmo.kit.errors import DomainError, Kind


class BookingBusy(DomainError):
    kind = Kind.CONFLICT
    code = "booking_busy"
    message = "Something else is going on with this booking: {reason}."
    hint = "Read it with get_booking. Once that is decided, send this call again with the same idempotency key."
    retryable = True
    example = {"reason": "it is cancelling", "status": "cancelling"}

    def __init__(self, *, reason: str, **facts: Any) -> None:
        super().__init__(retry_after=2, reason=reason, **facts)


class AlreadyCancelled(DomainError):
    kind = Kind.CONFLICT
    code = "already_cancelled"
    message = "The booking has been cancelled."
    hint = "get_booking tells under `cancellation` by whom, and what is given back. Nothing more is to be done."


class HoldLapsed(DomainError):
    kind = Kind.CONFLICT
    code = "hold_lapsed"
    message = "The hold has ended: it had to be paid for by {payment_required_by}."
    hint = "Nothing was charged, or it is given back. Search again and book another offer."

    @classmethod
    def of(cls, booking: Booking) -> "HoldLapsed":
        deadline = booking.payment_required_by
        return cls(payment_required_by=deadline.isoformat() if deadline else "the airline's deadline")


class AirlineRefused(DomainError):
    kind = Kind.UPSTREAM_REFUSED
    code = "airline_refused"
    message = "{provider} refused."
    hint = "The booking is as it was; get_booking shows it. Asking for the same again will hardly help."


class AirlineUnavailable(DomainError):
    kind = Kind.UPSTREAM_UNREACHABLE
    code = "airline_unavailable"
    message = "{provider} could not be reached."
    hint = "Nothing was changed: the booking is as it was. Ask again later with a new idempotency key."


def check_free(booking: Booking) -> None:
    """Raises AlreadyCancelled, HoldLapsed, or BookingBusy while the airline has to decide about the booking.

    A booking that failed, and one that lives, pass.
    """
    state = State(booking.state)
    if state is State.CANCELLED:
        raise AlreadyCancelled
    if state is State.LAPSED:
        raise HoldLapsed.of(booking)
    if state not in DECIDED:
        raise BookingBusy(reason=f"it is {state.replace('_', ' ')}", status=state)
