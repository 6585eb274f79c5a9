"""The MCP door as an ASGI application: gate, then the SDK's Streamable HTTP transport, then the tools.

Stateless: a call carries all it needs, so any worker answers it. Event streams rather than plain JSON, because the
JSON mode drops progress messages.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from django.conf import settings
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
        manager = StreamableHTTPSessionManager(
            build_server(threads),
            stateless=True,
            # Host and Origin were checked by the gate, which also reads ALLOWED_HOSTS' wildcards.
            security_settings=TransportSecuritySettings(enable_dns_rebinding_protection=False),
            max_request_body_size=MAX_BODY,
        )
        try:
            async with manager.run():
                self._gate = Gate(manager.handle_request, credentials=self._credentials, threads=threads)
                yield
        finally:
            self._gate = None
            await asyncio.to_thread(threads.close)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self._gate is None:
            raise RuntimeError("the MCP door serves inside its lifespan only")
        await self._gate(scope, receive, send)
