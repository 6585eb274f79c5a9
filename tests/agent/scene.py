"""A traveler and their agent: the script of the demo over the SDK's client, and a person who is asked."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from typing import Any, Literal
from uuid import uuid4

import anyio
import httpx2
from django.conf import settings
from mcp import Client
from mcp.client.streamable_http import streamable_http_client

from bookings.providers.types import PassengerType, SearchQuery, SliceQuery
from bookings.sandbox_airline.models import SandboxOrder
from bookings.sandbox_airline.services import SandboxAirline
from movmo.demo.agent.agent import Agent
from movmo.demo.agent.line import Line, opener
from movmo.demo.agent.memory import Row
from movmo.kit import clock
from movmo.kit.money import Money
from movmo.operations.approval.mandates import Limits
from movmo.operations.approval.models import Approval
from movmo.operations.approval.proposal import Proposal
from movmo.operations.scopes import SCOPES
from tests import factories
from tests.agent.wires import Through, Wire
from tests.approving import asked_by, say_no, say_yes
from tests.aside import aside
from tests.contract.doors import Stage
from tests.contract.world import World, born, by_key_and_token, departure_date
from tests.product.clients import Dialled, Mode

Era = Literal["legacy", "2026-07-28", "2026-07-28 with pages"]
Press = Callable[[dict[str, Any]], object]

BOOK = "Book an offer"
CANCEL = "Cancel a booking"
HURRY = 0.01


def leave(question: dict[str, Any]) -> None:
    """They look at the page and press nothing."""


@dataclass
class Traveler:
    """`presses` is what they do on the pages, in order, and then they approve; `word` what they say when asked."""

    presses: list[Press] = field(default_factory=list)
    word: Callable[[str, dict[str, Any]], bool] = lambda what, facts: True
    goes: bool = True
    asked: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    visited: list[str] = field(default_factory=list)

    async def agrees(self, what: str, facts: dict[str, Any]) -> bool:
        self.asked.append((what, facts))
        return bool(await aside(partial(self.word, what, facts)))

    async def visits(self, address: str, why: str) -> bool:
        self.visited.append(address)
        press = self.presses.pop(0) if self.presses else say_yes
        if self.goes:
            await aside(partial(press, {"approval_id": address.rpartition("/")[2]}))
        return self.goes


@dataclass
class Scene:
    """What scout does for a traveler whom nobody else in the tests knows."""

    stage: Stage
    era: Era
    person: Traveler = field(default_factory=Traveler)
    wish: Row = field(default_factory=dict)
    calls: list[tuple[str, Row]] = field(default_factory=list)
    pauses: list[float] = field(default_factory=list)
    wire: Wire | None = None
    on_pause: Callable[[float], None] = lambda seconds: None

    def __post_init__(self) -> None:
        self.user = factories.traveler(f"ana-{uuid4().hex}@example.com")
        self._token = factories.token(self.user, sorted(SCOPES), self.stage.scout)
        self.wish = {
            "origin": "MUC",
            "destination": "LIS",
            "departure_date": departure_date().isoformat(),
            "max_total": {"amount": "900.00", "currency": "EUR"},
            "given_name": "Ana María",
            "family_name": "Müller",
            "birth_date": born("ADT").isoformat(),
            "gender": "F",
            **self.wish,
        }

    def play(self, act: Callable[[Agent], Awaitable[Any]]) -> Any:
        """What the act returns, or raises."""
        return anyio.run(self._play, act)

    def book(self) -> Any:
        return self.play(lambda agent: agent.fulfil(BOOK))

    async def _play(self, act: Callable[[Agent], Awaitable[Any]]) -> Any:
        line = Line(self._dial, pause=self._pause, journal=self._note)
        return await act(await Agent.arrive(line, self.person, self.wish))

    @asynccontextmanager
    async def _dial(self) -> AsyncIterator[Client]:
        mode: Mode = "legacy" if self.era == "legacy" else "2026-07-28"
        callback = opener(self.person) if self.era.endswith("pages") else None
        headers = {"authorization": f"Bearer {self._token}"}
        dialled = Dialled(self.stage.origin)
        reached = Through(self.wire, dialled) if self.wire else dialled
        async with httpx2.AsyncClient(transport=reached, timeout=30, headers=headers) as http:
            transport = streamable_http_client(f"{settings.ORIGIN}/v1/mcp", http_client=http)
            async with Client(transport, mode=mode, elicitation_callback=callback) as client:
                yield client

    def _note(self, tool: str, arguments: Row, answer: Row) -> None:
        self.calls.append((tool, answer))

    async def _pause(self, seconds: float) -> None:
        self.pauses.append(seconds)
        await aside(partial(self.on_pause, seconds))
        await anyio.sleep(HURRY)

    def offer_of_the_airline(self) -> Row:
        """As its own search would tell it to the traveler."""
        slices = (SliceQuery(self.wish["origin"], self.wish["destination"], departure_date()),)
        query = SearchQuery(slices=slices, passengers=(PassengerType.ADULT,))
        return SandboxAirline().search(query, now=clock.now())[0]

    def say_yes_and_allow(self, question: dict[str, Any]) -> None:
        """Yes, and to as much again this month."""
        asked = Proposal.model_validate_json(asked_by(question).proposal)
        assert asked.price is not None
        limits = Limits(
            per_booking=asked.price.money,
            per_month=Money(asked.price.minor * 3, asked.price.currency),
            passenger_ids=frozenset(one.passenger_id for one in asked.people),
            valid_until=clock.now() + timedelta(days=30),
        )
        say_yes(question, allowance=limits)

    def as_partner(self, operation: str, **arguments: Any) -> None:
        """Aviare's back end, which does it without being asked whether it may."""
        World(by_key_and_token(self.user, self.stage.aviare)).call(operation, **arguments)

    # What there is in the end

    @property
    def called(self) -> list[str]:
        return [tool for tool, _ in self.calls]

    @property
    def codes(self) -> list[str]:
        """Of the refusals, in their order."""
        return [answer["code"] for _, answer in self.calls if "code" in answer]

    @property
    def questions(self) -> list[str]:
        """How the approvals of the traveler stand, oldest first."""
        return list(Approval.objects.filter(user_id=self.user.pk).order_by("pk").values_list("state", flat=True))

    @property
    def bookings(self) -> list[Any]:
        return list(self.user.bookings.order_by("pk"))

    @property
    def orders(self) -> list[SandboxOrder]:
        """What the airline knows of all that was ever tried for the traveler."""
        references = [str(booking.pk) for booking in self.bookings]
        return list(SandboxOrder.objects.filter(client_reference__in=references))


__all__ = ["say_no", "say_yes"]
