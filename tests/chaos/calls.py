"""One call of an operation over either door, as its callers make it; nothing comes back where a process died."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import httpx2
from mcp import Client, MCPError
from mcp.client.streamable_http import streamable_http_client

from tests.bench.records import Cast
from tests.bench.stage import HOST

PATIENCE = 10.0
GIVES_UP_AFTER = 180.0
PAUSE = (0.1, 0.6)
COME_AGAIN = ("idempotency_in_progress", "contended", "internal_error", "approval_required")
ROUTES = {
    "create_booking": "POST /v1/flights/providers/{provider}/bookings",
    "get_booking": "GET /v1/users/me/bookings/{booking_id}",
    "confirm_hold": "POST /v1/users/me/bookings/{booking_id}/confirmation",
    "quote_cancellation": "POST /v1/users/me/bookings/{booking_id}/cancellation-quotes",
    "cancel_booking": "POST /v1/users/me/bookings/{booking_id}/cancellation",
}

Door = Literal["rest", "mcp"]
DOORS: tuple[Door, ...] = ("rest", "mcp")
Told = dict[str, Any]


@dataclass(frozen=True)
class Call:
    operation: str
    arguments: dict[str, Any]
    key: str | None = None


@dataclass
class Line:
    """The traveler's credentials, and the servers, any of which may be dead at the moment."""

    cast: Cast
    ports: Sequence[int]
    chance: random.Random
    unanswered: int = 0

    async def insist(self, call: Call, *, first: Door | None = None) -> tuple[Door, Told]:
        """Repeat it over either door until an answer does not invite to come again; in the end `no answer`."""
        deadline = time.monotonic() + GIVES_UP_AFTER
        door = self.chance.choice(DOORS) if first is None else first
        while time.monotonic() < deadline:
            told = await self._ask(call, door)
            if told is not None and told.get("code") not in COME_AGAIN:
                return door, told
            self.unanswered += told is None
            await asyncio.sleep(self.chance.uniform(*PAUSE))
            door = self.chance.choice(DOORS)
        return door, {"code": "no answer"}

    async def _ask(self, call: Call, door: Door) -> Told | None:
        """None where no answer came, or that of a process which is falling."""
        port = self.chance.choice(self.ports)
        ask = self._over_rest if door == "rest" else self._over_mcp
        try:
            async with asyncio.timeout(PATIENCE):
                return await ask(port, call)
        except (httpx2.HTTPError, MCPError, OSError, TimeoutError, ValueError, ExceptionGroup):
            return None

    async def _over_rest(self, port: int, call: Call) -> Told | None:
        headers = {**self._bearer, "x-api-key": self.cast.api_key}
        if call.key is not None:
            headers["idempotency-key"] = call.key
        method, _, template = ROUTES[call.operation].partition(" ")
        path = template.format(**call.arguments)
        body = {name: value for name, value in call.arguments.items() if "{" + name + "}" not in template}
        async with httpx2.AsyncClient(headers=headers, trust_env=False, timeout=PATIENCE) as http:
            sent = body if method == "POST" else None
            response = await http.request(method, f"http://127.0.0.1:{port}{path}", json=sent)
        told: Told = response.json()
        return told

    async def _over_mcp(self, port: int, call: Call) -> Told | None:
        key = {} if call.key is None else {"idempotency_key": call.key}
        async with (
            httpx2.AsyncClient(headers=self._bearer, trust_env=False, timeout=PATIENCE) as http,
            Client(streamable_http_client(f"http://127.0.0.1:{port}/v1/mcp", http_client=http)) as mcp,
        ):
            result = await mcp.call_tool(call.operation, {**call.arguments, **key})
        told: Told | None = result.structured_content
        return told

    @property
    def _bearer(self) -> dict[str, str]:
        return {"host": HOST, "authorization": f"Bearer {self.cast.token}"}
