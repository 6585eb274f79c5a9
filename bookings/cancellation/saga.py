"""Cancelling on the terms of a quote. A change of schedule that waits is declined by it."""

from datetime import datetime
from functools import partial

from bookings.booking.amendment import saga
from bookings.booking.amendment.models import Amendment
from bookings.booking.amendment.refusals import AirlineRefused
from bookings.booking.amendment.saga import Outcome, Verdict
from bookings.booking.models import Booking
from bookings.booking.schedule_change import queries as schedule_changes
from bookings.booking.schedule_change.models import ScheduleChange
from bookings.booking.schedule_change.services import event
from bookings.booking.states import State
from bookings.booking.steps import Clock
from bookings.cancellation.models import CancellationQuote
from bookings.cancellation.refusals import NotCancellable, QuoteStale
from bookings.providers.errors import Refusal, Rejected
from bookings.providers.port import Provider
from bookings.providers.types import OrderStatus, ProviderOrder
from movmo.kit.errors import DomainError

DECLINED = ScheduleChange.State.DECLINED


class Cancellation:
    """How the airline is asked to cancel an order."""

    def prepare(self, amendment: Amendment, booking: Booking, *, clock: Clock) -> bool:
        return True

    def send(self, provider: Provider, amendment: Amendment, booking: Booking, *, now: datetime) -> ProviderOrder:
        return provider.confirm_cancellation(booking.order_id, amendment.reference, now=now)

    def verdict(self, amendment: Amendment, order: ProviderOrder, *, is_answer: bool) -> Verdict:
        return Verdict.DONE if order.status is OrderStatus.CANCELLED else Verdict.NOT_DONE

    def done(self, amendment: Amendment, booking: Booking, order: ProviderOrder, *, now: datetime) -> Outcome:
        """Had the airline cancelled it first, it gives back what it owes then, and not what was quoted."""
        quote = CancellationQuote.objects.get(pk=str(amendment.subject_id))
        if order.refund is not None and order.refund != quote.refund:
            return saga.ended(booking, order, now=now)
        waiting = schedule_changes.waiting(booking)
        changes = {
            "cancelled_by": "traveler",
            "refund_minor": quote.refund_minor,
            "penalty_minor": quote.penalty_minor,
            "refund_to": quote.refund_to,
        }
        if waiting is None:
            return Outcome(changes=changes)
        declined = partial(_decline, waiting, by=amendment.who, now=now)
        return Outcome(changes=changes, more=(event(waiting, DECLINED, State.CANCELLED),), also=declined)

    def refused(self, amendment: Amendment, booking: Booking, failure: Rejected, *, now: datetime) -> Outcome:
        plain: dict[Refusal, DomainError] = {
            Refusal.QUOTE_EXPIRED: QuoteStale(reason="the airline says that it has expired"),
            Refusal.NOT_CANCELLABLE: NotCancellable(reason="the airline does not allow it"),
        }
        return Outcome(failure=plain.get(failure.refusal, AirlineRefused(provider=booking.provider)))

    def not_sent(self, amendment: Amendment, failure: DomainError) -> Outcome:
        """The airline has heard nothing: the quote is as good as before."""
        used = CancellationQuote.objects.filter(pk=str(amendment.subject_id), state=CancellationQuote.State.USED)
        return Outcome(failure=failure, also=lambda: used.update(state=CancellationQuote.State.OPEN))


def _decline(change: ScheduleChange, *, by: str, now: datetime) -> None:
    waiting = ScheduleChange.objects.filter(pk=change.pk, state=ScheduleChange.State.WAITING)
    waiting.update(state=DECLINED, decided_at=now, decided_by=by)


saga.register(Amendment.Kind.CANCEL, Cancellation())
