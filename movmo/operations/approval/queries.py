"""Reads of approvals. An agent sees its own questions; what other applications ask is not its business."""

from datetime import datetime
from uuid import UUID

from django.db.models import Q, QuerySet

from movmo.kit import cursor
from movmo.kit.errors import NotFound
from movmo.operations.approval.models import OPEN, Approval
from movmo.operations.approval.proposal import Proposal
from movmo.operations.approval.schemas import ApprovalList, ApprovalView, ListApprovals
from movmo.operations.approval.states import State, state_of
from movmo.operations.approval.step import url_of
from movmo.operations.context import Context, Door


def read(ctx: Context, approval_id: UUID) -> ApprovalView:
    """Raises NotFound."""
    found = _visible(ctx).filter(pk=approval_id).first()
    if found is None:
        raise NotFound("approval")
    return view(found, now=ctx.now)


def page(ctx: Context, request: ListApprovals) -> ApprovalList:
    """The newest first."""
    rows = _visible(ctx).order_by("-id")
    if request.status:
        rows = rows.filter(_standing(request.status, now=ctx.now))
    if request.cursor:
        rows = rows.filter(id__lt=cursor.decode_id(request.cursor))
    shown, next_cursor = cursor.page(list(rows[: request.limit + 1]), request.limit, lambda one: [str(one.id)])
    return ApprovalList(data=[view(one, now=ctx.now) for one in shown], next_cursor=next_cursor)


def view(approval: Approval, *, now: datetime) -> ApprovalView:
    return ApprovalView(
        approval_id=approval.pk,
        operation=approval.operation,
        status=state_of(approval, now=now),
        summary=Proposal.model_validate_json(approval.proposal).text,
        client_id=approval.client_id,
        approval_url=url_of(approval.pk),
        requested_at=approval.requested_at,
        expires_at=approval.expires_at,
        decided_at=approval.decided_at,
        decided_with=approval.decided_with or None,
    )


def _standing(status: State, *, now: datetime) -> Q:
    """The rows that `state_of` tells as `status`."""
    over = Q(state__in=OPEN, expires_at__lte=now)
    return Q(state=status) | over if status is State.EXPIRED else Q(state=status) & ~over


def _visible(ctx: Context) -> QuerySet[Approval]:
    if ctx.caller.door is Door.MCP:
        return Approval.objects.of_client(ctx.traveler_id, ctx.caller.client_id)
    return Approval.objects.filter(user_id=ctx.traveler_id)
