"""`make bench`: what a call costs, as ratios measured in one run, and what a storm of repeated keys makes.

    python -m tests.bench [--quick] [--only PART]

PostgreSQL from DATABASE_URL, else the local server; a database of its own is made there and dropped. Loopback only.
"""

from __future__ import annotations

import argparse
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Collection
from pathlib import Path
from typing import NoReturn

from tests.bench import (
    audit,
    batch,
    checkout,
    credentials,
    export,
    limits,
    listening,
    office,
    outbox,
    reads,
    reconciliation,
    resolution,
    rotation,
    stage,
    storm,
    throughput,
)
from tests.bench.records import Cast, Timing
from tests.bench.report import FULL, QUICK, Figure, Scale, table

Part = Callable[[stage.Stage, Scale], list[Figure]]
READ_BOOKINGS = 50
LONGEST_SECONDS = 1200
STARTED = time.monotonic()


def main() -> int:
    parser = argparse.ArgumentParser(prog="make bench", description="Measure against the baselines, in one run.")
    parser.add_argument("--quick", action="store_true", help="fewer and shorter rounds: noisy, for a first look")
    parser.add_argument("--only", choices=ON_POSTGRESQL, help="one part of it")
    asked = parser.parse_args()
    scale = QUICK if asked.quick else FULL
    for ending in (signal.SIGTERM, signal.SIGALRM):
        signal.signal(ending, _give_up)
    signal.alarm(LONGEST_SECONDS)
    try:
        figures = _measure(scale, [asked.only] if asked.only else ON_POSTGRESQL)
    except stage.BenchBroke as broken:
        sys.stderr.write(f"{broken}\n")
        return 2
    sys.stdout.write(f"\n{table(figures)}\n")
    return 0 if all(figure.passed for figure in figures) else 1


def _measure(scale: Scale, parts: Collection[str]) -> list[Figure]:
    figures: list[Figure] = []
    with tempfile.TemporaryDirectory(prefix="movmo-bench-") as folder:
        with stage.postgresql(Path(folder)) as postgresql:
            for part, measure in ON_POSTGRESQL.items():
                if part in parts:
                    _say(f"{part}, on PostgreSQL")
                    figures += measure(postgresql, scale)
        if ON_SQLITE.keys() & set(parts):
            with stage.sqlite(Path(folder)) as sqlite:
                for part in [one for one in ON_SQLITE if one in parts]:
                    _say(f"{part}, on SQLite")
                    figures += ON_SQLITE[part](sqlite, scale)
    return figures


def _reads(postgresql: stage.Stage, scale: Scale) -> list[Figure]:
    cast = Cast(**postgresql.step("tests.bench.cast", READ_BOOKINGS, 0))
    return reads.measure(postgresql, cast, scale, _say)


def _creation(postgresql: stage.Stage, scale: Scale) -> list[Figure]:
    timing = Timing(**postgresql.step("tests.bench.creation", scale.creations))
    _say(f"create_booking {timing.pipeline_ms:.1f} ms, its {timing.statements} statements {timing.sql_ms:.1f} ms")
    return [Figure("create_booking, whole pipeline", "its own SQL through psycopg", timing.ratio, at_most=5)]


ON_POSTGRESQL: dict[str, Part] = {
    "limits": lambda on, scale: limits.measure(on, scale, _say),
    "reads": _reads,
    "credentials": lambda on, scale: credentials.measure(on, scale, _say),
    "creation": _creation,
    "throughput": lambda on, scale: throughput.measure(on, scale, _say),
    "resolution": lambda on, scale: resolution.measure(on, scale, _say),
    # After the last that has workers: what it orders would go out to an address that is not ours.
    "outbox": lambda on, scale: outbox.measure(on, "PostgreSQL", scale, _say),
    "storm": lambda on, scale: storm.measure(on, "PostgreSQL", scale),
    "audit": lambda on, scale: audit.measure(on, "PostgreSQL", scale, _say),
    "batch": lambda on, scale: batch.measure(on, "PostgreSQL", scale, _say),
    "export": lambda on, scale: export.measure(on, "PostgreSQL", scale, _say),
    "listening": lambda on, scale: listening.measure(on, "PostgreSQL", scale, _say),
    "office": lambda on, scale: office.measure(on, "PostgreSQL", scale, _say),
    "checkout": lambda on, scale: checkout.measure(on, scale, _say),
    "reconciliation": lambda on, scale: reconciliation.measure(on, "PostgreSQL", scale, _say),
    # The last: nobody else knows the key that it makes.
    "rotation": lambda on, scale: rotation.measure(on, scale, _say),
}
ON_SQLITE: dict[str, Part] = {
    "outbox": lambda on, scale: outbox.measure(on, "SQLite", scale, _say),
    "storm": lambda on, scale: storm.measure(on, "SQLite", scale),
    "audit": lambda on, scale: audit.measure(on, "SQLite", scale, _say),
    "batch": lambda on, scale: batch.measure(on, "SQLite", scale, _say),
    "export": lambda on, scale: export.measure(on, "SQLite", scale, _say),
    "listening": lambda on, scale: listening.measure(on, "SQLite", scale, _say),
    "office": lambda on, scale: office.measure(on, "SQLite", scale, _say),
    "reconciliation": lambda on, scale: reconciliation.measure(on, "SQLite", scale, _say),
}


def _give_up(number: int, _: object) -> NoReturn:
    """So that servers are stopped and databases dropped on the way out."""
    raise stage.BenchBroke(f"given up: {signal.Signals(number).name}")


def _say(line: str) -> None:
    sys.stdout.write(f"{time.monotonic() - STARTED:5.0f} s  {line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
