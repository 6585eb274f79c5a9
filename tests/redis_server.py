"""The Redis that tests of shared limits run against; without one they are skipped, by name."""

import os

import pytest
from redis import Redis, RedisError

URL = os.environ.get("MOVMO_TEST_REDIS_URL", "redis://127.0.0.1:6379/0")


def _is_there() -> bool:
    with Redis.from_url(URL, socket_connect_timeout=1, socket_timeout=1) as redis:
        try:
            return bool(redis.ping())
        except RedisError:
            return False


needs_redis = pytest.mark.skipif(not _is_there(), reason=f"no Redis answers at {URL.rpartition('@')[2]}")
