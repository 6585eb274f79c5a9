"""What anybody may try in an hour, at doors that are open to all."""

from typing import Any
from uuid import uuid4

import pytest
from redis import Redis

from movmo.accounts import limits
from tests.conftest import StoppedClock
from tests.redis_server import URL, needs_redis


def tries(who: str, *, what: str = "sign-in", an_hour: int = 10, at_most: int = 30) -> int:
    """How many there are before one has to wait."""
    return next((made for made in range(at_most) if limits.wait(what, who, an_hour=an_hour)), at_most)


def test_half_an_hour_s_worth_may_come_at_once(clock: StoppedClock) -> None:
    assert tries("ana") == 5
    assert limits.wait("sign-in", "ana", an_hour=10) == 360
    clock.forward(seconds=360)
    assert tries("ana") == 1
    clock.forward(hours=10)
    assert tries("ana") == 5


def test_everybody_and_everything_has_its_own(clock: StoppedClock) -> None:
    assert [tries("ana"), tries("bo"), tries("ana", what="letter")] == [5, 5, 5]


def test_one_an_hour_may_come(clock: StoppedClock) -> None:
    assert tries("ana", an_hour=1) == 1
    assert limits.wait("sign-in", "ana", an_hour=1) == 3600


def test_none_an_hour_is_none(clock: StoppedClock) -> None:
    assert limits.wait("sign-in", "ana", an_hour=0) == 3600


@pytest.mark.parametrize("who", ["", "a" * 100_000, "\ud800", "ana\0bo"])
def test_whoever_says_whatever_is_somebody(clock: StoppedClock, who: str) -> None:
    assert tries(who) == 5


@needs_redis
def test_tries_count_over_all_processes_and_name_nobody(settings: Any) -> None:
    settings.MOVMO_REDIS_URL = URL
    what, who = f"test {uuid4()}", "ana@example.com"
    with Redis.from_url(URL) as redis:
        try:
            assert tries(who, what=what) == 5
            (kept,) = redis.scan_iter(f"movmo:{{limits}}:tries:{what}:*")
            assert b"ana" not in kept
        finally:
            for key in redis.scan_iter(f"movmo:{{limits}}:tries:{what}:*"):
                redis.delete(key)
