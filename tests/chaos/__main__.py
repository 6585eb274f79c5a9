"""`make chaos`: bookings over both doors while the airline misbehaves and processes and databases are killed.

    python -m tests.chaos [--bookings N] [--kills N] [--restarts N] [--seed TEXT] [--database postgresql | sqlite]
                          [--minutes N]

Everything runs on loopback, in processes and databases of its own that end with it. Afterwards all books are read:
ours, the airline's and what each caller heard. Exit code 1 if any of them disagree, 2 if the run itself broke.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import logging
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from http.client import HTTPConnection
from pathlib import Path
from typing import Any, NoReturn
from uuid import uuid4

from tests.bench.records import Cast
from tests.bench.stage import ROOT, STEP_SECONDS, BenchBroke, Stage, free_port, prepared
from tests.chaos.apps import AIRLINE_PORT
from tests.chaos.calls import Line
from tests.chaos.clients import Callers, trips
from tests.chaos.cluster import Cluster, postgresql_of_our_own
from tests.chaos.phases import OF_ROLE
from tests.chaos.records import Finding, Trip
from tests.chaos.storm import Storm
from tests.chaos.troupe import AIRLINE, BEAT, PERSON, RECEIVER, Troupe, actors

STORM_SHARE, CALM_SHARE = 0.6, 0.25
"""Of the minutes: how long the storm may last, and the calm after it."""
OFFERS_A_DAY = 24
SEATS = 3
"""On each departure: some of what is asked for is sold out."""
LEDGER, RECEIVED = "airline.sqlite3", "received"
DEATHS_FOR_EVERY_PHASE = 5
STARTED = time.monotonic()


def main() -> int:
    asked = _arguments()
    for ending in (signal.SIGTERM, signal.SIGALRM):
        signal.signal(ending, _give_up)
    logging.getLogger("mcp").setLevel(logging.CRITICAL)  # of servers that die under it, it has much to say
    signal.alarm(round(asked.minutes * 60))
    _say(f"seed {asked.seed}, {asked.bookings} bookings, {asked.kills} kills, {asked.database}")
    try:
        findings = _run(asked)
    except BenchBroke as broken:
        sys.stderr.write(f"{broken}\n")
        return 2
    return _report(findings, seed=asked.seed)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make chaos", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--bookings", type=int, default=1000)
    parser.add_argument("--kills", type=int, default=100, help="of web and worker processes")
    parser.add_argument("--restarts", type=int, default=4, help="of the database; SQLite has no server")
    parser.add_argument("--seed", default=uuid4().hex[:8], help="of everything that is drawn")
    parser.add_argument(
        "--minutes", type=float, default=10, help="the longest that it may take; a busy machine needs it"
    )
    parser.add_argument("--database", choices=("postgresql", "sqlite"), default="postgresql")
    return parser.parse_args()


def _run(asked: argparse.Namespace) -> list[Finding]:
    with tempfile.TemporaryDirectory(prefix="movmo-chaos-") as folder, _database(asked.database, folder) as cluster:
        var, airline_port, receiver_port = Path(folder), free_port(), free_port()
        url = cluster.url if cluster else f"sqlite:///{var / 'chaos.sqlite3'}"
        stage = prepared(
            var,
            url,
            DJANGO_SETTINGS_MODULE="tests.chaos.settings",
            MOVMO_WEBHOOKS_TO_LOOPBACK="true",
            MOVMO_APPROVALS_WAITING="1000000",
            MOVMO_APPROVALS_AN_HOUR="1000000",
            **{AIRLINE_PORT: str(airline_port)},
        )
        _say("preparing the offers")
        cast = Cast(**stage.step("tests.chaos.cast", asked.bookings, OFFERS_A_DAY, receiver_port))
        airline = ["tests.chaos.hostile_airline", str(airline_port), str(var / LEDGER), asked.seed, str(SEATS)]
        receiver = ["tests.chaos.receiver", str(receiver_port), str(var / RECEIVED), asked.seed]
        everybody = actors(var, airline=(airline_port, airline), receiver=(receiver_port, receiver))
        life = max(2, asked.bookings // max(2 * asked.kills, 1))
        troupe = Troupe(stage.environment, var, everybody, chance=random.Random(f"{asked.seed} deaths"), life=life)
        try:
            return _play(asked, stage, cast, troupe, cluster, var)
        finally:
            troupe.stop()


def _play(
    asked: argparse.Namespace, stage: Stage, cast: Cast, troupe: Troupe, cluster: Cluster | None, var: Path
) -> list[Finding]:
    _say("starting the troupe")
    troupe.start()
    chance = random.Random(asked.seed)
    callers, wanted = Callers(Line(cast, troupe.ports, chance)), trips(cast, chance=chance)
    storm = Storm(
        troupe=troupe,
        callers=callers,
        trips=wanted,
        kills=asked.kills,
        restarts=asked.restarts,
        cluster=cluster,
        chance=random.Random(f"{asked.seed} strikes"),
        say=_say,
        longest=asked.minutes * 60 * STORM_SHARE,
    )
    asyncio.run(storm.rage())
    _calm_down(stage, troupe, seconds=asked.minutes * 60 * CALM_SHARE)
    _say("every key once more over both doors")
    asyncio.run(_all_again(callers, wanted))
    _say("reading the books")
    found = _verdict(stage, var, wanted)
    return [*_of_the_run(asked, troupe, callers, cluster), *found]


def _calm_down(stage: Stage, troupe: Troupe, *, seconds: float) -> None:
    """The airline behaves, nobody dies, and what is open gets done."""
    troupe.pardon()
    calm = HTTPConnection("127.0.0.1", int(stage.environment[AIRLINE_PORT]), timeout=5)
    calm.request("POST", "/calm", "{}")
    calm.getresponse().read()
    calm.close()
    ends_at = time.monotonic() + seconds
    while (left := stage.step("tests.chaos.rest")) and time.monotonic() < ends_at:
        _say(f"calm: {left} to be done")
        time.sleep(3)


async def _all_again(callers: Callers, wanted: list[Trip]) -> None:
    slots = asyncio.Semaphore(8)

    async def again(trip: Trip) -> None:
        async with slots:
            await callers.hear_again(trip)

    await asyncio.gather(*map(again, wanted))


def _verdict(stage: Stage, var: Path, wanted: list[Trip]) -> list[Finding]:
    done = subprocess.run(
        [sys.executable, "-m", "tests.chaos.verdict", str(var / LEDGER), str(var / RECEIVED)],
        input=json.dumps([asdict(trip) for trip in wanted]),
        env=stage.environment,
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=STEP_SECONDS,
    )
    if done.returncode:
        raise BenchBroke(f"the verdict: {done.stderr[-2000:]}")
    told: list[dict[str, Any]] = json.loads(done.stdout)
    return [Finding(**one) for one in told]


def _of_the_run(asked: argparse.Namespace, troupe: Troupe, callers: Callers, cluster: Cluster | None) -> list[Finding]:
    """Whether there was a storm at all."""
    deaths = troupe.deaths
    phases = [phase for some in OF_ROLE.values() for phase in some]
    # A small storm cannot come to all of them.
    every = len(phases) if asked.kills >= DEATHS_FOR_EVERY_PHASE * len(phases) else None
    unmet = [phase for phase in phases if phase not in deaths]
    told = [
        Finding("web and worker processes killed", troupe.kills, at_least=asked.kills),
        Finding("named phases at which one died", len(phases) - len(unmet), [*unmet], at_least=every),
        *(Finding(f"deaths: {phase}", deaths[phase]) for phase in phases),
        *(Finding(f"kills of the {role}", troupe.killed[role]) for role in (AIRLINE, RECEIVER, BEAT, PERSON)),
        Finding("calls without an answer", callers.line.unanswered),
    ]
    if cluster is not None:
        told.append(Finding("restarts of the database", cluster.restarts, at_least=asked.restarts))
    return told


def _report(findings: list[Finding], *, seed: str) -> int:
    width = max(len(one.what) for one in findings)
    lines = [f"{one.what:<{width}}  {one.count:>6}  {one.bar:>6}  {one.verdict}".rstrip() for one in findings]
    lines += ["", *(f"{one.what}: {', '.join(one.culprits)}" for one in findings if one.culprits)]
    sys.stdout.write("\n" + "\n".join(lines) + "\n")
    _say(f"done, seed {seed}")
    return 1 if any(one.is_broken for one in findings) else 0


@contextmanager
def _database(kind: str, folder: str) -> Iterator[Cluster | None]:
    if kind == "sqlite":
        yield None
        return
    with postgresql_of_our_own() as cluster:
        yield cluster


def _give_up(number: int, _: object) -> NoReturn:
    """So that processes are stopped and folders removed on the way out."""
    raise BenchBroke(f"given up: {signal.Signals(number).name}")


def _say(line: str) -> None:
    sys.stdout.write(f"{time.monotonic() - STARTED:5.0f} s  {line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
