"""Redis is away: calls go on, held to this process's own limits, and somebody is told."""

import socket
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import pytest
from redis import RedisError
from redis import TimeoutError as TooSlow

from movmo.kit.limiter.failing_open import ALARM_SECONDS, FAILURES, PAUSE_SECONDS, FailingOpen
from movmo.kit.limiter.gcra import Allowance, Outcome, Quota
from movmo.kit.limiter.memory import MemoryStore
from movmo.kit.limiter.on_redis import RedisStore
from movmo.operations import limits
from movmo.operations.context import Plan
from tests.operations import toys

FIVE = Allowance("key", "key:1", 1, 5)


class Shared:
    """A store that can be away, and counts how often it was asked."""

    def __init__(self) -> None:
        self.is_away = False
        self.asked = 0
        self._store = MemoryStore()

    def take(self, allowances: Sequence[Allowance], quota: Quota | None = None) -> Outcome:
        self.asked += 1
        if self.is_away:
            raise TooSlow("Timeout reading from socket")
        return self._store.take(allowances, quota)


class Seconds:
    def __init__(self) -> None:
        self.at = 1_000.0

    def __call__(self) -> float:
        return self.at


@pytest.fixture
def shared() -> Shared:
    return Shared()


@pytest.fixture
def time() -> Seconds:
    return Seconds()


@pytest.fixture
def store(shared: Shared, time: Seconds) -> FailingOpen:
    return FailingOpen(shared, MemoryStore(), now=time)


@contextmanager
def port(*, listens: bool) -> Iterator[int]:
    """A port that nobody listens at, or at which connections are taken and nothing is ever said."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        if listens:
            taken.listen()
        yield taken.getsockname()[1]


def fails(store: FailingOpen) -> None:
    """As often as makes an outage of it."""
    for _ in range(FAILURES):
        store.take([FIVE])


def said(caplog: pytest.LogCaptureFixture) -> list[tuple[str, str]]:
    found: list[Any] = [record.msg for record in caplog.records]
    return [(line["level"], line["event"]) for line in found if line["event"].startswith("limits.")]


def test_calls_are_held_to_the_process_s_own_limits(store: FailingOpen, shared: Shared) -> None:
    shared.is_away = True
    assert [store.take([FIVE]).admitted for _ in range(7)] == [True] * 5 + [False] * 2


def test_redis_is_left_alone_for_a_while(store: FailingOpen, shared: Shared, time: Seconds) -> None:
    shared.is_away = True
    for _ in range(10):
        store.take([FIVE])
    assert shared.asked == FAILURES
    time.at += PAUSE_SECONDS
    for _ in range(10):
        store.take([FIVE])
    assert shared.asked == FAILURES + 1


def test_the_alarm_comes_at_once_and_then_once_a_minute(
    store: FailingOpen, shared: Shared, time: Seconds, caplog: pytest.LogCaptureFixture
) -> None:
    shared.is_away = True
    fails(store)
    assert said(caplog) == [("error", "limits.redis_away")]
    for _ in range(round(ALARM_SECONDS / PAUSE_SECONDS)):
        time.at += PAUSE_SECONDS
        store.take([FIVE])
    assert said(caplog) == [("error", "limits.redis_away")] * 2


def test_redis_counts_again_when_it_is_back(
    store: FailingOpen, shared: Shared, time: Seconds, caplog: pytest.LogCaptureFixture
) -> None:
    shared.is_away = True
    while store.take([FIVE]).admitted:
        pass
    shared.is_away = False
    time.at += PAUSE_SECONDS
    assert store.take([FIVE]).admitted
    assert said(caplog)[-1] == ("warning", "limits.redis_back")
    before = shared.asked
    store.take([FIVE])
    store.take([FIVE])
    assert shared.asked == before + 2


def test_a_late_answer_is_no_outage(store: FailingOpen, shared: Shared, caplog: pytest.LogCaptureFixture) -> None:
    for _ in range(FAILURES * 2):
        shared.is_away = True
        assert store.take([FIVE]).admitted == store.take([FIVE._replace(key="key:2")]).admitted
        shared.is_away = False
        store.take([FIVE])
    assert said(caplog) == []
    assert shared.asked == FAILURES * 6


def test_a_month_is_asked_for_anew_in_each_outage(store: FailingOpen, shared: Shared, time: Seconds) -> None:
    """What was used between two outages is in Redis and in the usage book, not in the memory of the first."""
    book = [7, 9]
    month = Quota("month", "month:1", 10, 0, 4_000_000_000, lambda: book.pop(0))
    shared.is_away = True
    assert [store.take([], month).admitted for _ in range(FAILURES + 1)] == [True] * 3 + [False]
    shared.is_away = False
    time.at += PAUSE_SECONDS
    store.take([FIVE])
    shared.is_away = True
    assert [store.take([], month).admitted for _ in range(FAILURES)] == [True, False, False]


def test_a_second_outage_is_news_again(
    store: FailingOpen, shared: Shared, time: Seconds, caplog: pytest.LogCaptureFixture
) -> None:
    for away in (True, False, True):
        shared.is_away = away
        time.at += PAUSE_SECONDS
        fails(store)
    assert [event for _, event in said(caplog)] == ["limits.redis_away", "limits.redis_back", "limits.redis_away"]


@pytest.mark.parametrize("listens", [False, True], ids=["nobody is there", "nobody answers"])
def test_a_real_redis_that_is_away_is_an_error_of_redis(listens: bool) -> None:
    with port(listens=listens) as number, pytest.raises(RedisError):
        RedisStore(f"redis://127.0.0.1:{number}/0").take([FIVE])


@pytest.mark.parametrize("listens", [False, True], ids=["nobody is there", "nobody answers"])
def test_a_key_is_limited_without_redis(listens: bool, settings: Any, caplog: pytest.LogCaptureFixture) -> None:
    caller = toys.caller(user_id=None, plan=Plan("tiny", rate=1, burst=3))
    operation = toys.operation(toys.write)
    with port(listens=listens) as number:
        settings.MOVMO_REDIS_URL = f"redis://:hunter2@127.0.0.1:{number}/0"
        for _ in range(3):
            limits.spend(operation, caller)
        with pytest.raises(limits.RateLimited):
            limits.spend(operation, caller)
    assert said(caplog) == [("error", "limits.redis_away")]
    assert "hunter2" not in caplog.text
