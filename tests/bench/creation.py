"""create_booking inside this process, against its own SQL through psycopg alone.

    python -m tests.bench.creation <count>      prints a JSON `Timing`

One booking is made with every statement recorded, and where transactions begin and end. Then the pipeline and the
recording take turns: the recording is replayed with fresh ids on fresh offers, and each of its statements must touch as
many rows as it did the first time.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict
from functools import partial
from statistics import median
from typing import Any
from uuid import uuid4

from tests.bench import django_ready  # noqa: F401  (before anything that needs Django)

# isort: split
from movmo.operations import registry
from movmo.operations.dispatch import dispatch
from tests.bench.cast import Traveler
from tests.bench.recording import Replay, record
from tests.bench.records import Timing

BATCH = 20


def main(count: int) -> None:
    ana = Traveler()
    offers = iter(ana.offers(2 * (count + BATCH) + BATCH + 1))
    for offer in _some(offers):  # the airline opens the books of a flight with its first order
        create(ana, offer)
    first = next(offers)
    recording = record(partial(create, ana, first))
    batches: list[tuple[float, float]] = []
    with Replay(recording, of=first["offer_id"]) as replay:
        for _ in range(count // BATCH + 1):
            ours = _timed([partial(create, ana, offer) for offer in _some(offers)])
            bare = _timed([replay.prepared(offer["offer_id"]) for offer in _some(offers)])
            batches.append((ours, bare))
    del batches[0]  # the warm-up
    timing = Timing(
        ratio=median(ours / bare for ours, bare in batches),
        statements=len(recording.statements),
        pipeline_ms=median(ours for ours, _ in batches) * 1000,
        sql_ms=median(bare for _, bare in batches) * 1000,
    )
    sys.stdout.write(json.dumps(asdict(timing)) + "\n")


def create(ana: Traveler, offer: dict[str, Any]) -> None:
    operation = registry.get("create_booking")
    assert operation is not None
    dispatch(operation, ana.caller, offer, str(uuid4()))


def _some(offers: Iterator[dict[str, Any]]) -> list[dict[str, Any]]:
    return [next(offers) for _ in range(BATCH)]


def _timed(calls: list[Callable[[], None]]) -> float:
    """Seconds for one of the calls, on average."""
    started = time.perf_counter()
    for call in calls:
        call()
    return (time.perf_counter() - started) / len(calls)


if __name__ == "__main__":
    main(int(sys.argv[1]))
