"""A partner's back end books over REST. Then an agent that knows nothing but what the server tells books over MCP, asks
its person, hears what becomes of the booking, and gives it back. Each key is repeated through the other door."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import date, timedelta
from typing import Any
from uuid import uuid4

import anyio
import httpx2
from mcp import Client
from mcp.client.streamable_http import streamable_http_client

from movmo.demo.agent.agent import Agent
from movmo.demo.agent.line import Line, opener
from movmo.demo.agent.person import Person
from movmo.demo.agent.watching import changes
from movmo.demo.seed import TRAVELERS, Cast
from movmo.demo.traveler import Traveler
from movmo.kit.http import client

Say = Callable[[str], None]
Told = dict[str, Any]
Call = Callable[[str, Told], Awaitable[Told]]

ROUTES = {
    "search_flights": ("POST", "/v1/flights/search"),
    "get_offer_details": ("GET", "/v1/flights/providers/{provider}/offers/{offer_id}"),
    "create_passenger_profile": ("POST", "/v1/users/me/passengers"),
    "update_passenger": ("POST", "/v1/flights/providers/{provider}/offers/{offer_id}/passengers"),
    "create_booking": ("POST", "/v1/flights/providers/{provider}/bookings"),
    "confirm_hold": ("POST", "/v1/users/me/bookings/{booking_id}/confirmation"),
}
ANA = {"given_name": "Ana María", "family_name": "Müller", "birth_date": "1988-04-12", "gender": "F"}
REVISION = "2026-07-28"


class StoryBroke(Exception):
    """A call of the demo was refused; the message is the refusal."""


async def tell(origin: str, cast: Cast, say: Say, *, by_a_person: bool = False) -> None:
    """Raises StoryBroke, Stopped or AnswersLost. `by_a_person`: Ana's part is played in a browser."""
    credentials = {"x-api-key": cast.api_key, "Authorization": f"Bearer {cast.partner_token}"}
    async with client(base_url=origin, headers=credentials) as http, client() as browser:
        browser.follow_redirects = True
        rest = _over_rest(http)
        ana = Traveler(browser, TRAVELERS[0], say, decides_herself=by_a_person)
        scout = Scout(f"{origin}/v1/mcp", cast.agent_token, ana, say)
        say("\nA partner's back end books over REST for Ana")
        order, booked = await _book(rest, say)
        same_booking(booked, await scout.once("create_booking", order), say, door="MCP")
        say("\nAn agent without a model, which reads what the server tells, books over MCP for Ana")
        await scout.serve(rest)


async def _book(call: Call, say: Say) -> tuple[Told, Told]:
    """The order and the booking."""
    leg = {"origin": "MUC", "destination": "LIS", "departure_date": _in_two_months()}
    found = await call("search_flights", {"slices": [leg]})
    offer = found["data"][0]
    place = {"provider": offer["provider"], "offer_id": offer["offer_id"]}
    say(_line("search_flights", f"{len(found['data'])} offers, cheapest {_money(offer['total'])}"))
    person = await call("create_passenger_profile", {**ANA, "idempotency_key": str(uuid4())})
    say(_line("create_passenger_profile", f"ticketed as {person['name_as_ticketed']}"))
    details = await call("get_offer_details", place)
    mapping = {"slot_id": details["passengers"][0]["slot_id"], "passenger_id": person["passenger_id"]}
    await call("update_passenger", {**place, **mapping, "idempotency_key": str(uuid4())})
    order = {**place, "expected_total": offer["total"], "idempotency_key": str(uuid4())}
    booked = await call("create_booking", order)
    say(_line("create_booking", _booking(booked)))
    return order, booked


class Scout:
    """The agent of the demo, and what is told of its calls."""

    def __init__(self, address: str, token: str, person: Person, say: Say) -> None:
        self._address = address
        self._bearer = {"Authorization": f"Bearer {token}"}
        self._person = person
        self._say = say
        self._sent: Told = {}

    async def serve(self, partner: Call) -> None:
        """One wish: seats are held, the partner pays for them, and in the end everything is given back."""
        trip = {"origin": "LHR", "destination": "JFK", "departure_date": _in_two_months()}
        wish: Told = {**trip, **ANA, "mode": "hold", "holdable_only": True, "refundable_only": True}
        self._say(_line("Ana wishes", "{origin} to {destination} on {departure_date}".format_map(trip)))
        self._say(_line("", "the cheapest that may be held until she pays, and refunded if she cancels"))
        line = Line(self._dial, pause=anyio.sleep, journal=self._journal)
        agent = await Agent.arrive(line, self._person, wish)
        held = await agent.fulfil("Book an offer")
        same_booking(held, await partner("create_booking", self._sent["create_booking"]), self._say, door="REST")
        async with changes(agent, "Book an offer") as heard:
            async for booking in heard:
                if booking["status"] != "held":
                    break
                self._say(_line("", "the agent listens; the partner pays over REST"))
                paid = {"booking_id": held["booking_id"], "expected_total": held["total"]}
                await partner("confirm_hold", {**paid, "idempotency_key": str(uuid4())})
        await agent.fulfil("Cancel a booking")

    async def once(self, tool: str, arguments: Told) -> Told:
        async with self._dial() as mcp:
            result = await mcp.call_tool(tool, arguments)
        answer: Told = result.structured_content or {}
        if result.is_error:
            raise StoryBroke(f"{tool} over MCP: {answer}")
        return answer

    @asynccontextmanager
    async def _dial(self) -> AsyncIterator[Client]:
        async with client(headers=self._bearer) as http:
            transport = streamable_http_client(self._address, http_client=http)
            async with Client(transport, mode=REVISION, elicitation_callback=opener(self._person)) as mcp:
                yield mcp

    def _journal(self, tool: str, arguments: Told, answer: Told) -> None:
        self._sent[tool] = arguments
        self._say(_line(tool, _summary(answer)))


def same_booking(first: Told, again: Told, say: Say, *, door: str) -> None:
    """Raises StoryBroke."""
    if again["booking_id"] != first["booking_id"]:
        raise StoryBroke("the key made a second booking")
    say(_line(f"the same key over {door}", f"PNR {again['record_locator']}: the same booking"))


def _summary(answer: Told) -> str:
    if "record_locator" in answer:
        return _booking(answer)
    if "code" in answer:
        return str(answer["code"])
    if "refund" in answer:
        return f"{_money(answer['refund'])} would be given back, {_money(answer['penalty'])} kept"
    if "data" in answer:
        return _found(answer["data"])
    return _money(answer["total"]) if "total" in answer else str(answer.get("name_as_ticketed", ""))


def _found(rows: list[Told]) -> str:
    cheapest = _money(rows[0]["total"]) if rows and "total" in rows[0] else ""
    return f"{len(rows)} offers that suit, cheapest {cheapest}" if cheapest else f"{len(rows)} found"


def _booking(booking: Told) -> str:
    tickets = ", ".join(document["number"] for document in booking["documents"])
    told = f"PNR {booking['record_locator']}, {booking['status']}"
    return f"{told}, ticket {tickets}" if tickets and booking["status"] == "ticketed" else told


def _line(call: str, told: str) -> str:
    return f"  {call:<27} {told}"


def _in_two_months() -> str:
    return (date.today() + timedelta(days=60)).isoformat()  # noqa: DTZ011  (two months ahead of wherever this runs)


def _over_rest(http: httpx2.AsyncClient) -> Call:
    async def call(name: str, arguments: Told) -> Told:
        method, template = ROUTES[name]
        path = template.format(**arguments)
        body = {key: value for key, value in arguments.items() if "{" + key + "}" not in template}
        response = await http.request(method, path, json=body if method == "POST" else None)
        answer: Told = response.json()
        if response.status_code >= 400:
            raise StoryBroke(f"{name} over REST: {answer}")
        return answer

    return call


def _money(money: dict[str, str]) -> str:
    return f"{money['amount']} {money['currency']}"
