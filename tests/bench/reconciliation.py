"""A statement against as many documents: from the file to classed rows, against the bare join in the same run."""

from __future__ import annotations

from collections.abc import Callable

from tests.bench.records import ReconciliationCosts
from tests.bench.report import Figure, Scale
from tests.bench.stage import Stage

MEGABYTE = 2**20


def measure(stage: Stage, database: str, scale: Scale, say: Callable[[str], None]) -> list[Figure]:
    costs = ReconciliationCosts(**stage.step("tests.bench.reconciliation_costs", scale.statement_lines))
    what = f"{costs.lines:,} × {costs.lines:,} lines, file to classes, {database}"
    say(f"reconciliation on {database}: {costs.seconds:.2f} s, bare {costs.bare:.2f} s")
    is_whole = costs.lines >= 1_000_000
    longest = 3.5 if costs.bare else 6
    figures = [
        Figure(what, "the clock", costs.seconds, unit=" s", at_most=longest if is_whole else None),
        Figure(f"worker grows by, {database}", "itself", costs.grown / MEGABYTE, at_most=64, unit=" MB"),
    ]
    if costs.bare:
        figures.append(Figure(what, "COPY and FULL JOIN alone", costs.ratio, at_most=1.3))
    return figures
