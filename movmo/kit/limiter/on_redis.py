"""Limits of all processes together, in one Redis: one script, one round trip for a call."""

from collections.abc import Callable, Sequence
from typing import Any

from redis import ConnectionError as NotConnected
from redis import Redis, RedisError
from redis.backoff import NoBackoff
from redis.retry import Retry

from movmo.kit.limiter.gcra import JITTER, SECOND, Allowance, Outcome, Quota

# One hash tag for all keys: on a cluster a script may only touch keys of one slot.
PREFIX = "movmo:{limits}:"
SOCKET_SECONDS = 0.1
UNKNOWN = -1
# A quota's count is asked for anew now and then: what was admitted while this Redis was away is not in it.
COUNT_SECONDS = 3600

# A level is kept as "level at", whole numbers below 2^53, which Lua holds exactly. Redis forgets it when it would be 0.
# ARGV: the time or "", the quota's limit or "", then unit, rate, burst and cost of each allowance.
TAKE = f"""
local now = tonumber(ARGV[1])
if not now then
  local time = redis.call('TIME')
  now = time[1] * {SECOND} + time[2]
end
local limit, count = tonumber(ARGV[2]), (#ARGV - 2) / 4
local used = 0
if limit then
  used = tonumber(redis.call('GET', KEYS[count + 1]))
  if not used then return {{{UNKNOWN}}} end
end
local answer, after, fits = {{used, now}}, {{}}, not limit or used < limit
for i = 1, count do
  local unit, rate = tonumber(ARGV[i * 4 - 1]), tonumber(ARGV[i * 4])
  local burst, cost = tonumber(ARGV[i * 4 + 1]), tonumber(ARGV[i * 4 + 2])
  local level, at = 0, now
  local kept = redis.call('GET', KEYS[i])
  if kept then
    local was, since = string.match(kept, '^(%d+) (%d+)$')
    level, since = tonumber(was), tonumber(since)
    if now > since then level = math.max(0, level - (now - since) * rate) end
    if since > now and since - now <= {JITTER} then at = since end
  end
  answer[i + 2] = level
  after[i] = {{level + cost * unit, at, rate}}
  fits = fits and level + cost * unit <= burst * unit
end
if fits then
  for i = 1, count do
    local milliseconds = math.ceil(after[i][1] / after[i][3] / 1000) + 1
    redis.call('SET', KEYS[i], string.format('%.0f %.0f', after[i][1], after[i][2]), 'PX', milliseconds)
  end
  if limit then redis.call('INCR', KEYS[count + 1]) end
end
return answer
"""


class RedisStore:
    """Raises RedisError where Redis is away, too slow or unwilling.

    The time is Redis's own, so that processes agree on it; `now`, in microseconds since 1970, is for those who need
    another.
    """

    def __init__(self, url: str, *, prefix: str = PREFIX, now: Callable[[], int] | None = None) -> None:
        self._prefix = prefix
        self._now = now
        self._redis: Redis = Redis.from_url(
            url,
            protocol=2,
            socket_timeout=SOCKET_SECONDS,
            socket_connect_timeout=SOCKET_SECONDS,
            # Once more, at once: a connection that the server closed while it was idle says so when it is used.
            retry=Retry(NoBackoff(), 1, supported_errors=(NotConnected,)),
        )
        self._script = self._redis.register_script(TAKE)

    def take(self, allowances: Sequence[Allowance], quota: Quota | None = None) -> Outcome:
        """Raises RedisError."""
        keys = [self._prefix + allowance.key for allowance in allowances]
        arguments: list[Any] = ["" if self._now is None else self._now(), ""]
        for allowance in allowances:
            arguments += [allowance.unit, allowance.rate, allowance.burst, allowance.cost]
        if quota is not None:
            keys.append(self._prefix + quota.key)
            arguments[1] = quota.limit
        used, *found = self._script(keys, arguments)
        if quota is not None and used == UNKNOWN:
            self._seed(keys[-1], quota)
            used, *found = self._script(keys, arguments)
        if not found:
            raise RedisError("a quota was forgotten as soon as it was told")
        now, *levels = found
        return Outcome(allowances, levels, quota, used, now)

    def _seed(self, key: str, quota: Quota) -> None:
        """Of several processes that ask at once, the first to write is believed."""
        self._redis.set(key, quota.used(), nx=True, ex=COUNT_SECONDS)
