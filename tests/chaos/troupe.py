"""The processes of a run: started, told where to die, killed, started again. Each is stopped by its own id."""

from __future__ import annotations

import os
import random
import signal
import socket
import subprocess
import sys
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from tests.bench.stage import ROOT, SERVER_OPTIONS, START_SECONDS, BenchBroke, free_port
from tests.chaos import phases
from tests.chaos.phases import WEB, WORKER, Phase

AIRLINE, RECEIVER, BEAT, PERSON = "airline", "receiver", "beat", "person"
TESTED = (WEB, WORKER)
GROWN_UP_SECONDS = 2.0
"""Younger processes are still starting: killing them proves little."""
LONGEST_LIFE = 3600
"""Seconds: nobody outlives a run that was not stopped properly for longer."""

BOTH = 0.2
"""How often the last server or worker may be killed, too."""


@dataclass
class Actor:
    """One process and its successors. `fate` is the phase at which it will die by itself."""

    role: str
    command: list[str]
    log: Path
    port: int = 0
    fate: Phase | None = None
    process: subprocess.Popen[bytes] | None = None
    born: float = field(default_factory=time.monotonic)

    @property
    def is_alive(self) -> bool:
        return self.process is not None and self.process.poll() is None

    @property
    def is_grown_up(self) -> bool:
        return self.is_alive and time.monotonic() - self.born > GROWN_UP_SECONDS and self.answers

    @property
    def answers(self) -> bool:
        if not self.port:
            return True
        with socket.socket() as probe:
            probe.settimeout(0.2)
            return probe.connect_ex(("127.0.0.1", self.port)) == 0

    def start(self, environment: dict[str, str]) -> None:
        with self.log.open("ab") as output:
            self.process = subprocess.Popen(
                self.command,
                env=environment,
                cwd=ROOT,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
        self.born = time.monotonic()

    def kill(self) -> None:
        """`kill -9` of the process and of what it has started."""
        if self.process is None:
            return
        if self.is_alive:
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()


class Troupe:
    def __init__(
        self, environment: dict[str, str], var: Path, actors: list[Actor], *, chance: random.Random, life: int
    ) -> None:
        """`life` is how often a process that is told to die comes to its phase at most."""
        self._environment = environment
        self._obituaries = var / "obituaries"
        self._chance = chance
        self._life = life
        self.killed: Counter[str] = Counter()
        self.is_doomed = False
        self.actors = actors

    @property
    def ports(self) -> list[int]:
        return [actor.port for actor in self.actors if actor.role == WEB]

    @property
    def deaths(self) -> Counter[str]:
        """By phase: those who died at one."""
        return Counter(self._obituaries.read_text().splitlines()) if self._obituaries.exists() else Counter()

    @property
    def kills(self) -> int:
        """Of web and workers."""
        return self.killed[WEB] + self.killed[WORKER] + self.deaths.total()

    def start(self) -> None:
        """Raises BenchBroke."""
        for actor in self.actors:
            self._start(actor)
        self.wait_until_all_answer()

    def wait_until_all_answer(self) -> None:
        deadline = time.monotonic() + START_SECONDS
        while not all(actor.is_alive and actor.answers for actor in self.actors):
            if time.monotonic() > deadline:
                raise BenchBroke(f"not everybody started: {self.last_words}")
            time.sleep(0.1)

    def strike(self) -> None:
        """Kill one that is at work."""
        victims = [actor for actor in self.actors if actor.is_grown_up and not self._is_last_of_its_role(actor)]
        # The others are not what is tested: a third of their share is enough.
        weights = [3 if actor.role in TESTED else 1 for actor in victims]
        if victims:
            (victim,) = self._chance.choices(victims, weights)
            victim.kill()
            self.killed[victim.role] += 1

    def _is_last_of_its_role(self, actor: Actor) -> bool:
        """Somebody has to be there to be killed: as a rule one of the servers, and one of the workers."""
        others = [one for one in self.actors if one.role == actor.role and one is not actor]
        return bool(others) and not any(one.is_grown_up for one in others) and self._chance.random() > BOTH

    def raise_the_dead(self) -> None:
        for actor in self.actors:
            if not actor.is_alive:
                self._start(actor)

    def pardon(self) -> None:
        """Nobody dies any more: who was told to is replaced by one who was not."""
        self.is_doomed = False
        for actor in self.actors:
            if actor.fate is not None:
                actor.kill()
        self.raise_the_dead()
        self.wait_until_all_answer()

    def stop(self) -> None:
        for actor in self.actors:
            actor.kill()

    @property
    def last_words(self) -> str:
        return "\n".join(actor.log.read_text()[-1500:] for actor in self.actors if actor.log.exists())

    def _start(self, actor: Actor) -> None:
        actor.kill()
        self._draw_fate(actor)
        environment = {**self._environment, phases.OBITUARIES: str(self._obituaries)}
        if actor.fate is not None:
            environment[phases.DIE_AT] = f"{actor.fate}|{self._chance.randint(1, self._life)}"
        actor.start(environment)

    def _draw_fate(self, actor: Actor) -> None:
        """The phase of its role at which the fewest have died or are about to."""
        some = phases.OF_ROLE.get(actor.role)
        if some is None or not self.is_doomed:
            actor.fate = None
            return
        met = self.deaths + Counter[str](one.fate for one in self.actors if one.fate is not None and one is not actor)
        actor.fate = min(some, key=lambda phase: (met[phase], self._chance.random()))


def actors(var: Path, *, airline: tuple[int, list[str]], receiver: tuple[int, list[str]]) -> list[Actor]:
    """Two servers, two workers and their clock, the airline, the partner who is told of events, and the traveler."""
    python = [sys.executable, "-m"]
    celery = [*python, "celery", "-A", "movmo"]
    some = [
        Actor(AIRLINE, [*python, *airline[1]], var / "airline.log", airline[0]),
        Actor(RECEIVER, [*python, *receiver[1]], var / "receiver.log", receiver[0]),
        Actor(BEAT, [*celery, "beat", "--loglevel", "warning"], var / "beat.log"),
        Actor(PERSON, [*python, "tests.chaos.person", str(LONGEST_LIFE)], var / "person.log"),
    ]
    for number in (1, 2):
        port = free_port()
        web = [*python, "uvicorn", "movmo.asgi:application", "--port", str(port), *SERVER_OPTIONS]
        worker = [*celery, "worker", "--pool", "threads", "--concurrency", "4", "--loglevel", "warning"]
        some += [
            Actor(WEB, web, var / f"web-{number}.log", port),
            Actor(WORKER, [*worker, "--hostname", f"worker{number}"], var / f"worker-{number}.log"),
        ]
    return some
