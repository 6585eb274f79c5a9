"""Calls at the same moment, from threads with connections of their own: exactly one acts, and none breaks."""

from collections.abc import Callable
from typing import Any

import pytest

from movmo.kit.errors import DomainError
from movmo.operations.context import Caller, Door
from movmo.operations.dispatch import Answer, Contended, dispatch
from movmo.operations.idempotency import IdempotencyInProgress, IdempotencyKeyReused
from movmo.operations.models import IdempotencyRecord
from movmo.operations.spec import Operation
from tests.operations import toys
from tests.operations.together import together

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("shelf")]

KEY = "ana-writes-once"
THREADS = 8
BUSY = IdempotencyInProgress | Contended


def writing(operation: Operation, caller: Caller, title: str = "kite") -> Callable[[], Answer]:
    return lambda: dispatch(operation, caller, {"title": title, "idempotency_key": KEY})


def answers(outcomes: list[Any]) -> list[Answer]:
    return [outcome for outcome in outcomes if isinstance(outcome, Answer)]


@pytest.mark.parametrize("operation", [toys.WRITE, toys.FILE], ids=["kept body", "by reference"])
def test_of_many_calls_with_one_key_exactly_one_acts(operation: Operation) -> None:
    ana = toys.caller()
    outcomes = together(*[writing(operation, ana) for _ in range(THREADS)])
    assert [type(one) for one in outcomes if not isinstance(one, Answer | BUSY)] == []
    assert [answer.replayed for answer in answers(outcomes)].count(False) == 1
    assert len({answer.view for answer in answers(outcomes)}) == 1
    assert toys.notes() == IdempotencyRecord.objects.count() == 1


def test_doors_at_the_same_moment_converge_too() -> None:
    ana = toys.caller()
    by_scout = toys.caller(Door.MCP, user_id=ana.user_id)
    outcomes = together(*[writing(toys.WRITE, who) for who in (ana, by_scout) * (THREADS // 2)])
    assert [type(one) for one in outcomes if not isinstance(one, Answer | BUSY)] == []
    assert toys.notes() == 1


def test_calls_with_one_key_and_different_payloads_act_once() -> None:
    ana = toys.caller()
    outcomes = together(*[writing(toys.WRITE, ana, f"kite {n}") for n in range(THREADS)])
    assert [type(one) for one in outcomes if not isinstance(one, Answer | BUSY | IdempotencyKeyReused)] == []
    assert len(answers(outcomes)) == 1
    assert toys.notes() == 1


def test_calls_of_different_travelers_do_not_hinder_one_another() -> None:
    outcomes = together(*[writing(toys.WRITE, toys.caller(), f"kite {n}") for n in range(THREADS)])
    assert [answer.replayed for answer in answers(outcomes)] == [False] * THREADS
    assert toys.notes() == THREADS


def test_while_first_calls_fail_the_key_stays_free() -> None:
    ana = toys.caller()
    outcomes = together(*[writing(toys.CRASH, ana) for _ in range(THREADS)])
    assert all(isinstance(outcome, DomainError) for outcome in outcomes)
    assert toys.notes() == IdempotencyRecord.objects.count() == 0
    assert not writing(toys.WRITE, ana)().replayed
