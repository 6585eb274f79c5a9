"""One flight booked over REST by a partner, one over MCP by an agent, and each key repeated through the other door."""

from collections.abc import Awaitable, Callable
from datetime import date, timedelta
from typing import Any
from uuid import uuid4

import httpx2
from mcp import Client
from mcp.client.streamable_http import streamable_http_client

from movmo.demo.seed import Cast
from movmo.kit.http import client

Say = Callable[[str], None]
Call = Callable[[str, dict[str, Any]], Awaitable[dict[str, Any]]]

ROUTES = {
    "search_flights": ("POST", "/v1/flights/search"),
    "get_offer_details": ("GET", "/v1/flights/providers/{provider}/offers/{offer_id}"),
    "create_passenger_profile": ("POST", "/v1/users/me/passengers"),
    "update_passenger": ("POST", "/v1/flights/providers/{provider}/offers/{offer_id}/passengers"),
    "create_booking": ("POST", "/v1/flights/providers/{provider}/bookings"),
    "get_booking": ("GET", "/v1/users/me/bookings/{booking_id}"),
}


class StoryBroke(Exception):
    """A call of the demo was refused; the message is the refusal."""


async def tell(origin: str, cast: Cast, say: Say) -> None:
    """Raises StoryBroke."""
    credentials = {"x-api-key": cast.api_key, "Authorization": f"Bearer {cast.partner_token}"}
    bearer = {"Authorization": f"Bearer {cast.agent_token}"}
    async with (
        client(base_url=origin, headers=credentials) as http,
        client(headers=bearer) as agent_http,
        Client(streamable_http_client(f"{origin}/v1/mcp", http_client=agent_http)) as mcp,
    ):
        rest, tools = _over_rest(http), _over_mcp(mcp)
        say("\nA partner's back end books over REST for Ana")
        await _book(rest, tools, "MUC", "LIS", say, other="MCP")
        say("\nAn agent books over MCP for Ana")
        await _book(tools, rest, "LHR", "JFK", say, other="REST")


async def _book(call: Call, other_door: Call, origin: str, destination: str, say: Say, *, other: str) -> None:
    departure = date.today() + timedelta(days=60)  # noqa: DTZ011  (two months ahead of wherever this runs)
    found = await call(
        "search_flights",
        {"slices": [{"origin": origin, "destination": destination, "departure_date": departure.isoformat()}]},
    )
    offer = found["data"][0]
    place = {"provider": offer["provider"], "offer_id": offer["offer_id"]}
    leg = offer["slices"][0]
    say(f"  search_flights            {origin} → {destination} on {departure}: {len(found['data'])} offers")
    say(f"                            cheapest {_money(offer['total'])}, {' + '.join(leg['flights'])}")
    person = await call(
        "create_passenger_profile",
        {
            "given_name": "Ana María",
            "family_name": "Müller",
            "birth_date": "1988-04-12",
            "gender": "F",
            "idempotency_key": str(uuid4()),
        },
    )
    say(f"  create_passenger_profile  ticketed as {person['name_as_ticketed']}")
    details = await call("get_offer_details", place)
    mapping = {"slot_id": details["passengers"][0]["slot_id"], "passenger_id": person["passenger_id"]}
    await call("update_passenger", {**place, **mapping, "idempotency_key": str(uuid4())})
    order = {**place, "expected_total": offer["total"], "idempotency_key": str(uuid4())}
    booked = await call("create_booking", order)
    tickets = ", ".join(document["number"] for document in booked["documents"])
    say(f"  create_booking            PNR {booked['record_locator']}, {booked['status']}, ticket {tickets}")
    again = await other_door("create_booking", order)
    same = "the same booking" if again["booking_id"] == booked["booking_id"] else "ANOTHER BOOKING"
    say(f"  the same key over {other:<7} PNR {again['record_locator']}: {same}")
    if again["booking_id"] != booked["booking_id"]:
        raise StoryBroke("the key made a second booking")


def _over_rest(http: httpx2.AsyncClient) -> Call:
    async def call(name: str, arguments: dict[str, Any]) -> dict[str, Any]:
        method, template = ROUTES[name]
        path = template.format(**arguments)
        body = {key: value for key, value in arguments.items() if "{" + key + "}" not in template}
        response = await http.request(method, path, json=body if method == "POST" else None)
        answer: dict[str, Any] = response.json()
        if response.status_code >= 400:
            raise StoryBroke(f"{name} over REST: {answer}")
        return answer

    return call


def _over_mcp(mcp: Client) -> Call:
    async def call(name: str, arguments: dict[str, Any]) -> dict[str, Any]:
        result = await mcp.call_tool(name, arguments)
        answer: dict[str, Any] = result.structured_content or {}
        if result.is_error:
            raise StoryBroke(f"{name} over MCP: {answer}")
        return answer

    return call


def _money(money: dict[str, str]) -> str:
    return f"{money['amount']} {money['currency']}"
