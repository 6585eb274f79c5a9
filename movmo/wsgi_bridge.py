"""A WSGI application behind an event loop, for Django: one thread hop for each request.

a2wsgi crosses between loop and thread four times for each request, and holds a thread while a slow client dribbles its
body. Here the body is read first, on the loop, bounded in size and time; a whole response comes back in one piece.
"""

from __future__ import annotations

import asyncio
import sys
from collections import defaultdict
from collections.abc import Callable, Iterable
from contextlib import AsyncExitStack
from functools import partial
from io import BytesIO
from typing import Any
from wsgiref.util import FileWrapper

import orjson
from starlette.types import Receive, Scope, Send

from movmo.kit import http
from movmo.kit.errors import DomainError
from movmo.kit.threads import DatabaseThreads

FILE_BLOCK = 262_144
SEND_SECONDS = 60.0
"""A client that takes no block of a stream for so long is given up: it holds a thread."""
LONG_AT_ONCE = 4
"""Of bodies longer than others may be, by path: they are held in memory before anybody has shown who they are."""

Headers = list[tuple[bytes, bytes]]
WSGIApplication = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]


class WSGIBridge:
    """`largest_body` tells how many bytes a request to a path may have."""

    def __init__(
        self,
        application: WSGIApplication,
        *,
        threads: DatabaseThreads,
        body_seconds: float,
        largest_body: Callable[[str], int] = lambda path: http.MAX_BODY,
    ) -> None:
        self._largest_body = largest_body
        self._application = application
        self._threads = threads
        self._body_seconds = body_seconds
        self._places: dict[str, asyncio.Semaphore] = defaultdict(lambda: asyncio.Semaphore(LONG_AT_ONCE))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            place = await self._place(scope["path"], dict(scope["headers"]))
        except DomainError as refusal:
            await _refuse(send, refusal)
            return
        async with place:
            await self._exchange(scope, receive, send)

    async def _place(self, path: str, headers: dict[bytes, bytes]) -> AsyncExitStack:
        """A long body waits for it unread, and has it until it is answered. Raises BodyTooLarge or RequestTimeout."""
        limit, length, place = self._largest_body(path), headers.get(b"content-length", b""), AsyncExitStack()
        http.refuse_declared_excess(length, limit=limit)
        may_be_long = int(length) > http.MAX_BODY if length.isdigit() else b"transfer-encoding" in headers
        if limit > http.MAX_BODY and may_be_long:
            try:
                await asyncio.wait_for(self._places[path].acquire(), self._body_seconds)
            except TimeoutError:
                raise http.RequestTimeout(seconds=self._body_seconds) from None
            place.callback(self._places[path].release)
        return place

    async def _exchange(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            length = dict(scope["headers"]).get(b"content-length")
            body = await http.read_body(
                receive, length, seconds=self._body_seconds, limit=self._largest_body(scope["path"])
            )
        except DomainError as refusal:
            await _refuse(send, refusal)
            return
        except http.Disconnected:
            return
        exchange = _Exchange(send)
        try:
            whole = await self._threads.run(partial(exchange.run, self._application, environ(scope, body)))
        except _Stalled:
            return  # the server ends the connection of an answer that is not whole
        if whole is not None:
            await _send_whole(send, exchange.status, exchange.headers, whole)
        else:
            await send({"type": "http.response.body", "body": b""})


class _Stalled(Exception):
    """Nobody reads what is streamed."""


class _Exchange:
    """The thread's side of one request."""

    def __init__(self, send: Send) -> None:
        self.status = 500
        self.headers: Headers = []
        self._send = send
        self._loop = asyncio.get_running_loop()

    def run(self, application: WSGIApplication, env: dict[str, Any]) -> bytes | None:
        """The body, if it came in one piece; None if it was streamed, all but its end."""
        parts = application(env, self._start_response)
        try:
            # Django's responses say whether they stream; so does a plain list by being one.
            if isinstance(parts, list) or getattr(parts, "streaming", True) is False:
                return b"".join(parts)
            self._from_thread({"type": "http.response.start", "status": self.status, "headers": self.headers})
            for part in parts:
                self._from_thread({"type": "http.response.body", "body": part, "more_body": True})
            return None
        finally:
            getattr(parts, "close", lambda: None)()

    def _start_response(self, status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> None:
        self.status = int(status[:3])
        self.headers = [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in headers]

    def _from_thread(self, message: dict[str, Any]) -> None:
        asyncio.run_coroutine_threadsafe(_sent(self._send, message), self._loop).result()


async def _sent(send: Send, message: dict[str, Any]) -> None:
    """Raises _Stalled."""
    try:
        await asyncio.wait_for(send(message), SEND_SECONDS)
    except TimeoutError:
        raise _Stalled from None


async def _refuse(send: Send, refusal: DomainError) -> None:
    """The envelope of REST, from before Django is reached. The connection ends, for the rest of the body is unread."""
    request_id = http.request_id(None)
    headers = [
        (b"content-type", b"application/json"),
        (b"connection", b"close"),
        (b"x-request-id", request_id.encode()),
    ]
    await _send_whole(send, http.status_of(refusal), headers, orjson.dumps(http.envelope(refusal, request_id)))


async def _send_whole(send: Send, status: int, headers: Headers, body: bytes) -> None:
    if not any(name == b"content-length" for name, _ in headers) and status not in (204, 304):
        headers = [*headers, (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


def environ(scope: Scope, body: bytes) -> dict[str, Any]:
    """PEP 3333. CONTENT_LENGTH is what was read, so that a chunked body is seen and measured too."""
    server = scope.get("server") or ("localhost", 80)
    env: dict[str, Any] = {
        "REQUEST_METHOD": scope["method"],
        "SCRIPT_NAME": scope.get("root_path", "").encode().decode("latin-1"),
        "PATH_INFO": scope["path"].encode("utf-8", "surrogateescape").decode("latin-1"),
        "QUERY_STRING": scope["query_string"].decode("latin-1"),
        "SERVER_PROTOCOL": f"HTTP/{scope['http_version']}",
        "SERVER_NAME": server[0],
        "SERVER_PORT": str(server[1]),
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": scope["scheme"],
        "wsgi.input": BytesIO(body),
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": True,
        "wsgi.run_once": False,
        # Django would hand files over in pieces of 4 KB, each of them a trip between threads.
        "wsgi.file_wrapper": lambda file, _: FileWrapper(file, FILE_BLOCK),
    }
    if scope.get("client"):
        env["REMOTE_ADDR"] = scope["client"][0]
    for name, value in scope["headers"]:
        # An underscore would arrive under the name of a header with a dash, which a proxy in front may vouch for.
        if b"_" in name:
            continue
        key = _environ_name(name.decode("latin-1"))
        text = value.decode("latin-1").strip(" \t")  # RFC 9110, section 5.5; the parser leaves trailing ones
        env[key] = f"{env[key]}{'; ' if key == 'HTTP_COOKIE' else ','}{text}" if key in env else text
    env["CONTENT_LENGTH"] = str(len(body))
    env.pop("HTTP_PROXY", None)  # httpoxy: some libraries take it for an environment variable
    return env


def _environ_name(name: str) -> str:
    if name == "content-type":
        return "CONTENT_TYPE"
    return "HTTP_" + name.upper().replace("-", "_")
