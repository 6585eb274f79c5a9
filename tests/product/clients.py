"""The clients of the people who build on Movmo: the MCP SDK's own, and plain HTTP."""

from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from typing import Any, Literal, Protocol

import anyio
import httpx2
from django.conf import settings
from mcp import Client
from mcp.client.streamable_http import streamable_http_client

from tests.approving import is_asked
from tests.aside import aside
from tests.contract.doors import Hand, Stage
from tests.contract.world import born, departure_date, new_key

Mode = Literal["legacy", "2026-07-28"]
MODES: list[Mode] = ["legacy", "2026-07-28"]
Told = dict[str, Any]


class Dialled(httpx2.AsyncHTTPTransport):
    """Reaches the server under its public address, although it listens on another port."""

    def __init__(self, origin: str) -> None:
        super().__init__(verify=False)  # reading the system's certificates takes a tenth of a second each time
        self._port = httpx2.URL(origin).port

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        request.url = request.url.copy_with(port=self._port)
        return await super().handle_async_request(request)


def with_sdk(
    stage: Stage,
    mode: Mode,
    conversation: Callable[[Client], Awaitable[Told]],
    *,
    elicitation_callback: Any = None,
    **options: Any,
) -> Told:
    """Run a conversation with a connected client of the SDK; other `options` go to its HTTP client."""

    async def session() -> Told:
        http: AbstractAsyncContextManager[httpx2.AsyncClient]
        async with httpx2.AsyncClient(transport=Dialled(stage.origin), timeout=30, **options) as http:
            transport = streamable_http_client(f"{settings.ORIGIN}/v1/mcp", http_client=http)
            async with Client(transport, mode=mode, elicitation_callback=elicitation_callback) as client:
                return await conversation(client)

    return anyio.run(session)


def by_token(stage: Stage) -> dict[str, Any]:
    return {"headers": {"authorization": f"Bearer {stage.as_ana.token}"}}


async def tool(client: Client, name: str, **arguments: Any) -> Told:
    """A tool's result, with the traveler's yes where they are asked; a refusal fails the test with its own words."""
    result = await client.call_tool(name, arguments)
    if await aside(is_asked, dict(result.structured_content or {})):
        result = await client.call_tool(name, arguments)
    assert not result.is_error, result.content
    assert result.structured_content is not None
    return dict(result.structured_content)


class Call(Protocol):
    async def __call__(self, name: str, **arguments: Any) -> Told: ...


def person(family_name: str) -> dict[str, Any]:
    return {
        "given_name": "Ana María",
        "family_name": family_name,
        "birth_date": born("ADT").isoformat(),
        "gender": "F",
    }


async def walk(client: Client, *, key: str, family_name: str = "Müller") -> Told:
    """search → details → passenger → map → book → read, as an agent goes; the last answer, and how it got there."""
    leg = {"origin": "MUC", "destination": "LIS", "departure_date": departure_date().isoformat()}
    found = await tool(client, "search_flights", slices=[leg], adults=1, limit=2)
    chosen = {"provider": "sandbox", "offer_id": found["data"][0]["offer_id"]}
    offer = await tool(client, "get_offer_details", **chosen)
    saved = await tool(client, "create_passenger_profile", **person(family_name), idempotency_key=new_key())
    party = await tool(
        client,
        "update_passenger",
        **chosen,
        slot_id=offer["passengers"][0]["slot_id"],
        passenger_id=saved["passenger_id"],
        idempotency_key=new_key(),
    )
    assert party["passengers"][0]["passenger_id"] == saved["passenger_id"]
    order = {**chosen, "expected_total": offer["total"]}
    booked = await tool(client, "create_booking", **order, idempotency_key=key)
    read = await tool(client, "get_booking", booking_id=booked["booking_id"])
    return {"order": order, "booked": booked, "read": read}


class Backend:
    """A partner's back end: its key, its traveler's token, JSON over HTTP."""

    def __init__(self, stage: Stage, hand: Hand | None = None) -> None:
        held = (hand or stage.as_ana).of_back_end
        self._http = stage.http
        self._headers = {"x-api-key": held.key or "", "authorization": f"Bearer {held.token}"}

    def get(self, path: str, **query: str) -> httpx2.Response:
        return self._http.get(path, params=query, headers=self._headers)

    def post(self, path: str, body: dict[str, Any], key: str | None = None) -> httpx2.Response:
        sent = self._headers if key is None else {**self._headers, "idempotency-key": key}
        return self._http.post(path, json=body, headers=sent)

    def walk(self, *, key: str, family_name: str = "Müller") -> Told:
        """The same way over REST."""
        leg = {"origin": "MUC", "destination": "LIS", "departure_date": departure_date().isoformat()}
        found = self.post("/v1/flights/search", {"slices": [leg], "adults": 1, "limit": 2}).json()
        offer_id = found["data"][0]["offer_id"]
        at = f"/v1/flights/providers/sandbox/offers/{offer_id}"
        offer = self.get(at).json()
        saved = self.post("/v1/users/me/passengers", person(family_name), new_key())
        assert saved.status_code == 201, saved.text
        slot = {"slot_id": offer["passengers"][0]["slot_id"], "passenger_id": saved.json()["passenger_id"]}
        party = self.post(f"{at}/passengers", slot).json()
        assert party["passengers"][0]["passenger_id"] == slot["passenger_id"]
        order = {"offer_id": offer_id, "expected_total": offer["total"]}
        booked = self.post("/v1/flights/providers/sandbox/bookings", order, key)
        assert booked.status_code in (201, 202), booked.text
        read = self.get(booked.headers["location"])
        return {"order": {"provider": "sandbox", **order}, "booked": booked.json(), "read": read.json()}
