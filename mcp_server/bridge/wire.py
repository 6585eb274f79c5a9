"""HTTP as the bridge uses it: no redirect is followed, no answer is read beyond a bound."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx2

from mcp_server.bridge.trouble import NotMovmo, Unreachable

SMALL = 1024 * 1024
"""Bytes of a document of the authorization server, at most."""

# Streams that have nothing to tell show a sign of life every twenty seconds.
PATIENCE = httpx2.Timeout(30, connect=10, read=120, pool=None)
UNLIMITED = httpx2.Limits(max_connections=None, max_keepalive_connections=20)


def client(origin: str, transport: httpx2.AsyncBaseTransport | None = None) -> httpx2.AsyncClient:
    return httpx2.AsyncClient(
        timeout=PATIENCE,
        limits=UNLIMITED,
        headers={"User-Agent": "movmo-mcp/1"},
        follow_redirects=False,
        # A proxy of the environment passes TLS on unread; what is for this computer alone must not get there in clear.
        trust_env=origin.startswith("https://"),
        transport=transport,
    )


@asynccontextmanager
async def answer(
    http: httpx2.AsyncClient, method: str, url: str, *, unsure: str = "", **sent: Any
) -> AsyncIterator[httpx2.Response]:
    """`unsure` is what to tell when the connection broke after the request may have arrived. Raises Unreachable,
    NotMovmo."""
    try:
        async with http.stream(method, url, **sent) as response:
            refuse_redirect(response)
            yield response
    except (httpx2.ConnectError, httpx2.ConnectTimeout, httpx2.UnsupportedProtocol, httpx2.ProxyError) as failure:
        reason = str(failure) or type(failure).__name__
        raise Unreachable(f"{_place(url)} cannot be reached: {reason}.", "Check the address and the network.") from None
    except httpx2.HTTPError as failure:
        told = f"The connection to {_place(url)} broke ({type(failure).__name__})."
        raise Unreachable(told, unsure or "Try again in a moment.") from None


def refuse_redirect(response: httpx2.Response) -> None:
    """The Authorization header goes to the server that was named, whatever that server says of others."""
    if 300 <= response.status_code < 400:
        elsewhere = response.headers.get("location", "nowhere")
        raise NotMovmo(
            f"{response.request.url} redirects to {elsewhere}, which is not followed.",
            "If that is the server you mean, give its address to --server.",
        )


async def body_of(response: httpx2.Response, most: int) -> bytes:
    pieces, size = [], 0
    async for piece in response.aiter_bytes():
        pieces.append(piece)
        size += len(piece)
        if size > most:
            raise NotMovmo(f"{response.request.url} answered with more than {most} bytes.")
    return b"".join(pieces)


async def document(http: httpx2.AsyncClient, method: str, url: str, **sent: Any) -> tuple[int, dict[str, Any]]:
    """Status and JSON object. A server that is busy or broken counts as unreachable."""
    async with answer(http, method, url, **sent) as response:
        body = await body_of(response, SMALL)
    if response.status_code >= 500 or response.status_code == 429:
        told = f"{_place(url)} answered {response.status_code} at {response.request.url.path}."
        raise Unreachable(told, _when(response))
    try:
        told_there = json.loads(body)
    except (ValueError, RecursionError):
        told_there = None
    if not isinstance(told_there, dict):
        kind = media_type(response) or "no media type"
        raise NotMovmo(
            f"{response.request.url} answered {response.status_code} with {kind}, where Movmo answers with JSON.",
            "Is --server the address of a Movmo server?",
        )
    return response.status_code, told_there


def media_type(response: httpx2.Response) -> str:
    return str(response.headers.get("content-type", "")).partition(";")[0].strip().lower()


def _when(response: httpx2.Response) -> str:
    seconds = response.headers.get("retry-after", "")
    return f"Try again in {seconds} seconds." if seconds.isdigit() else "Try again in a moment."


def _place(url: str) -> str:
    parts = httpx2.URL(url)
    return f"{parts.scheme}://{parts.netloc.decode('ascii', 'replace')}"
