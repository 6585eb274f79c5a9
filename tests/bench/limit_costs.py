"""One limit check in memory, and one on Redis against a bare PING, in turns.

python -m tests.bench.limit_costs <checks> <redis url or nothing>      prints a JSON `LimitCosts`
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from dataclasses import asdict
from statistics import median
from uuid import uuid4

from redis import Redis

from movmo.kit.limiter.gcra import Allowance, Quota
from movmo.kit.limiter.memory import MemoryStore
from movmo.kit.limiter.on_redis import RedisStore
from tests.bench.records import LimitCosts

BATCHES = 20
WATCHED = 100


def main(checks: int, url: str) -> None:
    subject = uuid4()

    def allowances() -> list[Allowance]:
        """Made anew each time, as for a call."""
        return [
            Allowance("key", f"key:{subject}", 1_000_000, 1_000_000),
            Allowance("traveler", f"user:{subject}", 1_000_000, 1_000_000),
        ]

    memory = MemoryStore()
    # By the processor's time: nothing is waited for, and what else runs on the machine is nothing of its own.
    memory_us = median(
        _timed(lambda: memory.take(allowances()).admitted, checks, time.process_time) for _ in range(BATCHES)
    )
    costs = LimitCosts(memory_us=memory_us, redis_us=0, ping_us=1, commands=0)
    if url:
        ends_at = int(time.time()) + 600
        quota = Quota("month", f"month:{subject}", 1_000_000_000, ends_at - 600, ends_at, lambda: 0)
        costs = _on_redis(url, checks // 20, lambda store: store.take(allowances(), quota).admitted, costs)
    sys.stdout.write(json.dumps(asdict(costs)) + "\n")


def _on_redis(url: str, checks: int, check: Callable[[RedisStore], bool], costs: LimitCosts) -> LimitCosts:
    prefix = f"movmo:bench:{uuid4()}:"
    store = RedisStore(url, prefix=prefix)
    pairs = []
    with Redis.from_url(url) as redis:
        check(store)
        commands = _commands(redis, prefix, lambda: check(store))
        for _ in range(BATCHES):
            pairs.append((_timed(lambda: check(store), checks), _timed(redis.ping, checks)))
        for key in redis.scan_iter(prefix + "*"):
            redis.delete(key)
    return LimitCosts(costs.memory_us, median(pair[0] for pair in pairs), median(pair[1] for pair in pairs), commands)


def _commands(redis: Redis, prefix: str, check: Callable[[], object]) -> float:
    """How many commands one check sends, as Redis saw them."""
    with redis.monitor() as monitor:  # type: ignore[no-untyped-call]
        for _ in range(WATCHED):
            check()
        redis.publish(prefix, "end")
        seen = 0
        for said in monitor.listen():
            if prefix not in said["command"] or said["client_type"] == "lua":
                continue
            if said["command"].startswith("PUBLISH"):
                return seen / WATCHED
            seen += 1
    return 0


def _timed(call: Callable[[], object], count: int, clock: Callable[[], float] = time.perf_counter) -> float:
    """Microseconds for one call, on average."""
    started = clock()
    for _ in range(count):
        call()
    return (clock() - started) / count * 1_000_000


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2] if len(sys.argv) > 2 else "")
