"""Reads of cancellation quotes."""

from bookings.cancellation.models import CancellationQuote
from bookings.cancellation.schemas import CancellationQuoteView
from bookings.offer.schemas import MoneyView


def view(quote: CancellationQuote) -> CancellationQuoteView:
    return CancellationQuoteView(
        quote_id=quote.id,
        booking_id=quote.booking_id,
        refund=MoneyView.of(quote.refund),
        penalty=MoneyView.of(quote.penalty),
        refund_to=quote.refund_to,
        expires_at=quote.expires_at,
    )
