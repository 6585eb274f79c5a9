"""Writes of acceptances: the first transaction of accepting a change of schedule."""

from bookings.booking import queries
from bookings.booking.acceptance import saga as saga  # registers what it asks
from bookings.booking.acceptance.refusals import ScheduleChangeDecided, ScheduleChangeWithdrawn
from bookings.booking.acceptance.schemas import AcceptScheduleChange
from bookings.booking.actors import Actor
from bookings.booking.amendment.models import Amendment
from bookings.booking.amendment.refusals import check_free
from bookings.booking.amendment.services import begin
from bookings.booking.schedule_change.models import ScheduleChange
from bookings.booking.states import State
from movmo.kit.errors import NotFound
from movmo.operations.context import Context


def accept(ctx: Context, request: AcceptScheduleChange) -> None:
    """T1: only the change that waits. The booking stays as it is meanwhile. Called inside the claim's transaction."""
    booking = queries.owned(ctx, request.booking_id)
    change = ScheduleChange.objects.filter(pk=request.change_id, booking=booking).first()
    if change is None:
        raise NotFound("schedule change")
    check_free(booking)
    if change.state == ScheduleChange.State.WITHDRAWN:
        raise ScheduleChangeWithdrawn
    if change.state != ScheduleChange.State.WAITING:
        raise ScheduleChangeDecided(state=change.state)
    begin(
        booking,
        Amendment(
            id=ctx.resource_id,
            kind=Amendment.Kind.ACCEPT_SCHEDULE_CHANGE,
            subject_id=change.pk,
            reference=change.reference,
        ),
        after=State(booking.state),
        reason="the change of schedule suits",
        by=Actor.of(ctx.caller),
        now=ctx.now,
    )
