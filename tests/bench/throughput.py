"""Bookings a second over REST with four servers, against the very same SQL by four processes that do nothing else."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import ExitStack
from statistics import median
from subprocess import Popen
from uuid import uuid4

from tests.bench import calls
from tests.bench.reads import MOVMO, run_load
from tests.bench.records import Cast, Count, Run, Stretch
from tests.bench.report import Figure, Scale
from tests.bench.stage import BenchBroke, Stage

PROCESSES = 4
LONGEST_SECONDS = 120
TICKETED = '"status":"ticketed"'


def measure(stage: Stage, scale: Scale, say: Callable[[str], None]) -> list[Figure]:
    each = scale.keys // PROCESSES
    rounds = scale.booking_rounds
    cast = Cast(**stage.step("tests.bench.cast", 0, (rounds + 1) * each * PROCESSES))
    requests = iter([_booking(cast, number) for number in range(len(cast.offers))])
    with ExitStack() as stack:
        bare = [
            stack.enter_context(stage.process("tests.bench.throughput_sql", rounds, each)) for _ in range(PROCESSES)
        ]
        for process in bare:
            _hear(process)
        ports = stack.enter_context(stage.servers(*[MOVMO] * PROCESSES))
        generator = stack.enter_context(stage.process("tests.bench.load"))

        def ours() -> Count:
            some = [next(requests) for _ in range(each * PROCESSES)]
            run = Run(ports, some, TICKETED, LONGEST_SECONDS, scale.connections, is_once=True)
            return run_load(generator, run, name="throughput")

        ours()  # the warm-up
        ratios = []
        for number in range(rounds):
            booked, rate = ours(), _all_at_once(bare)
            ratios.append(rate / booked.rate)
            say(
                f"bookings, round {number + 1} of {rounds}: {booked.rate:.0f}/s over REST with p50 {booked.p50_ms:.0f} "
                f"and p99 {booked.p99_ms:.0f} ms at {scale.connections} connections, its SQL alone {rate:.0f}/s"
            )
    what = f"bookings over REST, {PROCESSES} servers"
    return [Figure(what, f"its own SQL by {PROCESSES} processes", median(ratios), at_most=4)]


def _booking(cast: Cast, number: int) -> str:
    offer = cast.offers[number]
    path = f"/v1/flights/providers/{offer['provider']}/bookings"
    body = {name: value for name, value in offer.items() if name != "provider"}
    return calls.rest(cast, "POST", path, body, str(uuid4()))


def _all_at_once(processes: list[Popen[str]]) -> float:
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    stretches = [Stretch(**json.loads(_hear(process))) for process in processes]
    seconds = max(one.until for one in stretches) - min(one.since for one in stretches)
    return sum(one.bookings for one in stretches) / seconds


def _hear(process: Popen[str]) -> str:
    assert process.stdout is not None
    line = process.stdout.readline()
    if not line:
        raise BenchBroke("a process of bare SQL broke; its message is above")
    return line
