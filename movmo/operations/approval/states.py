"""States of an approval, and the single steps between them: compare-and-swap, each told as an event, in the
transaction that is open.
"""

from datetime import datetime, timedelta
from typing import Any, Literal, TypeAlias

from django.db.models import F

from movmo.operations.approval import events
from movmo.operations.approval.models import OPEN, Approval, ApprovalState

State: TypeAlias = ApprovalState

Proof = Literal["code", "passkey"]
"""How a person has just shown who they are."""

LIFE = timedelta(minutes=10)
"""To decide in, and then again to use the decision in."""

STEPS: dict[State, frozenset[State]] = {
    State.PENDING: frozenset({State.APPROVED, State.DECLINED, State.EXPIRED, State.WITHDRAWN}),
    State.APPROVED: frozenset({State.USED, State.EXPIRED, State.WITHDRAWN}),
}


def move(approval: Approval, after: State, *, now: datetime, **changes: Any) -> bool:
    """False when somebody else was faster; then nothing has changed."""
    before = State(approval.state)
    if after not in STEPS[before]:
        raise ValueError(f"an approval does not go from {before} to {after}")
    still = Approval.objects.filter(pk=approval.pk, state=before, sequence=approval.sequence)
    if after not in (State.EXPIRED, State.WITHDRAWN):
        still = still.filter(expires_at__gt=now)
    if not still.update(state=after, sequence=F("sequence") + 1, **changes):
        return False
    if after in events.OF_STATE:
        events.tell(approval, after, at=now)
    return True


def state_of(approval: Approval, *, now: datetime) -> State:
    """As people see it: one whose time is over is expired, whether or not anybody has looked since."""
    is_over = approval.state in OPEN and approval.expires_at <= now
    return State.EXPIRED if is_over else State(approval.state)
