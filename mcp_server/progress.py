"""Progress of a long call: from its database thread to a client that asked for it by sending a progress token.

A report is put down and the thread goes on. What becomes of it is the event loop's affair: a client that reads slowly
slows nobody down, and one that is gone breaks nothing.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any

import structlog
from mcp.server import ServerRequestContext
from mcp.server.session import ServerSession

from movmo.operations.context import Report, to_nobody

log = structlog.get_logger()

Step = tuple[int, int, str]


@asynccontextmanager
async def reported(ctx: ServerRequestContext[Any]) -> AsyncIterator[Report]:
    """A report for any thread. What it was told inside is sent before the end, so that it never follows the result."""
    if ctx.meta is None or ctx.meta.get("progress_token") is None:
        yield to_nobody
        return
    loop = asyncio.get_running_loop()
    steps: asyncio.Queue[Step | None] = asyncio.Queue()

    def report(done: int, total: int, message: str) -> None:
        with suppress(RuntimeError):  # the loop is closed: the call has outlived its server
            loop.call_soon_threadsafe(steps.put_nowait, (done, total, message))

    sending = asyncio.create_task(_send(ctx.session, steps))
    try:
        yield report
    finally:
        loop.call_soon(steps.put_nowait, None)  # behind the last step, which waits for its turn in the loop
        await sending  # a cancelled call cancels it


async def _send(session: ServerSession, steps: asyncio.Queue[Step | None]) -> None:
    while (step := await steps.get()) is not None:
        done, total, message = step
        try:
            await session.report_progress(done, total, message)
        except Exception:
            # Whatever the transport says of a client that left: the call itself goes on, and later steps are dropped.
            log.warning("progress.lost", exc_info=True)
            return
