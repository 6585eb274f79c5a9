"""What doors take and give for cancellations."""

from datetime import datetime
from uuid import UUID

from pydantic import Field

from bookings.offer.schemas import MoneyView
from movmo.operations.context import Request, View


class QuoteCancellation(Request):
    booking_id: UUID = Field(description="A booking of the traveler that is held, confirmed or ticketed.")


class CancelBooking(Request):
    booking_id: UUID = Field(description="The booking that the quote is for.")
    quote_id: UUID = Field(description="From quote_cancellation, not expired: the terms that the traveler agreed to.")


class CancellationQuoteView(View):
    quote_id: UUID
    booking_id: UUID
    refund: MoneyView = Field(description="What the airline gives back.")
    penalty: MoneyView = Field(description="What it keeps of what was paid.")
    refund_to: str = Field(
        description="Where the refund goes, in the airline's words.", examples=["original_form_of_payment"]
    )
    expires_at: datetime = Field(description="Until then the airline stands by it.")
