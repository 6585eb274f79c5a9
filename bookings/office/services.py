"""What staff do about a booking. Each act goes the way that the booking's own rooms have for it, in the clerk's name.

Two lines of the audit trail say who did it and why: one before, one after, with what came of it. The clerk's words
stand there and nowhere else.
"""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any
from uuid import UUID

from django.db import transaction

from bookings.booking import services as bookings
from bookings.booking import steps
from bookings.booking.actors import Actor
from bookings.booking.amendment import queries as amendments
from bookings.booking.amendment import saga as amending
from bookings.booking.amendment.services import advance
from bookings.booking.models import Booking
from bookings.booking.states import ASKED_ABOUT, LIVE, State
from bookings.cancellation import services as cancellations
from bookings.cancellation.schemas import CancelBooking, CancellationQuoteView, QuoteCancellation
from bookings.notification import services as letters
from bookings.notification.services import NothingToPost
from movmo.kit import clock
from movmo.kit.errors import DomainError
from movmo.operations import audit
from movmo.operations.context import Caller, Context, Door
from movmo.operations.idempotency import IdempotencyInProgress

ON_THE_WAY = frozenset({State.PENDING, State.UNKNOWN})
AMENDED = frozenset({State.CONFIRMING, State.CANCELLING})
MAY_BE_HANDED_OVER = ON_THE_WAY | AMENDED
MAY_CHANGE = ASKED_ABOUT | LIVE | AMENDED | {State.SUBMITTING}
"""Where the airline may still say something new."""


class NotNow(Exception):
    """The booking is past it, or somebody else is at it. Says why, for the clerk."""

    code = "refused"


def resend_letter(booking_id: UUID, *, by: UUID, reason: str) -> str:
    """The letter that tells how the booking stands, once more. Raises NotNow."""
    with _audited("resend_letter", booking_id, by, reason):
        booking = Booking.objects.select_related("user").get(pk=booking_id)
        try:
            with transaction.atomic():
                name = letters.order_again(booking, now=clock.now())
        except NothingToPost as nothing:
            raise NotNow(f"No letter was sent: {nothing}.") from None
    return f"The letter “{name.replace('_', ' ')}” is on its way to the traveler again."


def look_up(booking_id: UUID, *, by: UUID, reason: str) -> str:
    """Ask the provider how its order stands, and write down what it says. Raises NotNow."""
    with _audited("look_up_booking", booking_id, by, reason):
        booking = _free(booking_id)
        if booking.state not in MAY_CHANGE:
            raise NotNow(f"The booking is {_words(booking)}: there is nothing that the provider could still change.")
        _check_sent(booking)
        after = bookings.look_up(booking, clock=clock.now)
    return f"{booking.provider} was asked. The booking is {_words(after)}."


def _check_sent(booking: Booking) -> None:
    amendment = amendments.under_way(booking)
    if amendment is not None and amendment.sent_at is None:
        raise NotNow("What was asked of the order has not been sent yet: the workers are at it.")


def send_to_review(booking_id: UUID, *, by: UUID, reason: str) -> str:
    """No worker drives it on any more: a person asks the airline. Raises NotNow."""
    with _audited("send_to_review", booking_id, by, reason):
        booking, clerk = _free(booking_id), _staff(by)
        if booking.state not in MAY_BE_HANDED_OVER:
            raise NotNow(f"The booking is {_words(booking)}: only one whose airline owes an answer goes to a person.")
        amendment = amendments.under_way(booking)
        if amendment is not None:
            after = amending.hand_over(amendment.pk, by=clerk, clock=clock.now)
        else:
            told = "handed over to our staff"
            after = steps.settle(booking, State.MANUAL_REVIEW, now=clock.now(), reason=told, by=clerk)
        if after.state != State.MANUAL_REVIEW:
            raise NotNow(f"The booking has just changed: it is {_words(after)}.")
    return "The booking is under review: ask the airline."


def quote(booking_id: UUID, *, by: UUID, reason: str) -> CancellationQuoteView:
    """What a cancellation would bring, as the airline says. Cancels nothing. Raises NotNow."""
    with _audited("quote_cancellation", booking_id, by, reason), _in_our_words():
        ctx, request = _for_the_traveler(booking_id), QuoteCancellation(booking_id=booking_id)
        terms = cancellations.ask(ctx, request)
        with transaction.atomic(durable=True):
            return cancellations.quote(ctx, request, terms)


def cancel(booking_id: UUID, *, quote_id: UUID, by: UUID, reason: str) -> str:
    """On the terms of a quote, each of which is used once. Raises NotNow."""
    with _audited("cancel_booking", booking_id, by, reason, quote_id=str(quote_id)), _in_our_words():
        ctx = _for_the_traveler(booking_id)
        with transaction.atomic(durable=True):
            cancellations.cancel(ctx, CancelBooking(booking_id=booking_id, quote_id=quote_id), by=_staff(by))
        try:
            status = advance(ctx, ctx.resource_id).status
        except IdempotencyInProgress:
            status = State.CANCELLING
    return f"The booking is {status.replace('_', ' ')}."


def _for_the_traveler(booking_id: UUID) -> Context:
    """A call that reaches the booking as its traveler's own pages do."""
    user_id = Booking.objects.values_list("user_id", flat=True).get(pk=booking_id)
    return Context(Caller(Door.PAGES, user_id=user_id), now=clock.now(), clock=clock.now)


def _free(booking_id: UUID) -> Booking:
    booking = steps.reload(booking_id)
    if not steps.lease_is_over(booking, now=clock.now()):
        raise NotNow("A worker is at this booking at this moment. Try again in a minute.")
    return booking


def _staff(clerk_id: UUID) -> Actor:
    return Actor("staff", "admin", clerk_id)


def _words(booking: Booking) -> str:
    return booking.get_state_display()


@contextmanager
def _in_our_words() -> Iterator[None]:
    """What an operation would refuse, as a clerk reads it: without the hints, which name calls."""
    try:
        yield
    except DomainError as refusal:
        told = NotNow(refusal.text)
        told.code = refusal.code
        raise told from None


def _audited(what: str, booking_id: UUID, clerk_id: UUID, reason: str, **more: Any) -> AbstractContextManager[None]:
    return audit.intended(
        what,
        refusals=(NotNow,),
        door=Door.OFFICE,
        user_id=clerk_id,
        resource_id=booking_id,
        arguments={"reason": reason, **more},
    )
