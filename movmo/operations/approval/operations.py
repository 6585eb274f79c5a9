"""Approvals, declared: to read, not to decide."""

from movmo.kit.cursor import CursorInvalid
from movmo.kit.errors import NotFound
from movmo.operations.approval import queries
from movmo.operations.approval.schemas import ApprovalList, ApprovalView, GetApproval, ListApprovals
from movmo.operations.context import Context
from movmo.operations.spec import GET, Credentials, Effect, operation

APPROVALS = "/v1/users/{user_id}/approvals"


@operation(
    "list_approvals",
    rest=GET(APPROVALS),
    needs=Credentials.KEY_AND_USER,
    scopes=("bookings:read",),
    effect=Effect.READ,
    tool=False,
    errors=(CursorInvalid,),
)
def list_approvals(ctx: Context, request: ListApprovals) -> ApprovalList:
    """List what agents have asked the traveler to approve, newest first

    Everything that an agent does and that cannot be undone is put to its traveler, who decides on a Movmo page. Filter
    by `status`; those that wait are `pending`.
    """
    return queries.page(ctx, request)


@operation(
    "get_approval",
    rest=GET(APPROVALS + "/{approval_id}"),
    needs=Credentials.KEY_AND_USER,
    scopes=("bookings:read",),
    effect=Effect.READ,
    errors=(NotFound,),
)
def get_approval(ctx: Context, request: GetApproval) -> ApprovalView:
    """Show whether the traveler has approved a call

    Use it after an answer with the code approval_required, while the traveler looks at the page. Not a way to decide:
    only they do that, at approval_url. Next, once it is `approved`: the same call again, with the same idempotency_key.
    """
    return queries.read(ctx, request.approval_id)
