"""How fast a batch goes: as its plan lets it, and never so fast that its partner's own calls find nothing left."""

from movmo.kit.limiter.gcra import Outcome, Standing
from movmo.operations.limits import KEY, TRAVELER

SHARE = 2
"""A batch goes on while one part in so many of what is allowed at once is left for live calls."""


def rest_after(outcome: Outcome | None) -> float:
    """Seconds to rest after a line, by what its caller has left."""
    if outcome is None:
        return 0.0
    return max((_rest(one) for one in outcome.standings if one.name in (KEY, TRAVELER)), default=0.0)


def _rest(standing: Standing) -> float:
    missing = standing.quota / SHARE - standing.remaining
    return max(0.0, missing * standing.window / standing.quota)
