"""A new encryption key, without a pause, on PostgreSQL."""

from __future__ import annotations

from collections.abc import Callable

from tests.bench.records import Rotation
from tests.bench.report import Figure, Scale
from tests.bench.stage import Stage


def measure(stage: Stage, scale: Scale, say: Callable[[str], None]) -> list[Figure]:
    done = Rotation(**stage.step("tests.bench.rotation_costs", scale.rows))
    say(f"{done.rows:,} rows encrypted anew in {done.seconds:.0f} s, {done.calls} reads and writes meanwhile")
    return [
        Figure("rows left under the old key", "none", done.left, at_most=0, unit=""),
        Figure("reads and writes that failed meanwhile", "none", done.failed, at_most=0, unit=""),
        Figure("reads and writes meanwhile", "none", done.calls, at_least=1, unit=""),
    ]
