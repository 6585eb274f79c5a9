"""What a person is shown before an agent cancels for them: the terms of the quote."""

from bookings.booking import steps
from bookings.booking.proposing import proposal
from bookings.cancellation.models import CancellationQuote
from bookings.cancellation.schemas import CancelBooking
from bookings.cancellation.words import refund_to
from movmo.kit.money import Money
from movmo.operations.approval.proposal import Fact, Proposal
from movmo.operations.context import Context


def of_cancellation(ctx: Context, request: CancelBooking) -> Proposal:
    quote = CancellationQuote.objects.get(pk=request.quote_id)
    back, kept = Money(quote.refund_minor, quote.currency), Money(quote.penalty_minor, quote.currency)
    terms = [
        Fact(label="You get back", text=f"{back} {refund_to(quote.refund_to)}" if back.minor else "nothing"),
        Fact(label="The airline keeps", text=str(kept)),
    ]
    return proposal(steps.reload(request.booking_id), verb="Cancel", facts=terms)
