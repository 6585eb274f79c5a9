"""Limits that go on without Redis: in this process's memory, with an alarm.

Refusing everybody because a counter is away would turn a small outage into a whole one; letting everybody through
would leave the providers behind us unprotected. In between each process holds to the limits on its own.
"""

import time
from collections.abc import Callable, Sequence
from threading import Lock

import structlog
from redis import RedisError

from movmo.kit.limiter.gcra import Allowance, Outcome, Quota, Store
from movmo.kit.limiter.memory import MemoryStore

log = structlog.get_logger()

# So many failures in a row are an outage. One is not: a busy machine is late now and then, and each time that the
# processes part ways they admit more than the plan. The call that met it is counted here.
FAILURES = 3
# In an outage nobody asks Redis for so long, then one call tries: calls are not slowed down one by one.
PAUSE_SECONDS = 2.0
ALARM_SECONDS = 60.0


class FailingOpen:
    """`shared` while it answers, else `own`, which begins anew at each outage: it does not know what happened between.

    `now` is a clock in seconds that never goes back.
    """

    def __init__(self, shared: Store, own: MemoryStore, *, now: Callable[[], float] = time.monotonic) -> None:
        self._shared = shared
        self._own = own
        self._now = now
        self._lock = Lock()
        self._failures = 0
        self._try_again_at: float | None = None
        self._alarm_at = 0.0

    def take(self, allowances: Sequence[Allowance], quota: Quota | None = None) -> Outcome:
        if not self._may_ask():
            return self._own.take(allowances, quota)
        try:
            outcome = self._shared.take(allowances, quota)
        except RedisError as failure:
            self._has_failed(failure)
            return self._own.take(allowances, quota)
        if self._failures:
            self._has_answered()
        return outcome

    def _may_ask(self) -> bool:
        if self._try_again_at is None:
            return True
        with self._lock:
            now = self._now()
            if self._try_again_at is not None and now < self._try_again_at:
                return False
            self._try_again_at = now + PAUSE_SECONDS  # the others go on waiting for what this call finds
            return True

    def _has_failed(self, failure: RedisError) -> None:
        with self._lock:
            self._failures += 1
            if self._failures < FAILURES:
                return
            now = self._now()
            is_news = self._try_again_at is None
            self._try_again_at = now + PAUSE_SECONDS
            if not is_news and now < self._alarm_at:
                return
            self._alarm_at = now + ALARM_SECONDS
        # Its words, not its traceback: they come once a minute, and the address in the settings may hold a password.
        log.error("limits.redis_away", failure=type(failure).__name__, said=str(failure)[:200])

    def _has_answered(self) -> None:
        with self._lock:
            was_away = self._try_again_at is not None
            self._failures, self._try_again_at = 0, None
            self._own.forget()
        if was_away:
            log.warning("limits.redis_back")
