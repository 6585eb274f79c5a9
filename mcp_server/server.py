"""The SDK's low-level server over the registry: tools/list and tools/call, in every protocol revision it speaks.

Low-level, because the tools' schemas are ours and validation is dispatch's: nothing is checked twice.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

import orjson
import structlog
from mcp.server import CacheHint, Server, ServerRequestContext
from mcp.shared.exceptions import MCPError
from mcp_types import (
    INVALID_PARAMS,
    CallToolRequestParams,
    CallToolResult,
    ListToolsResult,
    PaginatedRequestParams,
    TextContent,
)

from mcp_server.errors import UnknownTool, envelope, rpc_code
from mcp_server.instructions import instructions
from mcp_server.tools import REPLAYED, Catalogue
from movmo.kit.errors import DomainError, Internal
from movmo.kit.threads import DatabaseThreads, with_fresh_connections
from movmo.operations import registry
from movmo.operations.context import Caller
from movmo.operations.dispatch import dispatch
from movmo.operations.spec import Operation

log = structlog.get_logger()

CALLER = "movmo.caller"
"""Where the gate leaves the verified caller in the ASGI scope; handlers verify nothing again."""

VERSION = "1"
"""The surface's, as in /v1 and in resource URIs."""

HOUR_MS = 3_600_000


def build_server(threads: DatabaseThreads) -> Server[Any]:
    """A server over the operations registered by now."""
    catalogue = Catalogue(registry.tools())
    tools = _Tools(catalogue, threads)
    return Server(
        "movmo",
        version=VERSION,
        title="Movmo",
        instructions=instructions([tool.name for tool in catalogue.tools]),
        # The same for everybody: a tool that a token cannot use yet is listed, and challenged when called.
        cache_hints={
            "tools/list": CacheHint(ttl_ms=HOUR_MS, scope="public"),
            "server/discover": CacheHint(ttl_ms=HOUR_MS, scope="public"),
        },
        get_tool_input_schema=_no_parameters_in_headers,
        on_list_tools=tools.list,
        on_call_tool=tools.call,
    )


def _no_parameters_in_headers(tool: str) -> None:
    """No schema of ours mirrors arguments in `Mcp-Param-*` headers; given one, the SDK would walk it on every call."""
    return


class _Tools:
    def __init__(self, catalogue: Catalogue, threads: DatabaseThreads) -> None:
        self._catalogue = catalogue
        self._threads = threads

    async def list(self, ctx: ServerRequestContext[Any], params: PaginatedRequestParams | None) -> ListToolsResult:
        if params is not None and params.cursor is not None:
            raise MCPError(INVALID_PARAMS, "tools/list has one page; call it without a cursor.")
        return ListToolsResult(tools=self._catalogue.tools)

    async def call(self, ctx: ServerRequestContext[Any], params: CallToolRequestParams) -> CallToolResult:
        """Never raises what the tool raised: the legacy leg would send the exception's text to the client."""
        caller = _caller(ctx)
        operation = self._catalogue.operation(params.name)
        if operation is None:
            unknown = UnknownTool()
            raise MCPError(rpc_code(unknown), unknown.text, data=envelope(unknown, caller.request_id))
        work = partial(_run, operation, caller, params.arguments or {})
        try:
            return await self._threads.run(partial(with_fresh_connections, work))
        except DomainError as refusal:
            return _refused(refusal, caller)
        except Exception:
            log.exception("tool.crashed", tool=operation.name, request_id=caller.request_id)
            return _refused(Internal(), caller)


def _caller(ctx: ServerRequestContext[Any]) -> Caller:
    assert ctx.request is not None
    caller: Caller = ctx.request.scope[CALLER]
    return caller


def _run(operation: Operation, caller: Caller, arguments: Mapping[str, Any]) -> CallToolResult:
    answer = dispatch(operation, caller, arguments)
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
