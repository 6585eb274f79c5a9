"""Limits: by API key and by traveler in the operation's cost, by partner and month in calls."""

from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest
from redis import Redis

from movmo.operations import limits, usage
from movmo.operations.context import Caller, Door, Plan
from movmo.operations.limits import QuotaExhausted, RateLimited, ToolRateLimited
from tests.conftest import StoppedClock
from tests.operations import toys
from tests.redis_server import URL, needs_redis

# A token is refilled after an hour of the test's time at the earliest, in effect never.
SLOW = 1
CHEAP = toys.operation(toys.write, cost=1)
DEAR = toys.operation(toys.write, cost=3)


def keyed(burst: int, **changes: Any) -> Caller:
    return toys.caller(**{"user_id": None, "plan": Plan("tiny", rate=SLOW, burst=burst), **changes})


def calls_until_refused(operation: Any, caller: Caller, at_most: int = 50) -> int:
    for made in range(at_most):
        try:
            limits.spend(operation, caller)
        except (RateLimited, QuotaExhausted):
            return made
    return at_most


def test_a_key_may_call_as_often_at_once_as_its_burst() -> None:
    assert calls_until_refused(CHEAP, keyed(burst=5)) == 5


def test_a_dear_operation_takes_its_cost() -> None:
    assert calls_until_refused(DEAR, keyed(burst=7)) == 2


def test_an_operation_dearer_than_the_burst_can_still_be_called_once() -> None:
    assert calls_until_refused(DEAR, keyed(burst=2)) == 1


def test_each_key_has_an_allowance_of_its_own() -> None:
    spent = keyed(burst=2)
    calls_until_refused(CHEAP, spent)
    assert calls_until_refused(CHEAP, keyed(burst=2)) == 2


def test_a_traveler_has_one_allowance_over_every_door(settings: Any) -> None:
    settings.MOVMO_USER_RATE, settings.MOVMO_USER_BURST = SLOW, 4
    ana = uuid4()
    limits.spend(CHEAP, toys.caller(Door.REST, user_id=ana))
    limits.spend(CHEAP, toys.caller(Door.REST, user_id=ana))
    assert calls_until_refused(CHEAP, toys.caller(Door.MCP, user_id=ana)) == 2


def test_another_traveler_is_not_held_up(settings: Any) -> None:
    settings.MOVMO_USER_RATE, settings.MOVMO_USER_BURST = SLOW, 1
    calls_until_refused(CHEAP, toys.caller())
    assert calls_until_refused(CHEAP, toys.caller()) == 1


def test_a_refusal_says_when_to_come_again() -> None:
    caller = keyed(burst=3)
    calls_until_refused(DEAR, caller)
    with pytest.raises(RateLimited) as caught:
        limits.spend(DEAR, caller)
    assert caught.value.retry_after is not None
    assert 1 <= caught.value.retry_after <= 3
    assert caught.value.facts == {"subject": "this API key", "rate": SLOW, "burst": 3}


def test_a_key_without_a_plan_is_not_limited() -> None:
    assert calls_until_refused(CHEAP, toys.caller(user_id=None), at_most=20) == 20


def test_a_plan_of_rate_zero_lets_nothing_through() -> None:
    nothing = toys.caller(user_id=None, plan=Plan("closed", rate=0, burst=0))
    assert calls_until_refused(CHEAP, nothing) == 0


def monthly(quota: int, **changes: Any) -> Caller:
    plan = Plan("monthly", rate=1_000, burst=1_000, month_quota=quota)
    return toys.caller(**{"user_id": None, "plan": plan, **changes})


@pytest.mark.django_db
def test_a_month_counts_calls_whatever_they_cost() -> None:
    assert calls_until_refused(DEAR, monthly(6)) == 6


@pytest.mark.django_db
def test_a_used_up_month_says_so_and_when_the_next_begins(clock: StoppedClock) -> None:
    clock.set(datetime(2027, 2, 28, 23, 59, 30, tzinfo=UTC))
    caller = monthly(1)
    limits.spend(CHEAP, caller)
    with pytest.raises(QuotaExhausted) as caught:
        limits.spend(CHEAP, caller)
    assert caught.value.facts == {"quota": 1, "resets_at": "2027-03-01T00:00:00Z"}
    assert caught.value.retry_after == 30
    clock.forward(seconds=30)
    assert calls_until_refused(CHEAP, caller) == 1


@pytest.mark.django_db
def test_december_ends_with_the_year(clock: StoppedClock) -> None:
    clock.set(datetime(2027, 12, 31, 12, tzinfo=UTC))
    caller = monthly(0)
    with pytest.raises(QuotaExhausted) as caught:
        limits.spend(CHEAP, caller)
    assert caught.value.facts["resets_at"] == "2028-01-01T00:00:00Z"


@pytest.mark.django_db
def test_the_keys_of_a_partner_share_its_month() -> None:
    one = monthly(5)
    other = monthly(5, partner_id=one.partner_id)
    limits.spend(CHEAP, one)
    limits.spend(CHEAP, one)
    assert calls_until_refused(CHEAP, other) == 3


@pytest.mark.django_db
def test_another_partner_s_month_is_another() -> None:
    calls_until_refused(CHEAP, monthly(5))
    assert calls_until_refused(CHEAP, monthly(5)) == 5


@pytest.mark.django_db
def test_a_month_goes_on_where_the_usage_book_says(clock: StoppedClock) -> None:
    caller = monthly(10)
    assert caller.partner_id is not None
    clock.set(datetime(2027, 2, 28, 12, tzinfo=UTC))
    for _ in range(5):
        usage.admitted(caller.partner_id, "of_last_month")
    clock.set(datetime(2027, 3, 2, 12, tzinfo=UTC))
    for _ in range(4):
        usage.admitted(caller.partner_id, "written")
    usage.BOOK.flush()
    for _ in range(3):
        usage.admitted(caller.partner_id, "pending")
    assert calls_until_refused(CHEAP, caller) == 3


@pytest.mark.django_db
def test_a_call_too_fast_does_not_count_in_the_month() -> None:
    partner = uuid4()
    hasty = toys.caller(user_id=None, partner_id=partner, plan=Plan("hasty", rate=SLOW, burst=2, month_quota=5))
    assert calls_until_refused(CHEAP, hasty) == 2
    assert calls_until_refused(CHEAP, monthly(5, partner_id=partner)) == 3


@pytest.mark.django_db
def test_a_refused_call_does_not_count_in_the_month() -> None:
    caller = monthly(1)
    limits.spend_on_refusal(caller)
    limits.spend(CHEAP, caller)


def test_a_plan_without_a_quota_asks_no_database() -> None:
    """No database mark: a question would fail the test."""
    limits.spend(CHEAP, keyed(burst=5))


@needs_redis
@pytest.mark.django_db
def test_a_month_in_redis_goes_on_where_the_usage_book_says(settings: Any) -> None:
    settings.MOVMO_REDIS_URL = URL
    caller = monthly(7)
    assert caller.partner_id is not None
    for _ in range(4):
        usage.admitted(caller.partner_id, "earlier")
    try:
        assert calls_until_refused(CHEAP, caller) == 3
    finally:
        with Redis.from_url(URL) as redis:
            for key in redis.scan_iter(f"movmo:{{limits}}:*{caller.partner_id}*"):
                redis.delete(key)
            redis.delete(f"movmo:{{limits}}:key:{caller.api_key_id}")


class TestTools:
    """An agent that goes round in circles is slowed on that tool alone."""

    @staticmethod
    def by_scout(**changes: Any) -> Caller:
        return toys.caller(**{"door": Door.MCP, "client_id": "scout", **changes})

    @staticmethod
    def made(operation: Any, caller: Caller, at_most: int = 100) -> int:
        for made in range(at_most):
            try:
                limits.spend(operation, caller)
            except ToolRateLimited:
                return made
        return at_most

    def test_a_tool_is_called_so_often_a_minute(self, clock: StoppedClock) -> None:
        looping, ana = toys.operation(toys.write, per_minute=10), self.by_scout()
        assert self.made(looping, ana) == 10
        clock.forward(seconds=6)
        assert self.made(looping, ana) == 1

    def test_the_refusal_says_which_and_until_when(self, clock: StoppedClock) -> None:
        looping, ana = toys.operation(toys.write, per_minute=10), self.by_scout()
        self.made(looping, ana)
        with pytest.raises(ToolRateLimited) as caught:
            limits.spend(looping, ana)
        assert caught.value.facts == {"tool": looping.name, "per_minute": 10}
        assert caught.value.retry_after == 6

    def test_other_tools_travelers_and_agents_go_on(self) -> None:
        ana = uuid4()
        self.made(toys.operation(toys.write, per_minute=3), self.by_scout(user_id=ana))
        other = toys.operation(toys.write, name="other", per_minute=3)
        assert self.made(other, self.by_scout(user_id=ana)) == 3
        looping = toys.operation(toys.write, per_minute=3)
        assert self.made(looping, self.by_scout(user_id=uuid4())) == 3
        assert self.made(looping, self.by_scout(user_id=ana, client_id="rover")) == 3

    def test_what_a_tool_refuses_spends_nothing_of_the_traveler(self, settings: Any) -> None:
        settings.MOVMO_USER_RATE, settings.MOVMO_USER_BURST = SLOW, 6
        ana = self.by_scout()
        assert self.made(toys.operation(toys.write, per_minute=3), ana, at_most=50) == 3
        assert calls_until_refused(CHEAP, toys.caller(Door.REST, user_id=ana.user_id)) == 3

    def test_over_rest_a_tool_has_no_limit_of_its_own(self) -> None:
        assert self.made(toys.operation(toys.write, per_minute=3), toys.caller(Door.REST), at_most=20) == 20

    def test_staff_give_an_agent_another_limit(self) -> None:
        ana = self.by_scout(tool_limits={"write": 5})
        assert self.made(toys.operation(toys.write, per_minute=3), ana) == 5

    def test_staff_close_a_tool_to_an_agent(self) -> None:
        assert self.made(toys.operation(toys.write, per_minute=3), self.by_scout(tool_limits={"write": 0})) == 0
