"""An approval as its person is shown it: who asks, for what, until when, and how it stands."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from movmo.accounts.models import User
from movmo.operations.approval.models import Approval
from movmo.operations.approval.proposal import Proposal
from movmo.operations.approval.states import State, state_of
from partners.oauth import appearance, connections
from partners.oauth.models import Application

GONE = "An application that is gone"
UNUSED = "unused"
"""Approved, and then not made use of in time."""


@dataclass(frozen=True, slots=True)
class Agent:
    """The client that asked. `is_let_in`: it may act for the traveler at this moment."""

    name: str
    home: str = ""
    is_verified: bool = False
    is_let_in: bool = False


@dataclass(frozen=True, slots=True)
class Question:
    """`how` is what became of it, for a template to have words for; `settled_at` is when, where that is known."""

    id: UUID
    agent: Agent
    proposal: Proposal
    how: str
    requested_at: datetime
    expires_at: datetime
    settled_at: datetime | None
    by_mandate: bool
    seconds_left: int

    @property
    def is_waiting(self) -> bool:
        return self.how == State.PENDING


def read(approval: Approval, user: User, *, now: datetime) -> Question:
    return read_all([approval], user, now=now)[0]


def read_all(approvals: Sequence[Approval], user: User, *, now: datetime) -> list[Question]:
    agents = {client_id: agent_of(user, client_id) for client_id in {one.client_id for one in approvals}}
    return [_question(one, agents[one.client_id], now=now) for one in approvals]


def _question(approval: Approval, agent: Agent, *, now: datetime) -> Question:
    state = state_of(approval, now=now)
    return Question(
        id=approval.pk,
        agent=agent,
        proposal=Proposal.model_validate_json(approval.proposal),
        how=UNUSED if state is State.EXPIRED and approval.decided_at else str(state),
        requested_at=approval.requested_at,
        expires_at=approval.expires_at,
        settled_at=_settled_at(approval, state),
        by_mandate=approval.mandate_id is not None,
        seconds_left=max(0, math.ceil((approval.expires_at - now).total_seconds())),
    )


def _settled_at(approval: Approval, state: State) -> datetime | None:
    if state is State.USED:
        return approval.used_at
    if state is State.EXPIRED:
        return approval.expires_at
    return approval.decided_at if state in (State.APPROVED, State.DECLINED) else None


def agent_of(user: User, client_id: str) -> Agent:
    application = Application.objects.select_related("partner").filter(client_id=client_id).first()
    if application is None:
        return Agent(GONE)
    is_connected = connections.live(user).filter(application=application).exists()
    return Agent(
        name=appearance.name_of(application),
        home=appearance.home_of(application),
        is_verified=application.is_verified,
        is_let_in=is_connected and application.is_usable(None),
    )
