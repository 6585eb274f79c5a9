"""The rate-limit step: the plan's rate per API key, the traveler's own, a checkout's before anybody has signed in, an
agent's per tool, and a partner's month.

Rates are in the cost units of the operation; a month counts calls, one each. A call that one of them refuses spends
nothing of the others. Counted in Redis for all processes together, where `MOVMO_REDIS_URL` names one.

    DomainError
    ├── RateLimited       429  too fast, for a key, a traveler or a checkout
    ├── ToolRateLimited   429  one agent calls one tool too often
    └── QuotaExhausted    429  the plan's calls of the month are used up
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from functools import cache
from typing import TYPE_CHECKING

from django.conf import settings

from movmo.kit import clock
from movmo.kit.errors import DomainError, Kind
from movmo.kit.limiter.failing_open import FailingOpen
from movmo.kit.limiter.gcra import Allowance, Outcome, Quota, Store
from movmo.kit.limiter.memory import MemoryStore
from movmo.kit.limiter.on_redis import RedisStore
from movmo.operations import usage
from movmo.operations.context import Caller, Door

if TYPE_CHECKING:
    from movmo.operations.spec import Operation

KEY, TRAVELER, CHECKOUT, MONTH, TOOL = "key", "traveler", "checkout", "month", "tool"
MINUTE = 60
SUBJECTS = {KEY: "this API key", TRAVELER: "this traveler", CHECKOUT: "this checkout"}
REFUSALS_A_SECOND, REFUSALS_AT_ONCE = 5, 100
# A plan of rate or burst 0 lets nothing through until somebody changes it; that is what a caller waits for.
CLOSED_SECONDS = 3600
MEMORY = MemoryStore()


class RateLimited(DomainError):
    kind = Kind.LIMITED
    code = "rate_limited"
    message = "Too many calls for {subject}: the limit is {rate} a second, {burst} at once."
    hint = "Wait as many seconds as `Retry-After`, over MCP `retry_after`, says; then call again."
    retryable = True


class QuotaExhausted(DomainError):
    kind = Kind.LIMITED
    code = "quota_exhausted"
    message = "The {quota} calls that the plan allows in a calendar month are used up until {resets_at}."
    hint = "Call again after `resets_at`, or ask us for a larger plan; nothing of this call was counted."
    retryable = True
    example = {"quota": 5_000_000, "resets_at": "2026-10-01T00:00:00Z"}


class ToolRateLimited(DomainError):
    kind = Kind.LIMITED
    code = "tool_rate_limited"
    message = "{tool} was called too often: the limit is {per_minute} calls a minute."
    hint = (
        "Wait as long as `retry_after` says before you call this tool again; other tools are not held up. If you are "
        "repeating the same call, stop: read its last answer instead."
    )
    retryable = True
    example = {"tool": "create_booking", "per_minute": 10}


@cache
def _store_of(url: str) -> Store:
    return FailingOpen(RedisStore(url), MemoryStore()) if url else MEMORY


def store() -> Store:
    """Where this process counts."""
    return _store_of(settings.MOVMO_REDIS_URL)


def spend(operation: Operation, caller: Caller) -> Outcome:
    """Take the operation's cost from the caller's allowances, and one from the month. Raises a refusal."""
    return _spend(caller, operation.cost, _month_of(caller), _of_tool(operation, caller))


def spend_on_refusal(caller: Caller) -> Outcome:
    """A call that is refused before it is limited costs one unit: refusals are no way around a limit.

    It does not count in the month. Raises RateLimited.
    """
    return _spend(caller, 1, None)


def spend_on_asking(caller: Caller) -> Outcome:
    """A message that runs no operation costs one unit too: who sends it has to be looked up all the same.

    Raises RateLimited.
    """
    return _spend(caller, 1, None)


def _spend(caller: Caller, cost: int, quota: Quota | None, tool: Sequence[Allowance] = ()) -> Outcome:
    outcome = store().take([*_allowances(caller, cost), *tool], quota)
    if outcome.admitted:
        return outcome
    raise _refusal(outcome)


def _of_tool(operation: Operation, caller: Caller) -> list[Allowance]:
    """An agent that goes round in circles is slowed on the tool it repeats, and on no other. Raises ToolRateLimited.

    Counted for the client and the traveler, not for the token: a refreshed one brings no fresh allowance.
    """
    if caller.door is not Door.MCP:
        return []
    rate = caller.tool_limits.get(operation.name, operation.per_minute)
    if rate < 1:
        raise ToolRateLimited(tool=operation.name, per_minute=rate, retry_after=CLOSED_SECONDS)
    key = f"tool:{operation.name}:{caller.user_id}:{caller.client_id}"
    return [Allowance(TOOL, key, rate, rate, period=MINUTE)]


def _refusal(outcome: Outcome) -> DomainError:
    refusal: DomainError
    if outcome.quota is not None and outcome.quota_is_used_up:
        resets_at = datetime.fromtimestamp(outcome.quota.ends_at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        refusal = QuotaExhausted(quota=outcome.quota.limit, resets_at=resets_at, retry_after=outcome.quota_ends_in)
    else:
        assert outcome.refusing is not None
        allowance, seconds = outcome.refusing
        if allowance.name == TOOL:
            tool = allowance.key.split(":")[1]
            refusal = ToolRateLimited(tool=tool, per_minute=allowance.rate, retry_after=seconds)
        else:
            refusal = _too_fast(allowance.name, allowance.rate, allowance.burst, seconds)
    refusal.limits = outcome
    return refusal


def _too_fast(name: str, rate: int, burst: int, seconds: int) -> RateLimited:
    return RateLimited(subject=SUBJECTS[name], rate=rate, burst=burst, retry_after=seconds)


def _allowances(caller: Caller, cost: int) -> list[Allowance]:
    """Raises RateLimited for one that is closed."""
    found = []
    if caller.plan is not None:
        plan = caller.plan
        found.append(_allowance(KEY, f"key:{caller.api_key_id}", plan.rate, plan.burst, cost))
    if caller.user_id is not None:
        rate, burst = settings.MOVMO_USER_RATE, settings.MOVMO_USER_BURST
        found.append(_allowance(TRAVELER, f"user:{caller.user_id}", rate, burst, cost))
    elif caller.checkout_id is not None:
        # Nobody has signed in in the frame; whoever opens checkouts pays for that by the plan of their key.
        rate, burst = settings.MOVMO_CHECKOUT_RATE, settings.MOVMO_CHECKOUT_BURST
        found.append(_allowance(CHECKOUT, f"checkout:{caller.checkout_id}", rate, burst, cost))
    return found


def _allowance(name: str, key: str, rate: int, burst: int, cost: int) -> Allowance:
    if rate < 1 or burst < 1:
        raise _too_fast(name, rate, burst, CLOSED_SECONDS)
    return Allowance(name, key, rate, burst, min(cost, burst))


def _month_of(caller: Caller) -> Quota | None:
    """The partner's calls of this calendar month, UTC. Only a plan with a quota pays for counting them."""
    plan, partner_id = caller.plan, caller.counted_for
    if plan is None or plan.month_quota is None or partner_id is None:
        return None
    month = clock.month(clock.now())
    return Quota(
        MONTH,
        f"month:{partner_id}:{month.first_day:%Y-%m}",
        plan.month_quota,
        int(month.starts_at.timestamp()),
        int(month.ends_at.timestamp()),
        lambda: usage.calls_since(partner_id, month.first_day),
    )


def may_leave_a_line(caller: Caller) -> bool:
    """Whether a refusal of this caller still goes into the audit trail, or by now to the log alone.

    Each process by itself: what is bounded is a flood, and refusals should not ask Redis twice.
    """
    key = f"refusals:{caller.owner_id}"
    return MEMORY.take([Allowance("refusals", key, REFUSALS_A_SECOND, REFUSALS_AT_ONCE)]).admitted
