"""scout hears what becomes of a booking where the server tells it, and asks again where it does not."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

import anyio
import pytest

from movmo.demo.agent.agent import Agent
from movmo.demo.agent.watching import changes, settled
from tests.agent.scene import BOOK, CANCEL, Scene
from tests.aside import aside
from tests.conftest import StoppedClock

pytestmark = pytest.mark.usefixtures("carried")

HOLDABLE = {"mode": "hold", "holdable_only": True}


PATIENCE = 20.0


@asynccontextmanager
async def deadline() -> AsyncIterator[None]:
    with anyio.fail_after(PATIENCE):
        yield


async def told(agent: Agent, meanwhile: Any) -> list[str]:
    """The statuses that it learns of, until nothing more is to come; something happens after the first."""
    statuses: list[str] = []
    async with changes(agent, BOOK) as heard, deadline():
        async for booking in heard:
            if not statuses:
                await aside(meanwhile)
            if booking["status"] not in statuses:
                statuses.append(booking["status"])
            if booking["status"] in ("ticketed", "cancelled"):
                break
    return statuses


def test_a_hold_that_somebody_else_pays_for_is_heard_of(scene: Scene) -> None:
    scene.wish |= HOLDABLE

    async def book_and_listen(agent: Agent) -> list[str]:
        held = await agent.fulfil(BOOK)
        paying = {"booking_id": held["booking_id"], "expected_total": held["total"]}
        return await told(agent, partial(scene.as_partner, "confirm_hold", **paying))

    assert scene.play(book_and_listen) == ["held", "ticketed"]
    assert len(scene.orders) == 1


def test_an_airline_that_ponders_is_waited_for(scene: Scene, clock_here: StoppedClock) -> None:
    """A look finds out: another's, of which it is told, or where nothing is told its own."""
    scene.wish["family_name"] = "DELAYED"
    scene.on_pause = lambda seconds: clock_here.forward(minutes=2)

    def found_out(booking_id: str) -> None:
        clock_here.forward(minutes=2)
        scene.as_partner("get_booking", booking_id=booking_id)

    async def book_and_wait(agent: Agent) -> Any:
        booked = await agent.fulfil(BOOK)
        assert booked["status"] == "pending"
        if scene.era == "legacy":
            return [booked["status"], (await settled(agent, BOOK, booked))["status"]]
        return await told(agent, partial(found_out, booked["booking_id"]))

    assert scene.play(book_and_wait) == ["pending", "ticketed"]
    assert scene.called.count("create_booking") == (1 if scene.era.endswith("pages") else 2)
    assert len(scene.orders) == 1


def test_a_cancellation_is_heard_of_by_who_listens(modern: Scene) -> None:
    statuses: list[str] = []

    async def book_and_cancel(agent: Agent) -> None:
        await agent.fulfil(BOOK)
        async with changes(agent, BOOK) as heard, deadline():
            async for booking in heard:
                statuses.append(booking["status"])
                if booking["status"] == "cancelled":
                    break
                if len(statuses) == 1:
                    await agent.fulfil(CANCEL)

    modern.play(book_and_cancel)
    assert (statuses[0], statuses[-1]) == ("ticketed", "cancelled")
