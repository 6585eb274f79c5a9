"""Everything over HTTP as one ASGI application: MCP at /v1/mcp on the event loop, all else through WSGI in threads.

    uvicorn movmo.asgi:application --loop uvloop --http httptools --no-server-header --no-access-log \\
        --timeout-graceful-shutdown 3 --timeout-keep-alive 75 --limit-concurrency 2000 --workers <cores>

Without a proxy add `--no-proxy-headers`, behind one `--proxy-headers --forwarded-allow-ips <proxy>`: by default uvicorn
believes whoever comes from 127.0.0.1 about where they come from, and limits by network are then theirs to choose.
Three seconds of grace, because an open event stream would otherwise hold a shutdown back for as long as its client
listens.
"""

from __future__ import annotations

import asyncio
import gc
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import structlog
from django.conf import settings
from starlette.types import ASGIApp, Receive, Scope, Send

from movmo.wsgi import application as wsgi_application  # sets Django up: rooms are imported after it

# isort: split
from bookings.booking import patience
from mcp_server.asgi import PATHS, McpDoor
from movmo.headers import Stamped
from movmo.kit.threads import DatabaseThreads
from movmo.operations.usage_writer import WRITER
from movmo.rest.media import largest_body
from movmo.wsgi_bridge import WSGIApplication, WSGIBridge
from partners import authentication

log = structlog.get_logger()

UPLOADS = {"/admin/bookings/statement/upload/": 32 * 1_048_576}
"""Pages on which staff send files, and how long their bodies may be."""


class Application:
    """Routes by path, and owns start-up and shutdown: Django raises on `lifespan`."""

    def __init__(self, *, mcp: McpDoor, wsgi: WSGIApplication) -> None:
        self._mcp = mcp
        self._wsgi = wsgi
        self._rest: ASGIApp | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._lifespan(receive, send)
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1000})
        elif scope["path"] in PATHS:
            await self._mcp(scope, receive, send)
        elif self._rest is None:
            raise RuntimeError("the application serves inside its lifespan only")
        else:
            await self._rest(scope, receive, send)

    async def _lifespan(self, receive: Receive, send: Send) -> None:
        await receive()
        try:
            async with _usage_lifespan(), _patience_lifespan(), self._mcp.lifespan(), self._wsgi_lifespan():
                # What is loaded by now stays: the collector need not walk it again.
                gc.collect()
                gc.freeze()
                await send({"type": "lifespan.startup.complete"})
                await receive()
        except Exception as failure:
            log.exception("lifespan.failed")
            await send({"type": "lifespan.startup.failed", "message": repr(failure)})
            raise
        await send({"type": "lifespan.shutdown.complete"})

    @asynccontextmanager
    async def _wsgi_lifespan(self) -> AsyncIterator[None]:
        threads = DatabaseThreads("wsgi", settings.MOVMO_WSGI_THREADS)
        self._rest = WSGIBridge(
            self._wsgi,
            threads=threads,
            body_seconds=settings.MOVMO_BODY_SECONDS,
            largest_body=lambda path: UPLOADS.get(path) or largest_body(path),
        )
        try:
            yield
        finally:
            self._rest = None
            await asyncio.to_thread(threads.close)


@asynccontextmanager
async def _usage_lifespan() -> AsyncIterator[None]:
    """The outermost, so that the last calls are in the usage book before it is written a last time."""
    WRITER.start(settings.MOVMO_USAGE_SECONDS)
    try:
        yield
    finally:
        await asyncio.to_thread(WRITER.stop)


@asynccontextmanager
async def _patience_lifespan() -> AsyncIterator[None]:
    """Outside of the doors, which begin what is waited for: airlines that were called are heard to the end."""
    try:
        yield
    finally:
        await asyncio.to_thread(patience.close)


application = Stamped(Application(mcp=McpDoor(authentication), wsgi=wsgi_application))
