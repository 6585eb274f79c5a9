"""The storm: bookings and deaths keep step, so that whatever the machine's speed both are spread over each other."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

from tests.chaos.clients import Callers
from tests.chaos.cluster import Cluster
from tests.chaos.records import Trip
from tests.chaos.troupe import Troupe

AT_ONCE = 24
STRIKE_EVERY = (0.4, 1.2)


@dataclass
class Storm:
    troupe: Troupe
    callers: Callers
    trips: list[Trip]
    kills: int
    restarts: int
    cluster: Cluster | None
    chance: random.Random
    say: Callable[[str], None]
    longest: float
    begun: int = 0
    answered: int = 0
    is_pacing: bool = True

    async def rage(self) -> None:
        """Until every trip has its answer and enough have died."""
        self.troupe.is_doomed = True
        deaths = asyncio.create_task(self._kill())
        slots = asyncio.Semaphore(AT_ONCE)
        try:
            await asyncio.gather(*(self._travel(trip, slots) for trip in self.trips))
            while self.is_pacing and not deaths.done():
                await asyncio.sleep(0.2)
        finally:
            deaths.cancel()
            with suppress(asyncio.CancelledError):
                await deaths

    async def _travel(self, trip: Trip, slots: asyncio.Semaphore) -> None:
        async with slots:
            while not self._deaths_keep_up():
                await asyncio.sleep(0.05)
            self.begun += 1
            await self.callers.travel(trip)
            self.answered += 1

    async def _kill(self) -> None:
        ends_at, told = time.monotonic() + self.longest, 0
        while time.monotonic() < ends_at and self.troupe.kills < self.kills:
            await asyncio.sleep(self.chance.uniform(*STRIKE_EVERY))
            self.troupe.raise_the_dead()
            if self.troupe.kills < self.kills * self.answered / len(self.trips):
                self.troupe.strike()
            if self.cluster and self.cluster.restarts < self.restarts * self.troupe.kills / self.kills:
                await asyncio.to_thread(self.cluster.restart, by_kill=self.chance.random() < 0.5)
            if self.troupe.kills - told >= 10:
                told = self.troupe.kills
                self.say(f"{told} killed, {self.answered} of {len(self.trips)} bookings answered")
        self.troupe.is_doomed = self.is_pacing = False
        while True:
            self.troupe.raise_the_dead()
            await asyncio.sleep(0.3)

    def _deaths_keep_up(self) -> bool:
        if not self.is_pacing or not self.kills:
            return True
        ahead = min(AT_ONCE, max(2, len(self.trips) // 5))
        return self.begun < len(self.trips) * self.troupe.kills / self.kills + ahead
