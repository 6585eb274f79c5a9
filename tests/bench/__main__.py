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
from collections.abc import Collection
from pathlib import Path
from typing import NoReturn

from tests.bench import credentials, limits, reads, rotation, stage, storm
from tests.bench.records import Cast, Timing
from tests.bench.report import FULL, QUICK, Figure, Scale, table

PARTS = ("limits", "reads", "credentials", "creation", "storm", "rotation")
READ_BOOKINGS = 50
LONGEST_SECONDS = 900
STARTED = time.monotonic()


def main() -> int:
    parser = argparse.ArgumentParser(prog="make bench", description="Measure against the baselines, in one run.")
    parser.add_argument("--quick", action="store_true", help="fewer and shorter rounds: noisy, for a first look")
    parser.add_argument("--only", choices=PARTS, help="one part of it")
    asked = parser.parse_args()
    scale = QUICK if asked.quick else FULL
    for ending in (signal.SIGTERM, signal.SIGALRM):
        signal.signal(ending, _give_up)
    signal.alarm(LONGEST_SECONDS)
    try:
        figures = _measure(scale, [asked.only] if asked.only else PARTS)
    except stage.BenchBroke as broken:
        sys.stderr.write(f"{broken}\n")
        return 2
    sys.stdout.write(f"\n{table(figures)}\n")
    return 0 if all(figure.passed for figure in figures) else 1


def _measure(scale: Scale, parts: Collection[str]) -> list[Figure]:
    figures: list[Figure] = []
    with tempfile.TemporaryDirectory(prefix="movmo-bench-") as folder:
        with stage.postgresql(Path(folder)) as postgresql:
            if "limits" in parts:
                figures += limits.measure(postgresql, scale, _say)
            if "reads" in parts:
                _say("reads: preparing")
                cast = Cast(**postgresql.step("tests.bench.cast", READ_BOOKINGS, 0))
                figures += reads.measure(postgresql, cast, scale, _say)
            if "credentials" in parts:
                _say("the token check and the token endpoint")
                figures += credentials.measure(postgresql, scale, _say)
            if "creation" in parts:
                _say("create_booking and its own SQL, in turns")
                figures.append(_creation(postgresql, scale))
            if "storm" in parts:
                _say("a storm of repeated keys on PostgreSQL")
                figures += storm.measure(postgresql, "PostgreSQL", scale)
            if "rotation" in parts:  # the last here: nobody else knows the key that it makes
                _say("a new encryption key")
                figures += rotation.measure(postgresql, scale, _say)
        if "storm" in parts:
            with stage.sqlite(Path(folder)) as sqlite:
                _say("a storm of repeated keys on SQLite")
                figures += storm.measure(sqlite, "SQLite", scale)
    return figures


def _creation(postgresql: stage.Stage, scale: Scale) -> Figure:
    timing = Timing(**postgresql.step("tests.bench.creation", scale.creations))
    _say(f"create_booking {timing.pipeline_ms:.1f} ms, its {timing.statements} statements {timing.sql_ms:.1f} ms")
    return Figure("create_booking, whole pipeline", "its own SQL through psycopg", timing.ratio, at_most=5)


def _give_up(number: int, _: object) -> NoReturn:
    """So that servers are stopped and databases dropped on the way out."""
    raise stage.BenchBroke(f"given up: {signal.Signals(number).name}")


def _say(line: str) -> None:
    sys.stdout.write(f"{time.monotonic() - STARTED:5.0f} s  {line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
