"""Where the browser brings the answer: one port of this computer, for as long as one sign-in takes (RFC 8252).

Anything on this computer, and any page in the browser, can knock there. Only who knows `state` is heard; others are
turned away and change nothing.
"""

import asyncio
import hmac
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from html import escape
from urllib.parse import parse_qsl, urlsplit

from mcp_server.bridge.authorization import CALLBACK_PATH
from mcp_server.bridge.trouble import SignInFailed

LONGEST_REQUEST = 8_192
REQUEST_SECONDS = 5
OUTCOME_SECONDS = 60
POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'none'; base-uri 'none'"
PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>{title} · Movmo</title><link rel="icon" href="data:,">
<style>
:root {{ color-scheme: light dark; }}
body {{ font: 1.1rem/1.6 system-ui, sans-serif; max-width: 32rem; margin: 20vh auto 0; padding: 0 1.5rem; }}
h1 {{ font-size: 1.6rem; line-height: 1.3; }}
</style></head>
<body><main><h1>{title}</h1><p>{text}</p></main></body></html>
"""

Outcome = tuple[str, str]
"""Title and text of the page that the person sees in the end."""


class Callback:
    def __init__(self, state: str) -> None:
        self.redirect_uri = ""
        self.heard: asyncio.Task[None] | None = None
        """Serves the browser that brought the answer."""
        self._state = state
        self._answer: asyncio.Future[dict[str, str]] = asyncio.get_running_loop().create_future()
        self._outcome: asyncio.Future[Outcome] = asyncio.get_running_loop().create_future()

    async def answer(self) -> dict[str, str]:
        """The parameters of the first request that knew the state."""
        return await asyncio.shield(self._answer)

    def show(self, title: str, text: str) -> None:
        """What to tell the person, now that it is known what became of the answer."""
        if not self._outcome.done():
            self._outcome.set_result((title, text))

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            # Who goes away, dawdles or does not speak HTTP has no part in what becomes of the answer.
            with suppress(OSError, ValueError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
                async with asyncio.timeout(REQUEST_SECONDS):
                    head = await reader.readuntil(b"\r\n\r\n")
                status, title, text = await self._judged(head.partition(b"\r\n")[0].decode("latin-1"))
                writer.write(_response(status, title, text))
                async with asyncio.timeout(REQUEST_SECONDS):
                    await writer.drain()
        finally:
            writer.close()

    async def _judged(self, request_line: str) -> tuple[str, str, str]:
        method, _, rest = request_line.partition(" ")
        target = urlsplit(rest.partition(" ")[0])
        if method != "GET" or target.path != CALLBACK_PATH:
            return "404 Not Found", "Nothing is here", "movmo-mcp waits for one answer, at another address."
        answer = dict(parse_qsl(target.query, keep_blank_values=True))
        if not hmac.compare_digest(answer.get("state", "").encode(), self._state.encode()):
            return "400 Bad Request", "This is another answer", "movmo-mcp did not ask this question. Nothing changed."
        if self._answer.done():
            return "400 Bad Request", "This was answered before", "Each sign-in has one answer."
        self.heard = asyncio.current_task()
        self._answer.set_result(answer)
        async with asyncio.timeout(OUTCOME_SECONDS):
            title, text = await asyncio.shield(self._outcome)
        return "200 OK", title, text


@asynccontextmanager
async def listening(state: str) -> AsyncIterator[Callback]:
    """On a free port, until the block ends and the page that it chose to show is out."""
    callback = Callback(state)
    served: dict[asyncio.Task[None], asyncio.StreamWriter] = {}

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        served[task] = writer
        try:
            await callback.serve(reader, writer)
        finally:
            del served[task]

    try:
        server = await asyncio.start_server(serve, "127.0.0.1", 0, limit=LONGEST_REQUEST)
    except OSError as failure:
        raise SignInFailed(f"No port of 127.0.0.1 can be listened on for the answer: {failure}.") from None
    callback.redirect_uri = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}{CALLBACK_PATH}"
    try:
        yield callback
    finally:
        server.close()
        callback.show("Signing in has ended", "movmo-mcp no longer waits. Ask your agent again to sign in.")
        for task, writer in served.items():
            if task is not callback.heard:
                writer.transport.abort()  # a browser opens connections in advance, and may never use them
        if served:
            await asyncio.wait(served, timeout=REQUEST_SECONDS)


def _response(status: str, title: str, text: str) -> bytes:
    page = PAGE.format(title=escape(title), text=escape(text)).encode()
    headers = {
        "Content-Type": "text/html; charset=utf-8",
        "Content-Length": str(len(page)),
        "Content-Security-Policy": POLICY,
        "Cache-Control": "no-store",
        "Referrer-Policy": "no-referrer",
        "X-Content-Type-Options": "nosniff",
        "Connection": "close",
    }
    head = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    return f"HTTP/1.1 {status}\r\n{head}\r\n".encode() + page
