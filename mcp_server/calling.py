"""tools/list and tools/call: an operation is run on a database thread, and its refusals become results that teach."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any, NoReturn

import orjson
import structlog
from mcp.server import ServerRequestContext
from mcp.shared.exceptions import MCPError
from mcp_types import (
    CallToolRequestParams,
    CallToolResult,
    InputRequiredResult,
    ListToolsResult,
    PaginatedRequestParams,
    TextContent,
)

from mcp_server import elicitation
from mcp_server.answering import answer, refuse_pages
from mcp_server.callers import caller_of
from mcp_server.errors import UnknownTool, envelope
from mcp_server.progress import reported
from mcp_server.tools import REPLAYED, Catalogue
from movmo.kit.errors import DomainError, Internal
from movmo.kit.threads import DatabaseThreads, with_fresh_connections
from movmo.operations.approval.refusals import ApprovalRequired
from movmo.operations.context import Caller, Report
from movmo.operations.dispatch import dispatch, refuse_unknown
from movmo.operations.spec import Operation

log = structlog.get_logger()


class Tools:
    """tools/list and tools/call."""

    def __init__(self, catalogue: Catalogue, threads: DatabaseThreads) -> None:
        self._catalogue = catalogue
        self._threads = threads

    async def list(self, ctx: ServerRequestContext[Any], params: PaginatedRequestParams | None) -> ListToolsResult:
        refuse_pages(ctx, params)
        return ListToolsResult(tools=self._catalogue.tools)

    async def call(
        self, ctx: ServerRequestContext[Any], params: CallToolRequestParams
    ) -> CallToolResult | InputRequiredResult:
        """Never raises what the tool raised: the legacy leg would send the exception's text to the client."""
        caller = caller_of(ctx)
        operation = self._catalogue.operation(params.name)
        if operation is None:
            return await answer(self._threads, ctx, partial(_refuse_unknown, params.name))
        has_been_there = False
        try:
            has_been_there = await elicitation.returned(params, operation, caller, self._threads)
            async with reported(ctx) as report:
                work = partial(_run, operation, caller, params.arguments or {}, report)
                return await self._threads.run_for(caller.user_id, partial(with_fresh_connections, work))
        except ApprovalRequired as refusal:
            if has_been_there or not elicitation.can_open_pages(ctx):
                return _refused(refusal, caller)
            return elicitation.to_page(refusal)
        except MCPError:
            raise
        except DomainError as refusal:
            return _refused(refusal, caller)
        except Exception:
            log.exception("tool.crashed", tool=operation.name, request_id=caller.request_id)
            return _refused(Internal(), caller)


def _refuse_unknown(name: str, caller: Caller) -> NoReturn:
    """A protocol error, not a result: see the specification. Raises UnknownTool, or RateLimited for one too many."""
    unknown = UnknownTool()
    refuse_unknown(name, caller, unknown)
    raise unknown


def _run(operation: Operation, caller: Caller, arguments: Mapping[str, Any], report: Report) -> CallToolResult:
    answer = dispatch(operation, caller, arguments, report=report)
    told = answer.view.model_dump(mode="json")
    if not operation.is_read:
        told[REPLAYED] = answer.replayed
    return _result(told, is_error=False)


def _refused(refusal: DomainError, caller: Caller) -> CallToolResult:
    return _result(envelope(refusal, caller.request_id), is_error=True)


def _result(told: dict[str, Any], *, is_error: bool) -> CallToolResult:
    """The same JSON twice: as data for programs, as text for models and for clients older than structured content."""
    text = TextContent(type="text", text=orjson.dumps(told).decode())
    return CallToolResult(content=[text], structured_content=told, is_error=is_error)
