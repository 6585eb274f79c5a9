"""Writes of cancellations: a quote first, then the first transaction of cancelling on its terms."""

from uuid import UUID

import structlog

from bookings.booking import queries as bookings
from bookings.booking.actors import Actor
from bookings.booking.amendment.models import Amendment
from bookings.booking.amendment.refusals import AirlineRefused, AirlineUnavailable, check_free
from bookings.booking.amendment.services import begin
from bookings.booking.hold.services import check_money_is_back
from bookings.booking.models import Booking
from bookings.booking.provider_call import calling
from bookings.booking.states import LIVE, State
from bookings.cancellation import queries
from bookings.cancellation import saga as saga  # registers what it asks
from bookings.cancellation.models import CancellationQuote
from bookings.cancellation.refusals import NotCancellable, QuoteStale, QuoteUsed
from bookings.cancellation.schemas import CancelBooking, CancellationQuoteView, QuoteCancellation
from bookings.offer.services import NotBookable
from bookings.providers import registry
from bookings.providers.errors import ProviderFailure, Refusal, Rejected
from bookings.providers.types import CancellationTerms
from movmo.kit.errors import NotFound
from movmo.operations.context import Context

log = structlog.get_logger()


def ask(ctx: Context, request: QuoteCancellation) -> CancellationTerms:
    """What the airline would give back. Nothing is written, no transaction is open."""
    booking = _cancellable(ctx, request.booking_id)
    return _usable(_asked(ctx, booking), booking)


def _asked(ctx: Context, booking: Booking) -> CancellationTerms:
    try:
        with calling.caused_by(ctx.caller.request_id):
            return calling.provider_of(booking).quote_cancellation(booking.order_id, now=ctx.clock())
    except Rejected as failure:
        if failure.refusal is Refusal.NOT_CANCELLABLE:
            raise NotCancellable(reason="the airline does not allow it") from None
        if failure.refusal is Refusal.ORDER_OVER:
            raise NotCancellable(reason="the airline says that it is over") from None
        raise AirlineRefused(provider=booking.provider) from None
    except ProviderFailure:
        raise AirlineUnavailable(provider=booking.provider) from None


def _usable(terms: CancellationTerms, booking: Booking) -> CancellationTerms:
    """A booking's money is of one currency, and nobody owes for being refunded. Raises AirlineRefused."""
    for amount in (terms.refund, terms.penalty):
        if amount.currency != booking.currency or amount.minor < 0:
            log.error("cancellation.terms_unusable", booking_id=str(booking.pk), amount=str(amount))
            raise AirlineRefused(provider=booking.provider)
    return terms


def quote(ctx: Context, request: QuoteCancellation, terms: CancellationTerms) -> CancellationQuoteView:
    """Keep the airline's terms, unless the booking has gone on meanwhile."""
    booking = _cancellable(ctx, request.booking_id)
    kept = CancellationQuote.objects.create(
        id=ctx.resource_id,
        booking=booking,
        reference=terms.reference,
        refund_minor=terms.refund.minor,
        penalty_minor=terms.penalty.minor,
        currency=terms.refund.currency,
        refund_to=terms.refund_to,
        itinerary_version=booking.itinerary_version,
        expires_at=terms.expires_at,
        created_at=ctx.now,
    )
    return queries.view(kept)


def cancel(ctx: Context, request: CancelBooking, *, by: Actor | None = None) -> None:
    """T1: take the quote and the booking to `cancelling`. Called inside the claim's transaction.

    `by` is who asks for it, where that is not the traveler themself.
    """
    booking = _cancellable(ctx, request.booking_id)
    taken = CancellationQuote.objects.filter(pk=request.quote_id, booking=booking).first()
    if taken is None:
        raise NotFound("cancellation quote")
    _use(taken, booking, ctx)
    check_money_is_back(booking)
    begin(
        booking,
        Amendment(
            id=ctx.resource_id,
            kind=Amendment.Kind.CANCEL,
            subject_id=taken.pk,
            reference=taken.reference,
            amount_minor=taken.refund_minor,
        ),
        after=State.CANCELLING,
        reason="to be cancelled",
        by=by or Actor.of(ctx.caller),
        now=ctx.now,
    )


def _cancellable(ctx: Context, booking_id: UUID) -> Booking:
    """Raises NotFound, AlreadyCancelled, HoldLapsed, BookingBusy, NotCancellable or NotBookable."""
    booking = bookings.owned(ctx, booking_id)
    check_free(booking)
    if booking.state not in LIVE:
        raise NotCancellable(reason=f"it is {booking.state}")
    if not registry.provider(booking.provider).capabilities.cancellation:
        raise NotBookable(provider=booking.provider, what="cancellation")
    return booking


def _use(taken: CancellationQuote, booking: Booking, ctx: Context) -> None:
    """Raises QuoteStale, or QuoteUsed: of two cancellations one gets it."""
    if taken.expires_at <= ctx.now:
        raise QuoteStale(reason="it has expired", expires_at=taken.expires_at.isoformat())
    if taken.itinerary_version != booking.itinerary_version:
        raise QuoteStale(reason="the itinerary has changed since")
    still_open = CancellationQuote.objects.filter(pk=taken.pk, state=CancellationQuote.State.OPEN)
    if not still_open.update(state=CancellationQuote.State.USED):
        raise QuoteUsed
