"""Rate limits: by API key, by traveler, in the operation's cost."""

from typing import Any
from uuid import uuid4

import pytest

from movmo.operations import limits
from movmo.operations.context import Caller, Door, Plan
from movmo.operations.limits import RateLimited
from tests.operations import toys

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
        except RateLimited:
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
