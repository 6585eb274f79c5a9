"""Requests that are no tool calls: work for a database thread, whose refusals become protocol errors."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, TypeVar

import structlog
from mcp.server import ServerRequestContext
from mcp_types import PaginatedRequestParams

from mcp_server.callers import caller_of
from mcp_server.errors import protocol_error
from movmo.kit.cursor import CursorInvalid
from movmo.kit.errors import DomainError, Internal
from movmo.kit.threads import DatabaseThreads, with_fresh_connections
from movmo.operations.context import Caller

log = structlog.get_logger()

Told = TypeVar("Told")


def refuse_pages(ctx: ServerRequestContext[Any], params: PaginatedRequestParams | None) -> None:
    """Of a list that is told whole. Raises MCPError."""
    if params is not None and params.cursor is not None:
        raise protocol_error(CursorInvalid(), caller_of(ctx).request_id, ctx.protocol_version)


async def answer(threads: DatabaseThreads, ctx: ServerRequestContext[Any], work: Callable[[Caller], Told]) -> Told:
    """What `work` returns. Raises MCPError and nothing else: the legacy leg would send any exception's text."""
    caller = caller_of(ctx)
    try:
        return await threads.run_for(caller.user_id, partial(with_fresh_connections, partial(work, caller)))
    except DomainError as refusal:
        raise protocol_error(refusal, caller.request_id, ctx.protocol_version) from None
    except Exception:
        log.exception("mcp.request_crashed", method=ctx.method, request_id=caller.request_id)
        raise protocol_error(Internal(), caller.request_id, ctx.protocol_version) from None
