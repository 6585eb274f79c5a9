"""What a person is shown before an agent accepts a new schedule for them: how they would fly, and how they fly now."""

from bookings.booking import steps
from bookings.booking.acceptance.schemas import AcceptScheduleChange
from bookings.booking.proposing import proposal
from bookings.booking.schedule_change.models import ScheduleChange
from bookings.offer import flights
from movmo.operations.approval.proposal import Fact, Proposal
from movmo.operations.context import Context


def of_acceptance(ctx: Context, request: AcceptScheduleChange) -> Proposal:
    booking = steps.reload(request.booking_id)
    change = ScheduleChange.objects.get(pk=request.change_id)
    before = [
        Fact(label="Until now", text=_flight(segment))
        for part in flights.in_words(flights.read(change.before))
        for segment in part["segments"]
    ]
    shown = proposal(booking, verb="Accept the new schedule of", facts=before)
    return shown.model_copy(update={"journeys": flights.in_words(flights.read(change.after))})


def _flight(segment: dict[str, object]) -> str:
    """ "KL 1693, Tue 19 January 2027 at 10:35"."""
    leaves = segment["departing"]
    assert isinstance(leaves, dict)
    return f"{segment['flight']}, {leaves['day']} at {leaves['time']}"
