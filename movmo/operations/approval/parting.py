"""When a client is put out: what it asked is taken back, and what it was allowed in advance ends."""

from datetime import datetime
from uuid import UUID

from movmo.operations.approval import mandates
from movmo.operations.approval.models import OPEN, Approval
from movmo.operations.approval.states import State, move


def part(*, user_id: UUID, client_id: str, now: datetime) -> None:
    """In the transaction of the goodbye. The questions first, and locked: whoever is just saying yes to one of them,
    and allows more with it, has either committed, and the allowance is found here, or finds the question gone."""
    asked = Approval.objects.of_client(user_id, client_id).filter(state__in=OPEN)
    for one in asked.select_for_update():
        move(one, State.WITHDRAWN, now=now)
    mandates.revoke_all(user_id=user_id, client_id=client_id, now=now)
