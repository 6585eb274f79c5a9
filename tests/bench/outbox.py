"""How many rows of the outbox one worker handles in a second: events, published for a webhook endpoint."""

from __future__ import annotations

from collections.abc import Callable

from tests.bench.records import OutboxCosts
from tests.bench.report import Figure, Scale
from tests.bench.stage import BenchBroke, Stage


def measure(stage: Stage, database: str, scale: Scale, say: Callable[[str], None]) -> list[Figure]:
    costs = OutboxCosts(**stage.step("tests.bench.outbox_costs", scale.events))
    if costs.left:
        raise BenchBroke(f"{costs.left} of {costs.written} rows were not handled")
    say(f"outbox on {database}: {costs.rate:.0f} rows/s, claimed and marked alone {costs.bare_rate:.0f} rows/s")
    what = f"events published, {database}"
    return [
        Figure(what, "one worker, one webhook endpoint", round(costs.rate), at_least=2_000, unit=" rows/s"),
        Figure(what, "rows claimed and marked alone", costs.rate / costs.bare_rate),
    ]
