"""Limits in the memory of one process."""

from collections import OrderedDict
from collections.abc import Callable, Sequence
from threading import Lock

from movmo.kit import clock
from movmo.kit.limiter.gcra import JITTER, SECOND, Allowance, Outcome, Quota

LOOKED_AT = 8


class MemoryStore:
    """At most `size` allowances and as many quotas. `now` tells microseconds since 1970.

    When it is full, a new one takes the place of one that is full again, or else of the one that was used least
    recently: an allowance is then too generous once, which is better than memory without a bound.
    """

    def __init__(self, *, size: int = 100_000, now: Callable[[], int] = clock.micros) -> None:
        self._size = size
        self._now = now
        self._lock = Lock()
        self._kept: OrderedDict[str, tuple[int, int, int]] = OrderedDict()  # level, at, when it is full again
        self._used: OrderedDict[str, tuple[int, int]] = OrderedDict()  # calls, until when they count

    def forget(self) -> None:
        """Everything is full again."""
        with self._lock:
            self._kept.clear()
            self._used.clear()

    def take(self, allowances: Sequence[Allowance], quota: Quota | None = None) -> Outcome:
        while True:
            with self._lock:
                now = self._now()
                counted = None if quota is None else self._used.get(quota.key)
                if quota is None or counted is not None:
                    return self._take(allowances, quota, counted[0] if counted else 0, now)
            # Asked outside the lock, for the answer is in a database; the first of two answers stands.
            used = quota.used()
            with self._lock:
                self._used.setdefault(quota.key, (used, quota.ends_at))
                self._drop_quotas(quota.key, self._now() // SECOND)

    def _take(self, allowances: Sequence[Allowance], quota: Quota | None, used: int, now: int) -> Outcome:
        levels: list[int] = []
        fits = True
        for allowance in allowances:
            kept = self._kept.get(allowance.key)
            level = 0
            if kept is not None:
                elapsed = now - kept[1]
                level = max(0, kept[0] - elapsed * allowance.rate) if elapsed > 0 else kept[0]
            levels.append(level)
            fits = fits and level + allowance.cost * allowance.unit <= allowance.burst * allowance.unit
        if fits and (quota is None or used < quota.limit):
            for allowance, level in zip(allowances, levels, strict=True):
                self._keep(allowance, level + allowance.cost * allowance.unit, now)
            if quota is not None:
                self._used[quota.key] = (used + 1, quota.ends_at)
        return Outcome(allowances, levels, quota, used, now)

    def _keep(self, allowance: Allowance, level: int, now: int) -> None:
        kept = self._kept.get(allowance.key)
        if kept is None:
            self._make_room(now)
        elif 0 < kept[1] - now <= JITTER:
            now = kept[1]
        self._kept[allowance.key] = (level, now, now + level // allowance.rate)
        self._kept.move_to_end(allowance.key)

    def _make_room(self, now: int) -> None:
        if len(self._kept) < self._size:
            return
        oldest = [key for key, _ in zip(self._kept, range(LOOKED_AT), strict=False)]
        full = [key for key in oldest if self._kept[key][2] <= now]
        for key in full or oldest[:1]:
            del self._kept[key]

    def _drop_quotas(self, kept: str, now: int) -> None:
        for key in [key for key, (_, ends_at) in self._used.items() if ends_at <= now and key != kept]:
            del self._used[key]
        while len(self._used) > self._size:
            self._used.popitem(last=False)
