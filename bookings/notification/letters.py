"""Which events of a booking are worth a letter to its traveler, and when such a letter has become stale.

Internal states are not. A letter tells how the booking stands when it leaves, not how it stood when it was ordered: one
that something newer has overtaken is left out, because the newer thing has a letter of its own.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from bookings.booking import events
from bookings.booking.models import Booking
from bookings.booking.schedule_change.models import ScheduleChange
from bookings.booking.states import ASKED_ABOUT, LIVE, State
from movmo.operations.models import Event

SETTLES = timedelta(minutes=1)
"""Tickets mostly follow a confirmation at once, and most people answer their bank at once."""
MOVMO_DECIDES = timedelta(minutes=15)
"""A minor change is accepted by policy; only if the airline does not take that is it for the traveler to decide."""
SOLD = (State.CONFIRMED, State.TICKETED)

IsDue = Callable[[Booking, Event, datetime], bool]


@dataclass(frozen=True, slots=True)
class Letter:
    """`name` is that of its words in templates/email/booking. It waits for `waits`, and leaves if it is due then.

    `calendar` is the iTIP method of the file that goes with it.
    """

    name: str
    is_due: IsDue
    waits: timedelta = timedelta()
    calendar: str = ""


def of(event: Event) -> Letter | None:
    """The letter that the event deserves."""
    if event.type == events.SCHEDULE_CHANGED.name:
        return _of_change(event)
    if event.payload.get("previous_status") == State.CANCELLING and event.payload["status"] in LIVE:
        return None  # back where it was: whoever wanted to cancel has been told
    return _OF_STATE.get(event.type)


def _of_change(event: Event) -> Letter | None:
    if event.payload["state"] == ScheduleChange.State.WAITING:
        is_minor = event.payload["severity"] == ScheduleChange.Severity.MINOR
        return _MINOR_WAITS if is_minor else _CHANGE_WAITS
    return _OF_CHANGE.get(event.payload["state"])


def change_of(event: Event) -> ScheduleChange | None:
    """The schedule change that the event is about, if it is about one."""
    change_id = event.payload.get("change_id")
    return ScheduleChange.objects.filter(pk=change_id).first() if change_id else None


def was_sold(booking: Booking) -> bool:
    """Whether the airline had confirmed it, so that its flights may stand in a calendar."""
    return booking.transitions.filter(after__in=SOLD).exists()


def had_waited_for_tickets(booking: Booking) -> bool:
    """Whether its traveler has been told that tickets follow."""
    told = booking.transitions.filter(after=State.CONFIRMED).order_by("id").first()
    ticketed = booking.transitions.filter(after=State.TICKETED).order_by("id").first()
    return told is not None and ticketed is not None and ticketed.at - told.at >= SETTLES


def _is(state: State) -> IsDue:
    return lambda booking, event, now: booking.state == state


def _is_still_held(booking: Booking, event: Event, now: datetime) -> bool:
    ends_at = booking.payment_required_by
    return booking.state == State.HELD and (ends_at is None or ends_at > now)


def _was_told_as_undecided(booking: Booking, event: Event, now: datetime) -> bool:
    """A failure that was told at once is no news."""
    undecided = [*ASKED_ABOUT, State.REQUIRES_ACTION]
    return booking.state == State.FAILED and booking.transitions.filter(after__in=undecided).exists()


def _change_still_is(state: ScheduleChange.State) -> IsDue:
    def is_due(booking: Booking, event: Event, now: datetime) -> bool:
        change = change_of(event)
        return change is not None and change.state == state and booking.state in LIVE

    return is_due


def _is_what_flies(booking: Booking, event: Event, now: datetime) -> bool:
    """The accepted change is the newest: of an earlier one the times are wrong by now."""
    change = change_of(event)
    return change is not None and change.version == booking.itinerary_version and booking.state in LIVE


_OF_STATE = {
    events.OF_STATE[state].name: letter
    for state, letter in {
        State.CONFIRMED: Letter("confirmed", _is(State.CONFIRMED), waits=SETTLES, calendar="PUBLISH"),
        State.TICKETED: Letter("ticketed", _is(State.TICKETED), calendar="PUBLISH"),
        State.HELD: Letter("held", _is_still_held),
        State.LAPSED: Letter("lapsed", _is(State.LAPSED)),
        State.REQUIRES_ACTION: Letter("requires_action", _is(State.REQUIRES_ACTION), waits=SETTLES),
        State.FAILED: Letter("failed", _was_told_as_undecided),
        State.CANCELLED: Letter("cancelled", _is(State.CANCELLED), calendar="CANCEL"),
    }.items()
}
_CHANGE_WAITS = Letter("change_waits", _change_still_is(ScheduleChange.State.WAITING))
_MINOR_WAITS = Letter("change_waits", _CHANGE_WAITS.is_due, waits=MOVMO_DECIDES)
_OF_CHANGE = {
    ScheduleChange.State.ACCEPTED.value: Letter("changed", _is_what_flies, calendar="PUBLISH"),
    ScheduleChange.State.WITHDRAWN.value: Letter("change_withdrawn", _change_still_is(ScheduleChange.State.WITHDRAWN)),
}
