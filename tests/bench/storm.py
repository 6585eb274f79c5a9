"""Many processes send the same keys through both doors to as many servers at once: each key may book once."""

from __future__ import annotations

import json
import subprocess
import sys
from contextlib import ExitStack
from dataclasses import asdict
from uuid import uuid4

from tests.bench.reads import MOVMO
from tests.bench.records import Cast, Errand, Ledger, Outcome
from tests.bench.report import Figure, Scale
from tests.bench.stage import ROOT, STEP_SECONDS, BenchBroke, Stage
from tests.bench.submitter import COME_AGAIN


def measure(stage: Stage, database: str, scale: Scale) -> list[Figure]:
    cast = Cast(**stage.step("tests.bench.cast", 0, scale.keys))
    keys = [str(uuid4()) for _ in cast.offers]
    before = Ledger(**stage.step("tests.bench.ledger"))
    with stage.servers(*[MOVMO] * scale.submitters) as ports:
        outcomes = _all_at_once(
            stage, [Errand(number, ports, asdict(cast), keys) for number in range(scale.submitters)]
        )
    made = Ledger(**stage.step("tests.bench.ledger")).since(before)
    return _figures(database, scale, keys, outcomes, made)


def _all_at_once(stage: Stage, errands: list[Errand]) -> list[Outcome]:
    command = [sys.executable, "-m", "tests.bench.submitter"]
    pipe = subprocess.PIPE
    with ExitStack() as stack:
        submitters = []
        for _ in errands:
            submitter = subprocess.Popen(command, env=stage.environment, cwd=ROOT, stdin=pipe, stdout=pipe, text=True)
            stack.callback(submitter.kill)
            submitters.append(submitter)
        for submitter, errand in zip(submitters, errands, strict=True):
            assert submitter.stdin is not None
            submitter.stdin.write(json.dumps(asdict(errand)))
            submitter.stdin.close()
        return [_outcome_of(submitter) for submitter in submitters]


def _outcome_of(submitter: subprocess.Popen[str]) -> Outcome:
    assert submitter.stdout is not None
    line = submitter.stdout.read()
    if submitter.wait(STEP_SECONDS):
        raise BenchBroke("a submitter broke; its message is above")
    return Outcome(**json.loads(line))


def _figures(database: str, scale: Scale, keys: list[str], outcomes: list[Outcome], made: Ledger) -> list[Figure]:
    told = {key: {outcome.bookings.get(key) for outcome in outcomes} for key in keys}
    agreed = {key for key, bookings in told.items() if len(bookings) == 1 and None not in bookings}
    bad = sum(count for outcome in outcomes for code, count in outcome.refusals.items() if code not in COME_AGAIN)
    storm = f"{scale.keys} keys × {scale.submitters} submissions, {database}"
    return [
        Figure("bookings made", storm, made.bookings, at_least=scale.keys, at_most=scale.keys, unit=""),
        Figure("orders at the airline", storm, made.orders, at_least=scale.keys, at_most=scale.keys, unit=""),
        Figure("keys with one answer", storm, len(agreed), at_least=scale.keys, at_most=scale.keys, unit=""),
        Figure("refusals other than “come again”", storm, bad, at_most=0, unit=""),
    ]
