"""The limiter by itself: exact over time, all or nothing, the same in memory and on Redis, and bounded."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Thread
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st
from redis import Redis, RedisError

from movmo.kit.limiter.gcra import SECOND, Allowance, Outcome, Quota, Store
from movmo.kit.limiter.memory import MemoryStore
from movmo.kit.limiter.on_redis import RedisStore
from tests.redis_server import URL, needs_redis

NEW_YEAR = 1_798_761_600 * SECOND


class Time:
    """Microseconds that pass when they are told to."""

    def __init__(self, at: int = NEW_YEAR) -> None:
        self.at = at

    def __call__(self) -> int:
        return self.at

    def passes(self, seconds: float) -> None:
        self.at += round(seconds * SECOND)


@contextmanager
def on_redis(time: Callable[[], int] | None) -> Iterator[RedisStore]:
    """A store with keys of its own, which are gone afterwards."""
    prefix = f"movmo:test:{uuid4()}:"
    yield RedisStore(URL, prefix=prefix, now=time)
    with Redis.from_url(URL) as redis:
        for key in redis.scan_iter(prefix + "*"):
            redis.delete(key)


@pytest.fixture
def time() -> Time:
    return Time()


@pytest.fixture(params=["memory", pytest.param("redis", marks=needs_redis)])
def store(request: pytest.FixtureRequest, time: Time) -> Iterator[Store]:
    if request.param == "memory":
        yield MemoryStore(now=time)
    else:
        with on_redis(time) as made:
            yield made


def key(burst: int = 10, *, rate: int = 1, cost: int = 1, name: str = "key") -> Allowance:
    """By the hour, so that no key of the test ends in Redis before the test does."""
    return Allowance(name, f"{name}:1", rate, burst, cost, period=3600)


def month(limit: int, used: Callable[[], int] = lambda: 0) -> Quota:
    starts_at = NEW_YEAR // SECOND
    return Quota("month", "month:1", limit, starts_at, starts_at + 31 * 86_400, used)


def admitted(store: Store, *allowances: Allowance, quota: Quota | None = None, tries: int = 30) -> int:
    return sum(store.take(allowances, quota).admitted for _ in range(tries))


def test_the_burst_is_admitted_at_once_and_no_more(store: Store) -> None:
    assert admitted(store, key(7)) == 7


def test_time_gives_the_rate_back(store: Store, time: Time) -> None:
    admitted(store, key(7))
    time.passes(3600 * 3)
    assert admitted(store, key(7)) == 3
    time.passes(3600 * 100)
    assert admitted(store, key(7)) == 7


def test_a_third_of_a_second_adds_up(time: Time) -> None:
    """Three calls a second is no whole number of microseconds, and no call may be lost over that."""
    store = MemoryStore(now=time)
    three = Allowance("key", "key:1", 3, 3)
    assert admitted(store, three) == 3
    time.passes(1)
    assert admitted(store, three) == 3


def test_a_dear_call_takes_its_cost(store: Store) -> None:
    assert admitted(store, key(10, cost=4)) == 2
    assert admitted(store, key(10)) == 2


def test_what_one_allowance_refuses_spends_nothing_of_the_others(store: Store) -> None:
    wide, narrow = key(20, name="wide"), key(3, name="narrow")
    assert admitted(store, wide, narrow, quota=month(50)) == 3
    assert admitted(store, wide) == 17
    assert store.take([], month(50)).used == 3


def test_what_the_quota_refuses_spends_nothing_of_the_allowances(store: Store) -> None:
    assert admitted(store, key(10, cost=2), quota=month(4)) == 4
    assert admitted(store, key(10)) == 2


def test_a_quota_counts_calls_and_not_cost(store: Store) -> None:
    assert admitted(store, key(1_000, cost=10), quota=month(6)) == 6


def test_a_quota_that_the_store_does_not_know_is_asked_for_once(store: Store) -> None:
    asked: list[int] = []

    def used() -> int:
        asked.append(1)
        return 40

    assert admitted(store, quota=month(43, used)) == 3
    assert asked == [1]


def test_another_month_begins_anew(store: Store) -> None:
    assert admitted(store, quota=month(3)) == 3
    assert admitted(store, quota=month(3)._replace(key="month:2")) == 3


def test_a_refusal_tells_how_long_to_wait(store: Store, time: Time) -> None:
    admitted(store, key(10, rate=2))
    refused = store.take([key(10, rate=2, cost=3)])
    assert refused.refusing == (key(10, rate=2, cost=3), 5400)
    time.passes(5399)
    assert not store.take([key(10, rate=2, cost=3)]).admitted
    time.passes(1)
    assert store.take([key(10, rate=2, cost=3)]).admitted


def test_the_longest_wait_is_told(store: Store) -> None:
    slow, fast = key(1, name="slow"), key(1, rate=60, name="fast")
    store.take([slow, fast])
    assert store.take([fast, slow]).refusing == (slow, 3600)


def test_what_is_left_is_told(store: Store) -> None:
    told = store.take([key(10, cost=3)], month(5)).standings
    assert [(one.name, one.quota, one.remaining, one.refused) for one in told] == [
        ("key", 10, 7, False),
        ("month", 5, 4, False),
    ]
    assert [one.window for one in told] == [36_000, 31 * 86_400]
    assert [one.more_in for one in told] == [3600, 31 * 86_400]


def test_what_refused_is_told(store: Store) -> None:
    admitted(store, key(2, name="narrow"))
    told = store.take([key(10, name="wide"), key(2, name="narrow")], month(5)).standings
    assert [(one.name, one.remaining, one.refused) for one in told] == [
        ("wide", 10, False),
        ("narrow", 0, True),
        ("month", 5, False),
    ]


def test_a_clock_that_steps_back_a_little_gives_nothing_away(store: Store, time: Time) -> None:
    admitted(store, key(5))
    time.passes(-0.5)
    assert admitted(store, key(5)) == 0
    time.passes(0.5)
    assert admitted(store, key(5)) == 0


def test_what_is_spent_while_a_clock_is_a_little_behind_is_spent(store: Store, time: Time) -> None:
    assert admitted(store, key(5, rate=3600), tries=2) == 2
    time.passes(-0.9)
    assert admitted(store, key(5, rate=3600), tries=2) == 2
    time.passes(0.9)
    assert admitted(store, key(5, rate=3600)) == 1


def test_a_clock_that_is_set_back_does_not_close_an_allowance_for_so_long(store: Store, time: Time) -> None:
    assert admitted(store, key(5), tries=2) == 2
    time.passes(-86_400 * 365)
    assert admitted(store, key(5)) == 3
    time.passes(3600)
    assert admitted(store, key(5)) == 1


Steps = list[tuple[int, int]]
steps = st.lists(st.tuples(st.integers(0, 4_000 * SECOND), st.integers(1, 4)), min_size=1, max_size=40)


def played(store: Store, time: Time, steps: Steps, rate: int, burst: int) -> list[tuple[int, int]]:
    """When what was admitted, in microseconds and cost."""
    found = []
    for pause, cost in steps:
        time.at += pause
        if store.take([key(burst, rate=rate, cost=min(cost, burst))]).admitted:
            found.append((time.at, min(cost, burst)))
    return found


@given(steps=steps, rate=st.integers(1, 50), burst=st.integers(1, 12))
def test_no_window_admits_more_than_the_burst_and_the_rate(steps: Steps, rate: int, burst: int) -> None:
    time = Time()
    found = played(MemoryStore(now=time), time, steps, rate, burst)
    for first, (since, _) in enumerate(found):
        spent = 0
        for until, cost in found[first:]:
            spent += cost
            assert spent * 3600 * SECOND <= burst * 3600 * SECOND + rate * (until - since)


@needs_redis
@given(steps=steps, rate=st.integers(1, 50), burst=st.integers(1, 12), limit=st.integers(0, 30))
def test_memory_and_redis_come_to_the_same(steps: Steps, rate: int, burst: int, limit: int) -> None:
    time = Time()

    def told(store: Store) -> list[tuple[bool, list[int], int]]:
        time.at = NEW_YEAR
        found: list[Outcome] = []
        for pause, cost in steps:
            time.at += pause
            pair = [key(burst, rate=rate, cost=min(cost, burst)), key(30, name="traveler", cost=cost)]
            found.append(store.take(pair, month(limit)))
        return [(one.admitted, list(one.levels), one.used) for one in found]

    with on_redis(time) as redis:
        assert told(redis) == told(MemoryStore(now=time))


def test_memory_is_bounded_and_forgets_what_is_full_again_first(time: Time) -> None:
    store = MemoryStore(size=3, now=time)
    spent = Allowance("key", "spent", 1, 5, 5, period=3600)
    store.take([spent])
    for number in range(10):
        time.passes(1)
        store.take([Allowance("key", f"passing:{number}", 10, 10)])
    assert not store.take([spent]).admitted
    assert len(store._kept) == 3


def test_memory_is_bounded_where_nothing_is_full_again(time: Time) -> None:
    store = MemoryStore(size=3, now=time)
    for number in range(10):
        store.take([Allowance("key", f"spent:{number}", 1, 5, 5, period=3600)])
    assert len(store._kept) == 3
    assert not store.take([Allowance("key", "spent:9", 1, 5, 5, period=3600)]).admitted


def test_quotas_of_past_months_are_forgotten(time: Time) -> None:
    store = MemoryStore(size=2, now=time)
    store.take([], month(5))
    time.passes(32 * 86_400)
    next_month = month(5)._replace(key="month:2", ends_at=month(5).ends_at + 28 * 86_400)
    store.take([], next_month)
    assert list(store._used) == ["month:2"]
    for number in range(5):
        store.take([], next_month._replace(key=f"other:{number}"))
    assert len(store._used) == 2


def test_threads_share_one_memory() -> None:
    store = MemoryStore(now=Time())
    counts: list[int] = []
    threads = [Thread(target=lambda: counts.append(admitted(store, key(500), tries=100))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(counts) == 500


@needs_redis
def test_processes_share_one_redis_by_its_own_clock() -> None:
    with on_redis(None) as one:
        other = RedisStore(URL, prefix=one._prefix)
        assert admitted(one, key(10), tries=4) + admitted(other, key(10)) == 10


@needs_redis
def test_a_call_is_one_command(time: Time) -> None:
    with on_redis(time) as store, Redis.from_url(URL) as redis:
        pair = [key(10), key(10, name="traveler")]
        store.take(pair, month(10))
        with redis.monitor() as monitor:
            store.take(pair, month(10))
            redis.publish(store._prefix, "end")
            seen = []
            for said in monitor.listen():
                if "PUBLISH" in said["command"] and store._prefix in said["command"]:
                    break
                if store._prefix in said["command"] and said["client_type"] != "lua":
                    seen.append(said["command"].split()[0])
    assert seen == ["EVALSHA"]


@needs_redis
def test_redis_asks_for_a_quota_again_when_its_count_has_ended(time: Time) -> None:
    """What was admitted while Redis was away is in the usage book, and comes into the count in this way."""
    book = [40, 42]
    with on_redis(time) as store, Redis.from_url(URL) as redis:
        quota = month(43, lambda: book.pop(0))
        assert store.take([], quota).used == 40
        redis.delete(f"{store._prefix}month:1")
        assert store.take([], quota).used == 42
        assert not store.take([], quota).admitted


@needs_redis
def test_a_redis_that_keeps_nothing_is_an_error(time: Time) -> None:
    class Forgetful(RedisStore):
        def _seed(self, key: str, quota: Quota) -> None:
            """It is gone before it is read."""

    with pytest.raises(RedisError):
        Forgetful(URL, prefix=f"movmo:test:{uuid4()}:", now=time).take([], month(5))


@needs_redis
def test_a_redis_that_forgot_the_script_is_told_it_again(time: Time) -> None:
    with on_redis(time) as store, Redis.from_url(URL) as redis:
        assert admitted(store, key(5), tries=2) == 2
        redis.script_flush()
        assert admitted(store, key(5)) == 3


@needs_redis
def test_what_is_kept_in_redis_ends_by_itself(time: Time) -> None:
    with on_redis(time) as store, Redis.from_url(URL) as redis:
        store.take([key(10, cost=2)], month(10))
        assert 7_190 < redis.ttl(f"{store._prefix}key:1") <= 7_201
        assert 3_590 < redis.ttl(f"{store._prefix}month:1") <= 3_600
