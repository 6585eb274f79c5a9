"""What an airline's word about its schedule does to a booking: read outside of a transaction, written inside of one."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from pydantic import BaseModel

from bookings.booking.amendment.models import Amendment
from bookings.booking.amendment.queries import UNDER_WAY
from bookings.booking.amendment.refusals import AirlineUnavailable
from bookings.booking.events import SCHEDULE_CHANGED, ScheduleChangeEvent
from bookings.booking.models import Booking
from bookings.booking.schedule_change import policy, queries
from bookings.booking.schedule_change.models import ScheduleChange
from bookings.booking.states import State
from bookings.offer import presentation
from bookings.offer.schemas import SliceView
from bookings.providers.types import AnnouncedChange
from movmo.operations.events import EventType

Severity = ScheduleChange.Severity


@dataclass(frozen=True, slots=True)
class News:
    """`gone` waited until now and is withdrawn; `fresh` waits from now on; `still` waits as before."""

    gone: ScheduleChange | None = None
    fresh: ScheduleChange | None = None
    still: ScheduleChange | None = None

    def __bool__(self) -> bool:
        return self.gone is not None or self.fresh is not None

    def events(self, status: State) -> tuple[tuple[EventType, BaseModel], ...]:
        """To be told with the change itself. `status` is the booking's afterwards."""
        told = ((self.gone, ScheduleChange.State.WITHDRAWN), (self.fresh, ScheduleChange.State.WAITING))
        return tuple(event(change, state, status) for change, state in told if change is not None)

    def write(self, *, now: datetime) -> None:
        """In the transaction of the booking's own step, whose compare-and-swap is the guard."""
        if self.gone is not None:
            ScheduleChange.objects.filter(pk=self.gone.pk, state=ScheduleChange.State.WAITING).update(
                state=ScheduleChange.State.WITHDRAWN, decided_at=now, decided_by="airline"
            )
        if self.fresh is not None:
            self.fresh.save()


def event(change: ScheduleChange, state: str, status: State) -> tuple[EventType, BaseModel]:
    return SCHEDULE_CHANGED, ScheduleChangeEvent(
        booking_id=change.booking_id, status=status, change_id=change.pk, severity=change.severity, state=state
    )


def read(booking: Booking, announced: AnnouncedChange | None) -> News:
    """Compare what the airline announces now with what waits."""
    waits = queries.waiting(booking)
    if waits is not None and (_is_the_same(waits, announced) or _is_being_accepted(waits)):
        return News(still=waits)
    return News(gone=waits, fresh=_fresh(booking, announced) if announced is not None else None)


def called_off(booking: Booking) -> News:
    """The booking is over: nothing that was announced waits any more."""
    return News(gone=queries.waiting(booking))


def left_to_movmo(booking: Booking) -> ScheduleChange | None:
    """A minor change that waits and that the airline has not heard about. One that it refused is the traveler's."""
    waits = queries.waiting(booking)
    if waits is None or waits.severity != ScheduleChange.Severity.MINOR:
        return None
    asked = Amendment.objects.filter(subject_id=waits.pk).exclude(failure_code=AirlineUnavailable.code)
    return None if asked.exists() else waits


def _is_the_same(change: ScheduleChange, announced: AnnouncedChange | None) -> bool:
    return announced is not None and announced.reference == change.reference


def _is_being_accepted(change: ScheduleChange) -> bool:
    """Then its absence may mean that it was accepted: the amendment finds out."""
    return Amendment.objects.filter(subject_id=change.pk, state__in=UNDER_WAY).exists()


def _fresh(booking: Booking, announced: AnnouncedChange) -> ScheduleChange | None:
    """The row for an announcement; None for one that was decided, which a slow airline may go on telling.

    One that was withdrawn and is announced again waits again, in its own row.
    """
    known = ScheduleChange.objects.filter(booking=booking, reference=announced.reference).first()
    if known is not None and known.state != ScheduleChange.State.WITHDRAWN:
        return None
    before = [SliceView.model_validate(part) for part in booking.itinerary]
    after = presentation.views_of(announced.slices, _slots(booking))
    change = known or ScheduleChange(booking=booking, reference=announced.reference)
    change.version = booking.itinerary_version + 1
    change.severity = Severity.MINOR if policy.is_minor(before, after) else Severity.MAJOR
    change.state = ScheduleChange.State.WAITING
    change.before = booking.itinerary
    change.after = [part.model_dump(mode="json") for part in after]
    change.announced_at = announced.announced_at
    change.decided_at, change.decided_by = None, ""
    return change


def _slots(booking: Booking) -> dict[str, UUID]:
    return {person["provider_passenger_id"]: UUID(person["slot_id"]) for person in booking.people}
