"""Start-up, shutdown and what is no HTTP request; refusals where no client waits any more."""

import asyncio
from typing import Any

import pytest

from mcp_server.asgi import McpDoor
from mcp_server.errors import envelope
from movmo.asgi import Application
from movmo.kit import http
from movmo.kit.errors import InvalidArguments
from tests.mcp_server.toys import SoldOutToy, ToyAuthority

HTTP = {"type": "http", "method": "POST", "path": "/v1/mcp", "headers": [(b"host", b"testserver")]}


class Wire:
    """One end of an ASGI conversation: says what it was given, keeps what it hears."""

    def __init__(self, *says: dict[str, Any]) -> None:
        self._says = list(says)
        self.heard: list[dict[str, Any]] = []

    async def receive(self) -> dict[str, Any]:
        return self._says.pop(0)

    async def send(self, message: Any) -> None:
        self.heard.append(message)


def serve(app: Any, scope: dict[str, Any], wire: Wire) -> list[str]:
    asyncio.run(app(scope, wire.receive, wire.send))
    return [message["type"] for message in wire.heard]


@pytest.fixture
def app(toys: None) -> Application:
    return Application(mcp=McpDoor(ToyAuthority()), wsgi=lambda environ, start: [])


def test_it_starts_stops_and_may_start_again(app: Application) -> None:
    for _ in range(2):
        wire = Wire({"type": "lifespan.startup"}, {"type": "lifespan.shutdown"})
        assert serve(app, {"type": "lifespan"}, wire) == ["lifespan.startup.complete", "lifespan.shutdown.complete"]


def test_a_start_that_fails_is_reported(app: Application, settings: Any) -> None:
    settings.MOVMO_MCP_THREADS = 0
    wire = Wire({"type": "lifespan.startup"})
    with pytest.raises(ValueError, match="a thread at the least"):
        serve(app, {"type": "lifespan"}, wire)
    assert wire.heard[0]["type"] == "lifespan.startup.failed"


def test_websockets_are_closed(app: Application) -> None:
    assert serve(app, {"type": "websocket", "path": "/"}, Wire()) == ["websocket.close"]


@pytest.mark.parametrize("path", ["/v1/mcp", "/v1/flights"])
def test_nothing_is_served_before_start_up(app: Application, path: str) -> None:
    with pytest.raises(RuntimeError, match="lifespan"):
        serve(app, HTTP | {"path": path}, Wire())


def test_a_client_that_leaves_half_way_is_not_answered(toys: None) -> None:
    door = McpDoor(ToyAuthority())
    headers = [*HTTP["headers"], (b"authorization", b"Bearer narrow"), (b"content-type", b"application/json")]
    wire = Wire({"type": "http.request", "body": b"{", "more_body": True}, {"type": "http.disconnect"})

    async def visit(scope: Any, receive: Any, send: Any) -> None:
        async with door.lifespan():
            await door(scope, receive, send)

    assert serve(visit, HTTP | {"headers": [*headers, (b"accept", b"*/*")]}, wire) == []


def test_a_refusal_is_told_in_full() -> None:
    replayed = SoldOutToy(kite="red", retry_after=3)
    replayed.replayed = True
    assert envelope(replayed, "r-1") == {
        "message": "Kite red is sold out.",
        "status_code": http.STATUS_BY_KIND[SoldOutToy.kind],
        "code": "toy_sold_out",
        "details": {"kite": "red"},
        "hint": "Call look_at_kite with another name.",
        "retryable": True,
        "retry_after": 3,
        "replayed": True,
        "request_id": "r-1",
    }
    assert envelope(InvalidArguments({"/name": "Too long."}), "r-2")["fields"] == {"/name": "Too long."}
