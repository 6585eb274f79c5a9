"""How long an unknown booking stays unknown once its airline can be asked again, with a real worker and its clock.

The outage lasts until the pauses between two look-ups have grown to their longest: no moment of its end is worse.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

from tests.bench.outage.apps import OVER
from tests.bench.report import Figure, Scale
from tests.bench.stage import BenchBroke, Stage

UNKNOWN = 20
PATIENCE_SECONDS = 90
CELERY = ("celery", "-A", "movmo")


def measure(stage: Stage, scale: Scale, say: Callable[[str], None]) -> list[Figure]:
    over = Path(stage.environment["MOVMO_VAR"]) / "outage-over"
    named = {"DJANGO_SETTINGS_MODULE": "tests.bench.outage.settings", OVER: str(over)}
    deaf = replace(stage, environment={**stage.environment, **named})
    made = deaf.step("tests.bench.outage.unknown", UNKNOWN)
    if made != UNKNOWN:
        raise BenchBroke(f"{made} of {UNKNOWN} bookings are unknown")
    with ExitStack() as stack:
        stack.enter_context(deaf.background(*CELERY, "worker", "--pool", "threads", "--loglevel", "warning"))
        stack.enter_context(deaf.background(*CELERY, "beat", "--loglevel", "warning"))
        say(f"an outage of {scale.outage_seconds:g} s over {UNKNOWN} unknown bookings")
        time.sleep(scale.outage_seconds)
        over.touch()
        ended_at = time.time()
        last = deaf.step("tests.bench.outage.decided", PATIENCE_SECONDS)
    seconds = PATIENCE_SECONDS if last is None else last - ended_at
    what = f"the last of {UNKNOWN} unknown bookings decided"
    return [Figure(what, "the end of its airline's outage", seconds, at_most=30, unit=" s")]
