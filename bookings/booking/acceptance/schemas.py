"""What accept_schedule_change takes."""

from uuid import UUID

from pydantic import Field

from movmo.operations.context import Request


class AcceptScheduleChange(Request):
    booking_id: UUID = Field(description="A booking of the traveler, from search_bookings.")
    change_id: UUID = Field(description="The change that waits, from `schedule_changes` of get_booking.")
