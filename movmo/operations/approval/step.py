"""The approval step: what an agent cannot undo, its person decides.

    take   last in the transaction that inserts the idempotency record, when the handler has done its part: consumes the
           approval of exactly what is about to be committed, or a mandate's allowance; else nothing of it stays
    ask    in a transaction of its own: puts the question, or tells what became of the one that was put

Partners' back ends are not asked: their own people decided before they called. Nor are travelers on their own pages.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING
from uuid import UUID

from django.conf import settings
from django.contrib.auth import get_user_model
from django.db import IntegrityError, transaction

from movmo.kit import clock
from movmo.kit.errors import DomainError
from movmo.kit.ids import new_id
from movmo.operations.approval import events, mandates
from movmo.operations.approval.models import OPEN, Approval, Mandate
from movmo.operations.approval.proposal import Price, Proposal
from movmo.operations.approval.refusals import ApprovalDeclined, ApprovalExpired, ApprovalRequired, ApprovalsPending
from movmo.operations.approval.states import LIFE, State, move
from movmo.operations.context import Caller, Context, Door
from movmo.operations.idempotency import Claim
from movmo.operations.scopes import UserTokenMissing

if TYPE_CHECKING:
    from movmo.operations.spec import Operation

HOUR = timedelta(hours=1)


class Unapproved(Exception):
    """Nobody has said yes to it. Takes the transaction with it."""

    def __init__(self, proposal: Proposal) -> None:
        super().__init__(proposal.title)
        self.proposal = proposal


def is_needed(operation: Operation, caller: Caller) -> bool:
    """Whoever holds the token of an application that is not the partner's own is an agent, with or without a key."""
    has_key = caller.door is Door.REST and caller.partner_id is not None
    is_back_end = has_key and caller.client_partner_id == caller.partner_id
    return operation.is_irreversible and caller.client_id is not None and not is_back_end


def take(claim: Claim, ctx: Context, proposal: Proposal) -> UUID:
    """The id of the approval that covers the call, which is used up now. A person's no to this very call stands,
    whatever they allowed besides. Raises Unapproved."""
    held = _newest(claim, ctx)
    if held is not None and _is_for(held, proposal) and _use(held, ctx):
        return held.pk
    is_refused = held is not None and held.state == State.DECLINED and bytes(held.key_hash) == claim.key_hash
    mandate = None if is_refused else mandates.covering(ctx, proposal)
    if mandate is None or proposal.price is None:
        raise Unapproved(proposal)
    if held is not None and held.state in OPEN:
        move(held, State.WITHDRAWN, now=ctx.now)  # there is nothing left to decide
    return _use_allowance(mandate, claim, ctx, proposal, proposal.price)


def _is_for(held: Approval, proposal: Proposal) -> bool:
    return held.state == State.APPROVED and bytes(held.terms) == proposal.terms


def _use(held: Approval, ctx: Context) -> bool:
    return move(held, State.USED, now=ctx.now, used_at=ctx.now, resource_id=ctx.resource_id)


def _use_allowance(mandate: Mandate, claim: Claim, ctx: Context, proposal: Proposal, price: Price) -> UUID:
    used = _new(claim, ctx, proposal)
    used.state, used.mandate, used.decided_with = State.USED, mandate, mandates.WITH_MANDATE
    used.decided_at = used.used_at = ctx.now
    used.resource_id = ctx.resource_id
    used.amount_minor = price.minor if price.is_charged else 0
    used.currency = price.currency
    _write(used, State.USED, ctx)
    return used.pk


def ask(claim: Claim, ctx: Context, proposal: Proposal) -> DomainError:
    """What the agent hears: that its person is asked now, or was asked and has not answered, or has said no."""
    with transaction.atomic(durable=True):
        _hold_person(ctx)
        known = _newest(claim, ctx)
        if known is not None and _is_over(known, ctx):
            known.refresh_from_db()
        if known is not None and known.state in OPEN:
            if bytes(known.terms) == proposal.terms:
                return _required(known)
            move(known, State.WITHDRAWN, now=ctx.now)  # it would be another thing by now
        elif known is not None and bytes(known.key_hash) == claim.key_hash and known.state in _ENDED:
            return _ENDED[State(known.state)](approval_id=str(known.pk))
        return _put(claim, ctx, proposal)


def _hold_person(ctx: Context) -> None:
    """One question of theirs after the other: else many at once would each be the first. Raises UserTokenMissing for
    somebody whose account is gone by now: nothing of them is written down any more."""
    people = get_user_model().objects.select_for_update(no_key=True).filter(pk=ctx.traveler_id, is_active=True)
    if not people.values_list("pk").first():
        raise UserTokenMissing


def withdraw(caller: Caller, approval_id: UUID) -> None:
    """The client's host says that its user will not open the page: the question is taken back, nobody decided it."""
    now = clock.now()
    with transaction.atomic(durable=True):
        asked = _of_client(caller, approval_id)
        if asked is not None and asked.state in OPEN:
            move(asked, State.WITHDRAWN, now=now)


def is_waiting(caller: Caller, approval_id: UUID) -> bool:
    """Whether the person has still to decide."""
    asked = _of_client(caller, approval_id)
    return asked is not None and asked.state == State.PENDING and asked.expires_at > clock.now()


def _of_client(caller: Caller, approval_id: UUID) -> Approval | None:
    assert caller.user_id is not None, "only travelers' tokens call tools"
    return Approval.objects.of_client(caller.user_id, caller.client_id).filter(pk=approval_id).first()


_ENDED: dict[State, type[DomainError]] = {State.DECLINED: ApprovalDeclined, State.EXPIRED: ApprovalExpired}


def _newest(claim: Claim, ctx: Context) -> Approval | None:
    """Of this client, for this call: the operation and its arguments are in the fingerprint."""
    mine = Approval.objects.of_client(ctx.traveler_id, ctx.caller.client_id)
    return mine.filter(fingerprint=claim.fingerprint).order_by("-id").first()


def _is_over(known: Approval, ctx: Context) -> bool:
    return known.state in OPEN and known.expires_at <= ctx.now and move(known, State.EXPIRED, now=ctx.now)


def _put(claim: Claim, ctx: Context, proposal: Proposal) -> DomainError:
    if refusal := _too_many(ctx):
        return refusal
    fresh = _new(claim, ctx, proposal)
    try:
        with transaction.atomic():
            _write(fresh, State.PENDING, ctx)
    except IntegrityError:  # the same call at the same time was faster
        known = _newest(claim, ctx)
        assert known is not None
        return _required(known)
    return _required(fresh)


def _write(fresh: Approval, state: State, ctx: Context) -> None:
    """A new row, and the first event of it."""
    events.tell(fresh, state, at=ctx.now)
    fresh.sequence = 1
    fresh.save(force_insert=True)


def _too_many(ctx: Context) -> ApprovalsPending | None:
    """A person who is asked all the time says yes without looking."""
    mine = Approval.objects.of_client(ctx.traveler_id, ctx.caller.client_id)
    waiting = mine.waiting(ctx.now).count()
    if waiting >= settings.MOVMO_APPROVALS_WAITING:
        return ApprovalsPending(asked=waiting, limit="waiting", retry_after=60)
    asked = mine.filter(requested_at__gt=ctx.now - HOUR).exclude(decided_with=mandates.WITH_MANDATE).count()
    if asked >= settings.MOVMO_APPROVALS_AN_HOUR:
        return ApprovalsPending(asked=asked, limit="of this hour", retry_after=600)
    return None


def _new(claim: Claim, ctx: Context, proposal: Proposal) -> Approval:
    return Approval(
        id=new_id(),
        user_id=ctx.traveler_id,
        client_id=ctx.caller.client_id or "",
        partner_id=ctx.caller.client_partner_id,
        operation=claim.operation,
        fingerprint=claim.fingerprint,
        key_hash=claim.key_hash,
        terms=proposal.terms,
        proposal=proposal.model_dump_json().encode(),
        is_live=proposal.is_live,
        requested_at=ctx.now,
        expires_at=ctx.now + LIFE,
    )


def _required(asked: Approval) -> ApprovalRequired:
    return ApprovalRequired(
        approval_id=str(asked.pk),
        approval_url=url_of(asked.pk),
        expires_at=asked.expires_at.isoformat(timespec="seconds").replace("+00:00", "Z"),
        summary=Proposal.model_validate_json(asked.proposal).text,
    )


def url_of(approval_id: UUID) -> str:
    return f"{settings.ORIGIN}/approvals/{approval_id}"
