"""How fast the audit trail is read again and found to be whole: `manage.py audit_verify` over many lines."""

from __future__ import annotations

from collections.abc import Callable

from tests.bench.records import AuditCosts
from tests.bench.report import Figure, Scale
from tests.bench.stage import BenchBroke, Stage


def measure(stage: Stage, database: str, scale: Scale, say: Callable[[str], None]) -> list[Figure]:
    costs = AuditCosts(**stage.step("tests.bench.audit_costs", scale.audit_lines))
    if costs.problems or costs.lines < scale.audit_lines:
        raise BenchBroke(f"{costs.lines} audit lines were verified, with {costs.problems}")
    say(f"audit on {database}: {costs.lines} lines verified, {costs.rate:.0f} a second")
    what = f"audit lines verified, {database}"
    return [Figure(what, "the clock", round(costs.rate), at_least=100_000, unit=" rows/s")]
