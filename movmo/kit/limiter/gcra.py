"""GCRA over several allowances at once, beside a quota: a call is admitted by all of them or spends none.

The algorithm is the continuous-state leaky bucket of ITU-T I.371, annex A: a call raises its bucket's level by its
cost, time lowers it, and a call that would raise the level above the burst is refused. It admits exactly the rate over
time and never more than the burst at once.

Everything is whole numbers, so that the memory of a process and a Lua script come to the same answer bit for bit: a
level counts `unit`s of a millionth of a call's cost for each second of the allowance's period, and time is in
microseconds. A lowering of `rate` each microsecond is then exact for any rate.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple, Protocol

SECOND = 1_000_000
# A clock that is set back by more than this is believed; by less, two threads have read it in another order.
JITTER = 1_000_000


class Allowance(NamedTuple):
    """`rate` for every `period` seconds on average, `burst` at once; this call takes `cost` of it, at most the burst.

    `key` says whose it is, `name` is what callers know it by.
    """

    name: str
    key: str
    rate: int
    burst: int
    cost: int = 1
    period: int = 1

    @property
    def unit(self) -> int:
        """What one of its cost counts in a level."""
        return self.period * SECOND


class Quota(NamedTuple):
    """At most `limit` calls until `ends_at` (seconds since 1970), one each, whatever they cost.

    `used` is asked how many there have been, once, where the store does not know.
    """

    name: str
    key: str
    limit: int
    starts_at: int
    ends_at: int
    used: Callable[[], int]


class Standing(NamedTuple):
    """How an allowance stands after a call: of `quota` in `window` seconds `remaining` are left.

    `more_in` is the number of seconds until there is more of it, or enough for the call that it refused.
    """

    name: str
    quota: int
    window: int
    remaining: int
    more_in: int
    refused: bool


class Outcome(NamedTuple):
    """What a store found: the levels and the quota's count before this call, at `now` (microseconds since 1970)."""

    allowances: Sequence[Allowance]
    levels: Sequence[int]
    quota: Quota | None
    used: int
    now: int

    @property
    def admitted(self) -> bool:
        """The rule itself. Stores spend by it; the script of Redis says the same in Lua."""
        return not self.quota_is_used_up and all(
            _excess(allowance, level) <= 0 for allowance, level in zip(self.allowances, self.levels, strict=True)
        )

    @property
    def quota_is_used_up(self) -> bool:
        return self.quota is not None and self.used >= self.quota.limit

    @property
    def quota_ends_in(self) -> int:
        """Seconds until the quota begins anew, at least one."""
        return 1 if self.quota is None else max(1, self.quota.ends_at - self.now // SECOND)

    @property
    def refusing(self) -> tuple[Allowance, int] | None:
        """The allowance that a refused call has to wait longest for, and for how many seconds."""
        waits = [
            (allowance, max(1, _seconds(allowance, excess)))
            for allowance, level in zip(self.allowances, self.levels, strict=True)
            if (excess := _excess(allowance, level)) > 0
        ]
        return max(waits, key=lambda wait: wait[1], default=None)

    @property
    def standings(self) -> tuple[Standing, ...]:
        """Each allowance and the quota, after this call."""
        admitted = self.admitted
        found = [
            _standing(allowance, level, admitted) for allowance, level in zip(self.allowances, self.levels, strict=True)
        ]
        if self.quota is not None:
            name, _, limit, starts_at, ends_at, _ = self.quota
            left = max(0, limit - self.used - admitted)
            found.append(Standing(name, limit, ends_at - starts_at, left, self.quota_ends_in, self.quota_is_used_up))
        return tuple(found)


def _excess(allowance: Allowance, level: int) -> int:
    """By how much the call would raise the level above the burst."""
    return level + (allowance.cost - allowance.burst) * allowance.unit


def _seconds(allowance: Allowance, lowering: int) -> int:
    """Until time has lowered the level by so much."""
    return -(-lowering // (allowance.rate * SECOND))


def _standing(allowance: Allowance, level: int, admitted: bool) -> Standing:
    unit = allowance.unit
    refused = (excess := _excess(allowance, level)) > 0
    if admitted:
        level += allowance.cost * unit
    missing = excess if refused else level % unit or min(level, unit)
    window = max(1, -(-allowance.burst * allowance.period // allowance.rate))
    remaining = max(0, allowance.burst - -(-level // unit))
    return Standing(allowance.name, allowance.burst, window, remaining, _seconds(allowance, missing), refused)


class Store(Protocol):
    """Where levels and counts are kept."""

    def take(self, allowances: Sequence[Allowance], quota: Quota | None = None) -> Outcome:
        """Spend of all of them, or of none, in one step that no other call comes between.

        Rates and bursts are at least 1. What is not spent from for long enough to be full again is forgotten.
        """
