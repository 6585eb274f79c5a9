"""Cancellations, declared: the terms first, then the word."""

from bookings.booking.amendment.refusals import (
    AirlineRefused,
    AirlineUnavailable,
    AlreadyCancelled,
    BookingBusy,
    HoldLapsed,
)
from bookings.booking.amendment.services import advance
from bookings.booking.operations import RESOURCE
from bookings.cancellation import proposing, services
from bookings.cancellation.refusals import NotCancellable, QuoteStale, QuoteUsed
from bookings.cancellation.schemas import CancelBooking, CancellationQuoteView, QuoteCancellation
from bookings.catalogue.modes import ProviderNotForKey
from bookings.offer.services import NotBookable
from bookings.providers.types import CancellationTerms
from movmo.kit.errors import NotFound
from movmo.operations.context import Context
from movmo.operations.spec import POST, Credentials, Effect, Idempotency, operation

IN_GENERAL = (
    NotFound,
    NotBookable,
    NotCancellable,
    AlreadyCancelled,
    HoldLapsed,
    BookingBusy,
    AirlineRefused,
    AirlineUnavailable,
)


@operation(
    "quote_cancellation",
    rest=POST("/v1/users/{user_id}/bookings/{booking_id}/cancellation-quotes"),
    needs=Credentials.KEY_AND_USER,
    scopes=("bookings:cancel",),
    effect=Effect.WRITE,
    open_world=True,
    cost=3,
    ask=services.ask,
    errors=IN_GENERAL,
)
def quote_cancellation(ctx: Context, request: QuoteCancellation, terms: CancellationTerms) -> CancellationQuoteView:
    """Ask what a cancellation would bring

    Cancels nothing. Tells the refund, the penalty and until when the airline stands by them. Use it whenever the
    traveler thinks of cancelling, a held booking included, and show them the terms. Not for a booking that is over or
    still being decided. Next: cancel_booking, on their word.
    """
    return services.quote(ctx, request, terms)


@operation(
    "cancel_booking",
    rest=POST("/v1/users/{user_id}/bookings/{booking_id}/cancellation"),
    needs=Credentials.KEY_AND_USER,
    scopes=("bookings:cancel",),
    effect=Effect.IRREVERSIBLE,
    open_world=True,
    idempotency=Idempotency.REQUIRED,
    cost=10,
    resource=RESOURCE,
    advance=advance,
    propose=proposing.of_cancellation,
    errors=(*IN_GENERAL, ProviderNotForKey, QuoteStale, QuoteUsed),
)
def cancel_booking(ctx: Context, request: CancelBooking) -> None:
    """Cancel a booking on the terms of a quote

    Cannot be undone, and the penalty of the quote is lost: cancel only on the traveler's word, after they have seen the
    quote. Not without one. While the answer's status is `cancelling` the airline has not decided: read it again with
    get_booking and do not cancel again. `cancellation` tells what is given back. Next: get_booking.
    """
    services.cancel(ctx, request)
