"""What the door takes and gives about events."""

from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import Field

from movmo.operations.context import PageRequest, View
from movmo.operations.moments import Moment

TYPE = r"[a-z_]{1,40}(?:\.[a-z0-9_]{1,40}){1,3}"


class ListEvents(PageRequest):
    types: str | None = Field(
        default=None,
        max_length=1_000,
        pattern=f"^{TYPE}(?:,{TYPE})*$",
        description="Only these types, with commas between them.",
        examples=["booking.ticketed.v1,booking.cancelled.v1"],
    )
    subject: UUID | None = Field(
        default=None, description="Only events about this: the id of a booking, an approval, a webhook endpoint."
    )


class ListEventsV2(ListEvents):
    since: Moment | None = Field(
        default=None,
        description="Only events that happened at or after this time: where to begin without a cursor.",
        examples=["2026-09-14T07:00:00Z"],
    )


class EventView(View):
    id: UUID = Field(description="The same as a webhook's `webhook-id`: act on each id once.")
    type: str = Field(examples=["booking.ticketed.v1"])
    timestamp: datetime = Field(description="When it happened.")
    subject_id: UUID = Field(description="What it is about: the id of a booking, an approval, a webhook endpoint.")
    sequence: int = Field(description="Counts the events of one subject, from 1 and without gaps.", examples=[3])
    data: dict[str, Any] = Field(
        description="By type, as in `webhooks` of the OpenAPI document.",
        examples=[{"booking_id": "0198f3c2-7d1e-7a44-9b0c-5f2d1c3e8a10", "status": "ticketed"}],
    )


class EventList(View):
    data: list[EventView] = Field(description="In the order in which they became readable.")
    next_cursor: str = Field(
        description="Where to go on, now or later: always there, also on a page that holds nothing.",
        examples=["WzE3XQ"],
    )


class EventPage(View):
    data: list[EventView] = Field(description="In the order in which they became readable.")
    next_cursor: str = Field(
        description="Where to go on, now or later, with the same filters: always there, and the same while nothing "
        "comes. Good for your keys of this mode, test or live.",
        examples=["q1Zy8Jm4u0cV7lQkq3x2dWmF5bTn9sAo"],
    )
    has_more: bool = Field(description="True: go on at once. False: ask again later.", examples=[False])
