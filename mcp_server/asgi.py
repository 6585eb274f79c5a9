"""The MCP door as an ASGI application: gate, then the SDK's Streamable HTTP transport, then the tools.

Stateless: a call carries all it needs, so any worker answers it. Event streams rather than plain JSON, because the
JSON mode drops progress messages; only reads whose caller has not asked for any are answered in JSON, which costs less.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from django.conf import settings
from mcp.server import Server
from mcp.server.streamable_http_manager import StreamableHTTPSessionManager
from mcp.server.transport_security import TransportSecuritySettings
from starlette.types import ASGIApp, Receive, Scope, Send

from mcp_server.auth import Gate
from mcp_server.server import build_server
from movmo.kit.http import MAX_BODY
from movmo.kit.threads import DatabaseThreads
from movmo.operations.credentials import Credentials

PATHS = ("/v1/mcp", "/v1/mcp/")


class McpDoor:
    """Serves between the entry and the exit of `lifespan`, and may do so again afterwards."""

    def __init__(self, credentials: Credentials) -> None:
        self._credentials = credentials
        self._gate: ASGIApp | None = None

    @asynccontextmanager
    async def lifespan(self) -> AsyncIterator[None]:
        """To be entered and left in the same task."""
        threads = DatabaseThreads("mcp", settings.MOVMO_MCP_THREADS)
        server = build_server(threads)
        streaming, brief = _manager(server), _manager(server, json_response=True)
        try:
            async with streaming.run(), brief.run():
                self._gate = Gate(
                    streaming.handle_request,
                    credentials=self._credentials,
                    threads=threads,
                    brief=brief.handle_request,
                )
                yield
        finally:
            self._gate = None
            await asyncio.to_thread(threads.close)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self._gate is None:
            raise RuntimeError("the MCP door serves inside its lifespan only")
        await self._gate(scope, receive, send)


def _manager(server: Server[Any], *, json_response: bool = False) -> StreamableHTTPSessionManager:
    return StreamableHTTPSessionManager(
        server,
        stateless=True,
        json_response=json_response,
        # Host and Origin were checked by the gate, which also reads ALLOWED_HOSTS' wildcards.
        security_settings=TransportSecuritySettings(enable_dns_rebinding_protection=False),
        max_request_body_size=MAX_BODY,
    )
