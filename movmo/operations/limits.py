"""The rate-limit step: GCRA per API key (the plan's rate) and per traveler, in the cost units of the operation."""

from __future__ import annotations

import math
from functools import cache
from typing import TYPE_CHECKING

from django.conf import settings
from throttled import MemoryStore, Throttled, rate_limiter

from movmo.kit.errors import DomainError, Kind
from movmo.operations.context import Caller

if TYPE_CHECKING:
    from movmo.operations.spec import Operation

REFUSALS_A_SECOND, REFUSALS_AT_ONCE = 5, 100
STORE = MemoryStore(options={"MAX_SIZE": 100_000})
# A plan of rate or burst 0 lets nothing through until somebody changes it; that is what a caller waits for.
CLOSED_SECONDS = 3600


class RateLimited(DomainError):
    kind = Kind.LIMITED
    code = "rate_limited"
    message = "Too many calls for {subject}: the limit is {rate} a second, {burst} at once."
    hint = "Wait as long as `Retry-After` says, then call again."
    retryable = True


@cache
def _limiter(rate: int, burst: int) -> Throttled:
    """One limiter for each distinct pair of rate (a second) and burst."""
    return Throttled(using="gcra", quota=rate_limiter.per_sec(rate, burst=burst), store=STORE)


def _spend(subject: str, key: str, *, rate: int, burst: int, cost: int) -> None:
    if rate < 1 or burst < 1:
        raise RateLimited(subject=subject, rate=rate, burst=burst, retry_after=CLOSED_SECONDS)
    outcome = _limiter(rate, burst).limit(key, cost=min(cost, burst))
    if outcome.limited:
        retry_after = max(1, math.ceil(outcome.state.retry_after))
        raise RateLimited(subject=subject, rate=rate, burst=burst, retry_after=retry_after)


def spend(operation: Operation, caller: Caller) -> None:
    """Take the operation's cost from the caller's allowances. Raises RateLimited."""
    _spend_all(caller, cost=operation.cost)


def spend_on_refusal(caller: Caller) -> None:
    """A call that is refused before it is limited costs one unit: refusals are no way around a limit."""
    _spend_all(caller, cost=1)


def _spend_all(caller: Caller, *, cost: int) -> None:
    if caller.plan is not None:
        plan = caller.plan
        _spend("this API key", f"key:{caller.api_key_id}", rate=plan.rate, burst=plan.burst, cost=cost)
    if caller.user_id is not None:
        rate, burst = settings.MOVMO_USER_RATE, settings.MOVMO_USER_BURST
        _spend("this traveler", f"user:{caller.user_id}", rate=rate, burst=burst, cost=cost)


def may_leave_a_line(caller: Caller) -> bool:
    """Whether a refusal of this caller still goes into the audit trail, or by now to the log alone."""
    limiter = _limiter(REFUSALS_A_SECOND, REFUSALS_AT_ONCE)
    return not limiter.limit(f"refusals:{caller.owner_id}", cost=1).limited
