"""The token check and the token endpoint, on PostgreSQL."""

from __future__ import annotations

from collections.abc import Callable

from tests.bench.records import CredentialCosts
from tests.bench.report import Figure, Scale
from tests.bench.stage import Stage


def measure(stage: Stage, scale: Scale, say: Callable[[str], None]) -> list[Figure]:
    costs = CredentialCosts(**stage.step("tests.bench.credential_costs", 40 * scale.creations, scale.creations))
    say(
        f"token check {costs.check_ms:.3f} ms, signature and statement alone {costs.bare_ms:.3f} ms, "
        f"token endpoint {costs.refresh_ms:.1f} ms"
    )
    ratio = costs.check_ms / costs.bare_ms
    return [
        Figure("token check", "its signature and statement alone", ratio, at_most=3),
        Figure("token check", "the clock", costs.check_ms, at_most=0.6, unit=" ms"),
        Figure("statements for a garbage token", "none", costs.garbage_queries, at_least=0, at_most=0, unit=""),
        Figure("token endpoint with a client secret", "the clock", costs.refresh_ms, at_most=20, unit=" ms"),
    ]
