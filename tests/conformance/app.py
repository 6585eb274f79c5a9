"""What the suite calls: the product as it is shipped, and beside it the product's gate and server with the fixtures.

/v1/mcp       the product
/stateless    with fixtures, stateless as the product is
/sessions     with fixtures, in sessions: what a server without a back-channel cannot do is tried here
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from mcp.server.streamable_http_manager import StreamableHTTPSessionManager
from mcp.server.transport_security import TransportSecuritySettings
from starlette.types import ASGIApp, Receive, Scope, Send

from movmo.asgi import application as product  # sets Django up: rooms are imported after it

# isort: split
from mcp_server.auth import Exchange, Gate
from mcp_server.callers import CALLER
from mcp_server.server import build_server
from movmo.kit.threads import DatabaseThreads
from partners import authentication
from tests.conformance.fixtures.server import with_fixtures
from tests.conformance.places import PATHS

THREADS = 4


class SessionGate(Gate):
    """Lets through what only sessions have: GET, DELETE, and a client's answers to our questions."""

    async def _admit(self, exchange: Exchange) -> None:
        exchange.check_place()
        caller = await self._authenticate(exchange)
        await self._app({**exchange.scope, CALLER: caller}, exchange.receive, exchange.send)


class WithFixtures:
    """Serves inside its lifespan."""

    def __init__(self, gate: type[Gate], *, stateless: bool) -> None:
        self._gate = gate
        self._stateless = stateless
        self.app: ASGIApp | None = None

    @asynccontextmanager
    async def lifespan(self) -> AsyncIterator[None]:
        threads = DatabaseThreads("fixtures", THREADS)
        manager = StreamableHTTPSessionManager(
            with_fixtures(build_server(threads)),
            stateless=self._stateless,
            security_settings=TransportSecuritySettings(enable_dns_rebinding_protection=False),
        )
        try:
            async with manager.run():
                self.app = self._gate(manager.handle_request, credentials=authentication, threads=threads)
                yield
        finally:
            self.app = None
            await asyncio.to_thread(threads.close)


stateless = WithFixtures(Gate, stateless=True)
sessions = WithFixtures(SessionGate, stateless=False)


async def application(scope: Scope, receive: Receive, send: Send) -> None:
    if scope["type"] == "lifespan":
        async with stateless.lifespan(), sessions.lifespan():
            await product(scope, receive, send)
        return
    app = {PATHS["stateless"]: stateless.app, PATHS["sessions"]: sessions.app}.get(scope["path"], product)
    assert app is not None
    await app(scope, receive, send)
