"""How a change of schedule is shown with its booking."""

from datetime import datetime
from typing import Literal
from uuid import UUID

from pydantic import Field

from bookings.offer.schemas import SliceView
from movmo.operations.context import View


class ScheduleChangeView(View):
    change_id: UUID
    severity: Literal["minor", "major"] = Field(
        description="A minor change is accepted by Movmo; a major one waits for the traveler.", examples=["major"]
    )
    state: Literal["waiting", "accepted", "withdrawn", "declined"] = Field(
        description=(
            "`waiting` to be decided, `accepted`, `withdrawn` by the airline, or `declined` by cancelling the booking."
        ),
        examples=["waiting"],
    )
    announced_at: datetime
    decided_at: datetime | None = None
    decided_by: str | None = Field(
        default=None, description="`traveler`, `staff`, `movmo` or `airline`.", examples=["movmo"]
    )
    before: list[SliceView] = Field(description="The itinerary as it was when the airline announced the change.")
    after: list[SliceView] = Field(description="The itinerary as the airline now means to fly it.")
