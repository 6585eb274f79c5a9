"""Taking a person to the page where they decide, in the way that their client can (MCP 2026-07-28, URL elicitation).

    a client that opens addresses   `input_required` with the page; its retry carries the sealed state, waits a while
                                    for the decision, and then finds what the person decided
    every other client              the refusal as it is, with the address: the model shows it and repeats the call

Nothing is decided here. What the client answers says only whether its user went to the page; the state is sealed for
this user, client, tool and arguments, and it grants nothing: the approval's row does.
"""

from __future__ import annotations

import time
from functools import partial
from typing import Any, NoReturn
from uuid import UUID

import anyio
from django.conf import settings
from mcp.server import ServerRequestContext
from mcp.server.request_state import RequestStateBoundary, RequestStateSecurity
from mcp.shared.exceptions import MCPError
from mcp_types import (
    INVALID_PARAMS,
    CallToolRequestParams,
    ElicitRequest,
    ElicitRequestURLParams,
    ElicitResult,
    InputRequiredResult,
)
from mcp_types.version import MODERN_PROTOCOL_VERSIONS

from mcp_server.callers import caller_of
from movmo.kit.threads import DatabaseThreads, with_fresh_connections
from movmo.operations import limits
from movmo.operations.approval import step
from movmo.operations.approval.refusals import ApprovalDeclined, ApprovalRequired
from movmo.operations.approval.states import LIFE
from movmo.operations.context import Caller
from movmo.operations.dispatch import refuse
from movmo.operations.spec import Operation

QUESTION = "approval"
LOOK_EVERY = 0.5


def boundary() -> RequestStateBoundary:
    """Seals every state that goes out and opens what comes back, with keys that all workers share."""
    ring = settings.MOVMO_ENCRYPTION_KEYS
    newest_first = [ring[number] for number in sorted(ring, reverse=True)]
    security = RequestStateSecurity(keys=newest_first, ttl=LIFE.total_seconds(), bind_principal=_principal)
    return RequestStateBoundary(security, default_audience=f"{settings.ORIGIN}/v1/mcp")


def can_open_pages(ctx: ServerRequestContext[Any]) -> bool:
    capabilities = ctx.session.client_capabilities
    elicits = capabilities.elicitation if capabilities else None
    return ctx.protocol_version in MODERN_PROTOCOL_VERSIONS and elicits is not None and elicits.url is not None


def to_page(refusal: ApprovalRequired) -> InputRequiredResult:
    facts = refusal.facts
    asked = ElicitRequestURLParams(
        message=f"Look at this request on Movmo, and decide there: {facts['summary']}", url=facts["approval_url"]
    )
    return InputRequiredResult(
        input_requests={QUESTION: ElicitRequest(params=asked)}, request_state=facts["approval_id"]
    )


async def returned(
    params: CallToolRequestParams, operation: Operation, caller: Caller, threads: DatabaseThreads
) -> bool:
    """Whether the client comes back from the page; then its person has been given a while to decide.

    Raises ApprovalDeclined for one whose user would not go there, RateLimited, and MCPError for an answer without its
    state.
    """
    if not params.input_responses:
        return False
    answer = params.input_responses.get(QUESTION)
    if params.request_state is None or not isinstance(answer, ElicitResult):
        raise MCPError(INVALID_PARAMS, "An answer comes with the requestState of its question; call the tool anew.")
    approval_id = UUID(params.request_state)  # sealed by us
    if answer.action == "decline":
        turn_away = partial(_turn_away, operation, caller, approval_id)
        await threads.run_for(caller.user_id, partial(with_fresh_connections, turn_away))
    if answer.action == "accept":
        await _decided(caller, approval_id, threads)
    return True


def _turn_away(operation: Operation, caller: Caller, approval_id: UUID) -> NoReturn:
    """Counted and written down like every refusal. Raises RateLimited for one too many."""
    step.withdraw(caller, approval_id)
    refusal = ApprovalDeclined(approval_id=str(approval_id))
    refuse(operation, caller, refusal)
    raise refusal


async def _decided(caller: Caller, approval_id: UUID, threads: DatabaseThreads) -> None:
    """Returns when the person has decided, or has taken longer than a call should last. Holds no thread meanwhile."""
    await threads.run_for(caller.user_id, partial(limits.spend_on_asking, caller))  # what it does then counts then
    deadline = time.monotonic() + settings.MOVMO_APPROVAL_SECONDS
    look = partial(with_fresh_connections, partial(step.is_waiting, caller, approval_id))
    while await threads.run_for(caller.user_id, look) and time.monotonic() < deadline:
        await anyio.sleep(LOOK_EVERY)


def _principal(ctx: ServerRequestContext[Any, Any]) -> str:
    caller = caller_of(ctx)
    return f"{caller.user_id} {caller.client_id}"
