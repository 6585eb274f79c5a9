"""A statement against as many documents: from the file to classed rows, against the bare join in the same run."""

from __future__ import annotations

from collections.abc import Callable

from tests.bench.records import ReconciliationCosts
from tests.bench.report import Figure, Scale
from tests.bench.stage import Stage

MEGABYTE = 2**20
SECONDS = {"PostgreSQL": 3.5, "SQLite": 6}


def measure(stage: Stage, database: str, scale: Scale, say: Callable[[str], None]) -> list[Figure]:
    costs = ReconciliationCosts(**stage.step("tests.bench.reconciliation_costs", scale.statement_lines))
    what = f"{costs.lines:,} × {costs.lines:,} lines, file to classes, {database}"
    say(f"{database}: {costs.seconds:.2f} s; bare {costs.kept:.2f} s, with nothing kept {costs.counted:.2f} s")
    longest = SECONDS[database] if costs.lines >= 1_000_000 else None
    return [
        Figure(what, "the clock", costs.seconds, unit=" s", at_most=longest),
        Figure(what, "bare load and FULL JOIN, rows kept", costs.ratio, at_most=1.3),
        Figure(what, "the same, rows counted only", costs.seconds / costs.counted),
        Figure(f"worker grows by, {database}", "itself", costs.grown / MEGABYTE, at_most=64, unit=" MB"),
    ]
