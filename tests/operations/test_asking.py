"""Asking first: what a provider is asked before a local write, with nothing open and nothing written."""

from dataclasses import replace
from typing import Any

import pytest
from django.db import connection

from movmo.kit.errors import DomainError
from movmo.operations.context import Context
from movmo.operations.dispatch import dispatch
from movmo.operations.models import IdempotencyRecord
from tests.operations import toys
from tests.operations.toys import PaperIsOut

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("shelf")]


def write_as_told(ctx: Context, request: toys.WriteNote, told: str) -> toys.NoteView:
    """Write a note as somebody says

    It is kept.
    """
    return toys.write(ctx, request.model_copy(update={"title": told}))


class Oracle:
    def __init__(self) -> None:
        self.asked = 0
        self.refuses = False

    def ask(self, ctx: Context, request: toys.WriteNote) -> str:
        assert all(getattr(block, "_from_testcase", False) for block in connection.atomic_blocks)
        self.asked += 1
        if self.refuses:
            raise PaperIsOut(title=request.title)
        return f"answer {self.asked}"


@pytest.fixture
def oracle() -> Oracle:
    return Oracle()


@pytest.fixture
def asking(oracle: Oracle) -> Any:
    return replace(toys.operation(write_as_told, name="asking"), ask=oracle.ask)


@pytest.mark.parametrize("key", ["ana-asks-once", None])
def test_the_handler_is_told_the_answer(asking: Any, oracle: Oracle, key: str | None) -> None:
    answer = dispatch(asking, toys.caller(), {"title": "kite"}, key)
    assert (answer.view.model_dump()["title"], oracle.asked) == ("answer 1", 1)


def test_a_replay_asks_nobody(asking: Any, oracle: Oracle) -> None:
    ana = toys.caller()
    first = dispatch(asking, ana, {"title": "kite"}, "ana-asks-once")
    again = dispatch(asking, ana, {"title": "kite"}, "ana-asks-once")
    assert (again.view, again.replayed, oracle.asked) == (first.view, True, 1)


def test_a_refused_question_stores_nothing_and_may_come_again(asking: Any, oracle: Oracle) -> None:
    ana, oracle.refuses = toys.caller(), True
    with pytest.raises(DomainError):
        dispatch(asking, ana, {"title": "kite"}, "ana-asks-once")
    assert not IdempotencyRecord.objects.exists()
    oracle.refuses = False
    assert not dispatch(asking, ana, {"title": "kite"}, "ana-asks-once").replayed


def test_of_two_who_ask_at_once_one_writes(asking: Any, oracle: Oracle) -> None:
    """The second is asked while the first still asks; the key decides."""
    ana = toys.caller()
    first_ask = oracle.ask

    def ask_and_be_overtaken(ctx: Context, request: toys.WriteNote) -> str:
        if oracle.asked == 0:
            oracle.asked += 1
            dispatch(replace(asking, ask=first_ask), ana, {"title": "kite"}, "ana-asks-once")
        return "too late"

    answer = dispatch(replace(asking, ask=ask_and_be_overtaken), ana, {"title": "kite"}, "ana-asks-once")
    assert (answer.replayed, toys.notes()) == (True, 1)
