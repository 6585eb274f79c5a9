"""Accepting a change of schedule: the new itinerary is the booking's as soon as the airline has heard of it."""

from datetime import datetime

from bookings.booking.acceptance.refusals import ScheduleChangeWithdrawn
from bookings.booking.amendment import saga
from bookings.booking.amendment.models import Amendment
from bookings.booking.amendment.refusals import AirlineRefused
from bookings.booking.amendment.saga import Outcome, Verdict
from bookings.booking.models import Booking
from bookings.booking.schedule_change import services as schedule_changes
from bookings.booking.schedule_change.models import ScheduleChange
from bookings.booking.states import State
from bookings.booking.steps import Clock
from bookings.providers.errors import Refusal, Rejected
from bookings.providers.port import Provider
from bookings.providers.types import OrderStatus, ProviderOrder
from movmo.kit.errors import DomainError

ACCEPTED, WITHDRAWN = ScheduleChange.State.ACCEPTED, ScheduleChange.State.WITHDRAWN
UNDECIDED = (ScheduleChange.State.WAITING, WITHDRAWN)


class Acceptance:
    """How the airline is told that its change of schedule suits."""

    def prepare(self, amendment: Amendment, booking: Booking, *, clock: Clock) -> bool:
        return True

    def send(self, provider: Provider, amendment: Amendment, booking: Booking, *, now: datetime) -> ProviderOrder:
        return provider.accept_schedule_change(booking.order_id, amendment.reference, now=now)

    def verdict(self, amendment: Amendment, order: ProviderOrder, *, is_answer: bool) -> Verdict:
        """A change that is no longer announced was accepted or withdrawn: a look-up cannot tell which."""
        announced = order.schedule_change
        waits = announced is not None and announced.reference == amendment.reference
        if waits or order.status not in (OrderStatus.CONFIRMED, OrderStatus.HELD):
            return Verdict.NOT_DONE
        return Verdict.DONE if is_answer else Verdict.ASK_AGAIN

    def done(self, amendment: Amendment, booking: Booking, order: ProviderOrder, *, now: datetime) -> Outcome:
        change = ScheduleChange.objects.get(pk=str(amendment.subject_id))
        event = schedule_changes.event(change, ACCEPTED, State(booking.state))
        return Outcome(
            changes={"itinerary": change.after, "itinerary_version": change.version},
            more=(event,),
            also=lambda: _decide(change, ACCEPTED, by=amendment.who, now=now),
        )

    def refused(self, amendment: Amendment, booking: Booking, failure: Rejected, *, now: datetime) -> Outcome:
        if failure.refusal is not Refusal.CHANGE_WITHDRAWN:
            return Outcome(failure=AirlineRefused(provider=booking.provider))
        change = ScheduleChange.objects.get(pk=str(amendment.subject_id))
        event = schedule_changes.event(change, WITHDRAWN, State(booking.state))
        return Outcome(
            failure=ScheduleChangeWithdrawn(),
            more=(event,),
            also=lambda: _decide(change, WITHDRAWN, by="airline", now=now),
        )

    def not_sent(self, amendment: Amendment, failure: DomainError) -> Outcome:
        return Outcome(failure=failure)


def _decide(change: ScheduleChange, state: str, *, by: str, now: datetime) -> None:
    """Also one that was taken for withdrawn while the airline's answer was on its way."""
    undecided = ScheduleChange.objects.filter(pk=change.pk, state__in=UNDECIDED)
    undecided.update(state=state, decided_at=now, decided_by=by)


saga.register(Amendment.Kind.ACCEPT_SCHEDULE_CHANGE, Acceptance())
