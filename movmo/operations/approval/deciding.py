"""A person's decision. Called by Movmo's own pages and nobody else: no tool and no token comes here.

Import contract 9 holds it to that.
"""

from datetime import datetime
from uuid import UUID

from django.db import IntegrityError, transaction

from movmo.kit.errors import DomainError, Kind, NotFound
from movmo.operations import audit
from movmo.operations.approval import mandates, people
from movmo.operations.approval.mandates import Limits
from movmo.operations.approval.models import Approval, Mandate
from movmo.operations.approval.proposal import Proposal
from movmo.operations.approval.states import LIFE, Proof, State, move, state_of
from movmo.operations.context import Door


class ApprovalDecided(DomainError):
    kind = Kind.CONFLICT
    code = "approval_decided"
    message = "This question is no longer open: it is {state}."
    hint = "Each question is decided once. If the application asks again, a new question appears under Approvals."
    example = {"state": "expired"}


class MandateContended(DomainError):
    kind = Kind.CONFLICT
    code = "mandate_contended"
    message = "This application's allowance has just been changed elsewhere."
    hint = "Look at it again, then change it if it is still not what you want."


def approve(
    approval_id: UUID, *, user_id: UUID, proof: Proof, now: datetime, allowance: Limits | None = None
) -> Approval:
    """Yes to this call, once, within LIFE; with an `allowance` also to later ones within it.

    Raises NotFound, ApprovalDecided, PersonChanged or MandateContended; then nothing was decided.
    """
    with transaction.atomic(durable=True):
        known = _of(approval_id, user_id)
        shown = Proposal.model_validate_json(known.proposal).people
        if allowance is not None:  # passengers are locked before approvals, and these before mandates
            people.check(user_id, (one for one in shown if one.passenger_id in allowance.passenger_ids))
        asked = _decide(known, State.APPROVED, proof=proof, now=now, expires_at=now + LIFE)
        if allowance is not None:
            _check_others(asked, allowance, {one.passenger_id for one in shown}, now=now)
            grant(user_id=user_id, client_id=asked.client_id, limits=allowance, granted_with=proof, now=now)
    return asked


def _check_others(asked: Approval, allowance: Limits, shown: set[UUID], *, now: datetime) -> None:
    """Whom the question is not about was allowed before, and is who it was for as long as that mandate lives."""
    currency = allowance.per_booking.currency
    present = mandates.held(user_id=asked.user_id, client_id=asked.client_id, currency=currency, now=now)
    if not allowance.passenger_ids - shown <= {UUID(one) for one in (present.passenger_ids if present else [])}:
        raise MandateContended


def grant(*, user_id: UUID, client_id: str, limits: Limits, granted_with: Proof, now: datetime) -> Mandate:
    """In place of the one that the client has of the traveler in this currency. The person has just
    shown who they are. Raises MandateContended."""
    fresh = Mandate(
        user_id=user_id,
        client_id=client_id,
        currency=limits.per_booking.currency,
        per_booking_minor=limits.per_booking.minor,
        per_month_minor=limits.per_month.minor,
        passenger_ids=sorted(str(one) for one in limits.passenger_ids),
        valid_until=limits.valid_until,
        granted_at=now,
        granted_with=granted_with,
    )
    try:
        with transaction.atomic():
            mandates.revoke_all(user_id=user_id, client_id=client_id, now=now, currency=fresh.currency)
            fresh.save(force_insert=True)
            audit.note("grant_mandate", door=Door.PAGES, code=audit.DONE, user_id=user_id, resource_id=fresh.pk)
    except IntegrityError:
        raise MandateContended from None
    return fresh


def decline(approval_id: UUID, *, user_id: UUID, proof: Proof | None, now: datetime) -> Approval:
    """No, which is safe without any proof. Raises NotFound or ApprovalDecided."""
    with transaction.atomic(durable=True):
        return _decide(_of(approval_id, user_id), State.DECLINED, proof=proof, now=now)


def _of(approval_id: UUID, user_id: UUID) -> Approval:
    asked = Approval.objects.filter(pk=approval_id, user_id=user_id).first()
    if asked is None:
        raise NotFound("approval")
    return asked


def _decide(asked: Approval, after: State, *, proof: Proof | None, now: datetime, **changes: datetime) -> Approval:
    is_open = asked.state == State.PENDING
    if not is_open or not move(asked, after, now=now, decided_at=now, decided_with=proof or "", **changes):
        asked.refresh_from_db()
        raise ApprovalDecided(state=state_of(asked, now=now))
    audit.note("decide_approval", door=Door.PAGES, code=after, user_id=asked.user_id, approval_id=asked.pk)
    asked.refresh_from_db()
    return asked
