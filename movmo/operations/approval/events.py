"""What is told of approvals: to the partner whose client asked, and, as letters, to the person who is asked."""

from datetime import datetime
from uuid import UUID

from pydantic import BaseModel, Field

from movmo.operations import events
from movmo.operations.approval.models import Approval
from movmo.operations.approval.models import ApprovalState as State
from movmo.operations.events import EventType, Subject


class ApprovalEvent(BaseModel):
    approval_id: UUID
    operation: str = Field(description="The operation that waits for its person.", examples=["create_booking"])
    client_id: str = Field(description="The OAuth client that asked.")
    status: str = Field(description="The approval's status after the event.", examples=["pending"])


WHEN = {
    State.PENDING: ("requested", "An agent asks its traveler to approve something irreversible."),
    State.APPROVED: ("approved", "The traveler said yes; the agent may now make the call, once."),
    State.DECLINED: ("declined", "The traveler said no."),
    State.WITHDRAWN: ("withdrawn", "The question was taken back before it was used."),
    State.USED: ("used", "The call that was approved, or that a mandate covers, was made."),
}
OF_STATE = {
    state: events.declare(EventType(f"approval.{what}.v1", when, ApprovalEvent)) for state, (what, when) in WHEN.items()
}


def tell(approval: Approval, state: State, *, at: datetime) -> None:
    """In the transaction that takes the approval to `state`, and its sequence one further than `approval` has it."""
    told = ApprovalEvent(
        approval_id=approval.pk, operation=approval.operation, client_id=approval.client_id, status=state
    )
    subject = Subject(approval.pk, approval.partner_id, approval.user_id, is_live=approval.is_live)
    events.write(subject, [(OF_STATE[state], told)], after=approval.sequence, at=at)
