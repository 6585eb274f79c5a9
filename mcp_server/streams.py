"""A stream of words that stays open. The SDK reads the request and has it answered; what is open after that is ours.

Kept by the SDK, an open stream is three tasks and all that it made of the request: at a thousand of them, most of their
memory. So the answer that opens a stream is withheld, the SDK is done with it, and one task writes what would have been
on it: the acknowledgment, words, pings when there are none, and a last message.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any, Protocol
from uuid import UUID

import orjson
from starlette.types import ASGIApp, Message, Receive, Scope, Send

SLOT = "movmo.stream"
"""Where in the ASGI scope a handler leaves the stream that it has opened."""

HEADERS = [
    (b"content-type", b"text/event-stream"),
    (b"cache-control", b"no-cache, no-transform"),
    (b"x-accel-buffering", b"no"),
]
PING = b": ping\r\n\r\n"

Say = Callable[[dict[str, Any]], Awaitable[None]]
"""Writes one JSON-RPC message."""


class Stream(Protocol):
    mailbox: Mailbox

    async def run(self, say: Say, ping: Callable[[], Awaitable[None]]) -> None:
        """Until the mailbox has ended, with whatever there is to say."""

    def leave(self) -> None:
        """Give back what opening it took. Called once, whatever happened."""


class Slot:
    """`is_begun`: the SDK has sent the headers itself, because the stream was long in opening."""

    def __init__(self) -> None:
        self.stream: Stream | None = None
        self.is_begun = False


async def serve(app: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
    """The SDK's answer; or, if it opens a stream, the stream, for as long as it lasts."""
    slot = Slot()

    async def unless_opened(message: Message) -> None:
        if slot.stream is None:
            slot.is_begun = message["type"] == "http.response.start" or slot.is_begun
            await send(message)

    try:
        await app({**scope, SLOT: slot}, receive, unless_opened)
        if slot.stream is not None:
            await _keep(slot.stream, receive, send, is_begun=slot.is_begun)
    finally:
        if slot.stream is not None:
            slot.stream.leave()


async def _keep(stream: Stream, receive: Receive, send: Send, *, is_begun: bool) -> None:
    async def write(body: bytes, *, more: bool = True) -> None:
        await send({"type": "http.response.body", "body": body, "more_body": more})

    async def say(message: dict[str, Any]) -> None:
        await write(b"event: message\r\ndata: " + orjson.dumps({"jsonrpc": "2.0", **message}) + b"\r\n\r\n")

    watching = asyncio.create_task(_watch(receive, stream.mailbox))
    try:
        if not is_begun:
            await send({"type": "http.response.start", "status": 200, "headers": list(HEADERS)})
        await stream.run(say, lambda: write(PING))
        await write(b"", more=False)
    finally:
        watching.cancel()


async def _watch(receive: Receive, mailbox: Mailbox) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
    mailbox.end()


class Mailbox:
    """What has changed since the reader was last told, each subject once. Filled from any thread."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._changed: dict[UUID, None] = {}
        self._waiting: asyncio.Future[None] | None = None
        self._has_ended = False

    def put(self, subject_id: UUID) -> None:
        with suppress(RuntimeError):  # the loop is closed: the server has ended
            self._loop.call_soon_threadsafe(self._lay_in, subject_id)

    def _lay_in(self, subject_id: UUID) -> None:
        self._changed[subject_id] = None
        self._wake()

    def end(self) -> None:
        self._has_ended = True
        self._wake()

    def _wake(self) -> None:
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_result(None)

    async def wait(self, seconds: float) -> bool:
        """Until there is something, for so long at most. False once there will be nothing more."""
        if not self._changed and not self._has_ended:
            # Lighter than an event and a timeout of the libraries, of which there would be thousands.
            self._waiting = self._loop.create_future()
            timer = self._loop.call_later(seconds, self._wake)
            try:
                await self._waiting
            finally:
                timer.cancel()
        return not self._has_ended

    def empty(self) -> list[UUID]:
        changed, self._changed = list(self._changed), {}
        return changed
