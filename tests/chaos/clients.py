"""The callers of the storm: each wants one booking, and repeats its key over either door until it hears what became of
it. Some then pay for a hold, or cancel. What they heard is the evidence against which the books are read afterwards.
"""

from __future__ import annotations

import asyncio
import random
import time
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from tests.bench.records import Cast
from tests.chaos.calls import DOORS, Call, Door, Line, Told
from tests.chaos.records import Answer, Trip

WAITS_FOR_AN_OUTCOME = 45.0
SETTLED = ("ticketed", "confirmed", "held", "failed", "cancelled", "lapsed", "manual_review")


@dataclass
class Callers:
    line: Line

    async def travel(self, trip: Trip) -> None:
        """Some ask over both doors at once. Some go on once they have heard that they have something."""
        if trip.is_impatient:
            await asyncio.gather(*(self._book(trip, first=door) for door in DOORS))
        else:
            await self._book(trip)
        if trip.sequel and trip.booking_id:
            await self._go_on(trip, trip.booking_id)

    async def hear_again(self, trip: Trip) -> None:
        """After the storm, over both doors: each key once more."""
        for door in DOORS:
            trip.finals.append(_heard(await self.line.insist(_booking(trip), first=door)))
        for name, arguments, key in trip.amendments:
            told = [await self.line.insist(Call(name, arguments, key), first=door) for door in DOORS]
            trip.later += map(_heard, told)

    async def _book(self, trip: Trip, *, first: Door | None = None) -> None:
        trip.answers.append(_heard(await self.line.insist(_booking(trip), first=first)))

    async def _go_on(self, trip: Trip, booking_id: str) -> None:
        booking = await self._settled(booking_id)
        if "confirm" in trip.sequel and booking.get("status") == "held":
            arguments = {"booking_id": booking_id, "expected_total": trip.order["expected_total"]}
            await self._amend(trip, "confirm_hold", arguments)
            booking = await self._settled(booking_id)
        if "cancel" in trip.sequel and booking.get("status") in ("held", "confirmed", "ticketed"):
            quote = Call("quote_cancellation", {"booking_id": booking_id}, str(uuid4()))
            _, told = await self.line.insist(quote)
            if "quote_id" in told:
                await self._amend(trip, "cancel_booking", {"booking_id": booking_id, "quote_id": told["quote_id"]})

    async def _amend(self, trip: Trip, operation: str, arguments: dict[str, Any]) -> None:
        key = str(uuid4())
        trip.amendments.append((operation, arguments, key))
        trip.later.append(_heard(await self.line.insist(Call(operation, arguments, key))))

    async def _settled(self, booking_id: str) -> Told:
        """The booking once it is decided, or as it stands when patience ends."""
        ends_at = time.monotonic() + WAITS_FOR_AN_OUTCOME
        while True:
            _, told = await self.line.insist(Call("get_booking", {"booking_id": booking_id}))
            if told.get("status") in SETTLED or time.monotonic() > ends_at:
                return told
            await asyncio.sleep(1)


def trips(cast: Cast, *, chance: random.Random) -> list[Trip]:
    """A third of them goes on: those that hold pay or cancel, some of the others cancel."""
    return [
        Trip(
            key=str(uuid4()),
            order=offer,
            is_impatient=chance.random() < 0.2,
            sequel=_sequel(offer.get("mode") == "hold", chance.random()),
        )
        for offer in cast.offers
    ]


def _sequel(is_hold: bool, drawn: float) -> str:
    if is_hold:
        return "confirm" if drawn < 0.5 else "cancel" if drawn < 0.7 else "confirm, cancel" if drawn < 0.9 else ""
    return "cancel" if drawn < 0.15 else ""


def _booking(trip: Trip) -> Call:
    return Call("create_booking", trip.order, trip.key)


def _heard(answer: tuple[Door, Told]) -> Answer:
    door, told = answer
    return Answer(
        door, told.get("booking_id", ""), told.get("status", "") if "booking_id" in told else "", told.get("code", "")
    )
