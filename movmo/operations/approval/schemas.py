"""What doors take and give for approvals."""

from datetime import datetime
from uuid import UUID

from pydantic import Field

from movmo.operations.approval.models import ApprovalState as State
from movmo.operations.context import PageRequest, Request, View


class GetApproval(Request):
    approval_id: UUID = Field(description="From an answer with the code `approval_required`.")


class ListApprovals(PageRequest):
    status: State | None = Field(default=None, description="Only those that stand like this.", examples=["pending"])


class ApprovalView(View):
    approval_id: UUID
    operation: str = Field(description="The call that waits, or waited.", examples=["create_booking"])
    status: State = Field(
        description="`pending`: the traveler has not decided. `approved`: repeat the call now, before `expires_at`. "
        "`declined`, `expired` and `withdrawn` ones are over; a `used` one has done its work.",
        examples=["pending"],
    )
    summary: str = Field(examples=["Book Amsterdam to Lisbon: 412.30 EUR"])
    client_id: str = Field(description="The application that asked.")
    approval_url: str = Field(description="Where the traveler decides, signed in.")
    requested_at: datetime
    expires_at: datetime = Field(description="Until then it may be decided, or, once approved, used.")
    decided_at: datetime | None = None
    decided_with: str | None = Field(
        default=None, description="`code` or `passkey`; `mandate` where the traveler had allowed it before."
    )


class ApprovalList(View):
    data: list[ApprovalView]
    next_cursor: str | None = None
