"""What the feed takes and gives. No personal values: whoever may know more reads the booking itself."""

from datetime import datetime
from uuid import UUID

from pydantic import Field

from bookings.booking.schemas import BookingSummary, CancellationView, Mode
from movmo.operations.context import PageRequest, View
from movmo.operations.moments import Moment


class ReadFeed(PageRequest):
    updated_since: Moment | None = Field(
        default=None,
        description="Only bookings that changed at or after this time: where to begin without a cursor.",
        examples=["2026-09-14T07:00:00Z"],
    )


class FedBooking(BookingSummary):
    mode: Mode = Field(examples=["instant"])
    record_locators: list[str] = Field(description="All PNRs: one offer may become several.", examples=[["BCDFGH"]])
    offer_id: UUID
    payment_required_by: datetime | None = Field(default=None, description="For a held booking.")
    failure_code: str | None = Field(
        default=None, description="Why nothing was booked, for a failed booking.", examples=[None]
    )
    cancellation: CancellationView | None = Field(default=None, description="For a cancelled booking.")
    updated_at: datetime


class FeedPage(View):
    data: list[FedBooking] = Field(
        description="Each booking once, as it is now, in the order in which the changes became readable."
    )
    next_cursor: str = Field(
        description="Where to go on, now or later, with the same filter: always there, and the same while nothing "
        "changes. Good for your keys of this mode, test or live.",
        examples=["q1Zy8Jm4u0cV7lQkq3x2dWmF5bTn9sAo"],
    )
    has_more: bool = Field(description="True: go on at once. False: ask again later.", examples=[False])
