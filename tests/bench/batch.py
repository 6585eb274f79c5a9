"""How fast workers run a batch: half of its lines write, half of them read."""

from __future__ import annotations

from collections.abc import Callable

from tests.bench.records import BatchCosts
from tests.bench.report import Figure, Scale
from tests.bench.stage import BenchBroke, Stage


def measure(stage: Stage, database: str, scale: Scale, say: Callable[[str], None]) -> list[Figure]:
    costs = BatchCosts(**stage.step("tests.bench.batch_costs", scale.batch_lines))
    if costs.done != costs.lines or costs.written != costs.lines // 2:
        raise BenchBroke(f"of {costs.lines} lines {costs.done} were done, and {costs.written} wrote")
    say(
        f"batch on {database}: {costs.lines} lines looked through and accepted in {costs.accepting:.1f} s, "
        f"run in {costs.running:.1f} s"
    )
    rate, bare = costs.lines / costs.running, costs.lines / costs.bare
    return [
        Figure(f"lines of a batch, {database}", "the clock", round(rate), at_least=200, unit=" lines/s"),
        Figure(f"lines of a batch, {database}", "the same calls dispatched alone", rate / bare),
        Figure(
            f"the processor's time of a line, {database}",
            "the same call dispatched alone",
            costs.processor / costs.bare_processor,
            at_most=1.5,
        ),
        Figure(f"a batch accepted, {database}", "the clock", costs.accepting, unit=" s"),
    ]
