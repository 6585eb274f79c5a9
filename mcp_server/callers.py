"""Where the gate leaves the verified caller. Whoever serves a call takes it from there and verifies nothing again."""

from typing import Any

from mcp.server import ServerRequestContext

from movmo.operations.context import Caller

CALLER = "movmo.caller"
"""The key in the ASGI scope."""


def caller_of(ctx: ServerRequestContext[Any, Any]) -> Caller:
    assert ctx.request is not None
    caller: Caller = ctx.request.scope[CALLER]
    return caller
