"""The letter to a person whose agent asks them something: ordered as the question is published, posted by a worker.

A question lives for minutes. One that is answered or over by the time a mail server takes letters again has none.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import structlog
from django.conf import settings
from django.urls import reverse

from movmo.accounts.letter import sending
from movmo.accounts.models import User
from movmo.kit import clock
from movmo.operations import events, outbox
from movmo.operations.approval.events import OF_STATE
from movmo.operations.approval.models import Approval
from movmo.operations.approval.states import State, state_of
from movmo.operations.approval.step import url_of
from movmo.operations.models import Event, Outbox
from partners.approval import questions

log = structlog.get_logger()

TOPIC = "approval_letter"


def install() -> None:
    """At start-up."""
    events.register_sink(order)
    outbox.register(TOPIC, post, singly=True)


def order(published: Sequence[Event]) -> None:
    """The sink: inside the transaction that publishes."""
    asked = [one for one in published if one.type == OF_STATE[State.PENDING].name]
    if asked:
        rows = {f"approval-letter:{one.pk}": {"approval_id": str(one.subject_id)} for one in asked}
        outbox.put_all(TOPIC, rows, at=clock.now())


def post(rows: Sequence[Outbox]) -> None:
    """The outbox's handler. Raises LetterNotTaken."""
    for row in rows:
        _post(UUID(row.payload["approval_id"]), now=clock.now())


def _post(approval_id: UUID, *, now: datetime) -> None:
    approval = Approval.objects.filter(pk=approval_id).first()
    person = User.objects.filter(pk=approval.user_id, is_active=True).first() if approval else None
    if approval is None or person is None or state_of(approval, now=now) is not State.PENDING:
        log.info("letter.left_out", letter="approval_requested", approval_id=str(approval_id))
        return
    told = _facts(approval, person, now=now)
    sending.post(sending.write("approval_requested", person.email, told, letter_id=approval_id))


def _facts(approval: Approval, person: User, *, now: datetime) -> dict[str, Any]:
    asked = questions.read(approval, person, now=now)
    return {
        "agent": asked.agent,
        "summary": asked.proposal.text,
        "people": [one.name for one in asked.proposal.people],
        "link": url_of(approval.pk),
        "until": f"{approval.expires_at.astimezone(UTC):%H:%M} UTC",
        "apps": settings.ORIGIN + reverse("oauth2_provider:connections"),
    }
