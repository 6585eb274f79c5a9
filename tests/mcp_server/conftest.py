from collections.abc import Awaitable, Callable, Iterator
from typing import Any, Literal

import anyio
import httpx2
import pytest
from mcp import Client
from mcp.client.streamable_http import streamable_http_client

from mcp_server.asgi import McpDoor
from movmo.asgi import Application
from movmo.operations import registry
from tests.live import live_server
from tests.mcp_server.toys import ToyAuthority, declare

Post = Callable[..., httpx2.Response]
Conversation = Callable[[Client], Awaitable[Any]]
Mode = Literal["auto", "legacy", "2026-07-28"]

MODERN = "2026-07-28"
LEGACY = "2025-11-25"
MODES: list[Mode] = ["auto", "legacy", "2026-07-28"]


@pytest.fixture
def toys() -> Iterator[None]:
    """The registry holds the toys and nothing else."""
    kept = dict(registry._operations)
    registry._operations.clear()
    try:
        declare()
        yield
    finally:
        registry._operations.clear()
        registry._operations.update(kept)


@pytest.fixture
def authority() -> ToyAuthority:
    return ToyAuthority()


@pytest.fixture
def knock(toys: None, authority: ToyAuthority) -> Post:
    """One HTTP request to a door in this process; `again` are headers beside those of the same name."""

    def request(
        body: Any = None,
        *,
        token: str | None = "narrow",
        method: str = "POST",
        again: tuple[tuple[str, str], ...] = (),
        query: str = "",
        **headers: str,
    ) -> httpx2.Response:
        sent = {"accept": "application/json, text/event-stream", "content-type": "application/json"}
        if token is not None:
            sent["authorization"] = f"Bearer {token}"
        sent |= {name.replace("_", "-"): value for name, value in headers.items()}
        payload = {"content": body} if isinstance(body, bytes) else {"json": body}

        async def once() -> httpx2.Response:
            door = McpDoor(authority)
            transport = httpx2.ASGITransport(app=door)
            async with door.lifespan(), httpx2.AsyncClient(transport=transport, base_url="http://testserver") as client:
                return await client.request(method, f"/v1/mcp?{query}", headers=[*sent.items(), *again], **payload)

        return anyio.run(once)

    return request


@pytest.fixture
def origin(toys: None, authority: ToyAuthority) -> Iterator[str]:
    with live_server(Application(mcp=McpDoor(authority), wsgi=lambda environ, start: [])) as origin:
        yield origin


@pytest.fixture(params=MODES)
def talk(request: pytest.FixtureRequest, origin: str) -> Callable[..., Any]:
    """Run a conversation with a connected client; returns what it returns."""

    def run(conversation: Conversation, token: str = "wide", **headers: str) -> Any:
        async def session() -> Any:
            sent = {"authorization": f"Bearer {token}", **headers}
            async with httpx2.AsyncClient(headers=sent) as http:
                transport = streamable_http_client(f"{origin}/v1/mcp", http_client=http)
                async with Client(transport, mode=request.param) as client:
                    return await conversation(client)

        return anyio.run(session)

    return run


def legacy_call(tool: str, **arguments: Any) -> dict[str, Any]:
    return {"jsonrpc": "2.0", "id": 7, "method": "tools/call", "params": {"name": tool, "arguments": arguments}}


def modern_call(tool: str, **arguments: Any) -> dict[str, Any]:
    message = legacy_call(tool, **arguments)
    message["params"]["_meta"] = {
        "io.modelcontextprotocol/protocolVersion": MODERN,
        "io.modelcontextprotocol/clientCapabilities": {},
    }
    return message


def modern_headers(tool: str, method: str = "tools/call") -> dict[str, str]:
    return {"mcp_protocol_version": MODERN, "mcp_method": method, "mcp_name": tool}
