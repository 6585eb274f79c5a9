"""One key, one deed: on the same door, across the doors, and never for another request."""

from itertools import product
from typing import Any
from uuid import uuid4

import pytest
from pydantic import ValidationError

from movmo.operations import registry
from movmo.operations.spec import Operation
from tests.contract import doors
from tests.contract.doors import (  # noqa: F401  (the last two are fixtures)
    EVERY,
    DoorName,
    Stage,
    committed_rows,
    counts,
    is_write,
    the_stage,
)

TWO_DOORS = [
    pytest.param(operation, first, second, id=f"{operation.name}-{first}-then-{second}")
    for operation in filter(is_write, registry.all_operations())
    for first, second in product(EVERY, EVERY)
    if doors.serves(first, operation) and doors.serves(second, operation)
]
SAYING_NOTHING = ("open_card_capture",)
TELLING = [case for case in TWO_DOORS if not str(case.id).startswith(SAYING_NOTHING)]
NO_CONTENT = 204
over_two_doors = pytest.mark.parametrize(("operation", "first", "second"), TWO_DOORS)


def altered(operation: Operation, arguments: dict[str, Any]) -> dict[str, Any]:
    """Arguments that are as well-formed and say something else."""
    for name, value in arguments.items():
        for other in (f"{value}a", str(uuid4()), "nl", "window", "jsonl"):
            candidate = {**arguments, name: other}
            if isinstance(value, str) and _accepts(operation, candidate):
                return candidate
    raise AssertionError(f"nothing of {operation.name} can be said otherwise; teach this function how")


def _accepts(operation: Operation, arguments: dict[str, Any]) -> bool:
    try:
        operation.request_model.model_validate(arguments)
    except ValidationError:
        return False
    return True


@over_two_doors
def test_a_repeated_call_is_a_replay(stage: Stage, operation: Operation, first: DoorName, second: DoorName) -> None:
    arguments, key = stage.fresh_arguments(operation), str(uuid4())
    done = stage.call(first, operation, arguments, key=key)
    before = counts()
    again = stage.call(second, operation, arguments, key=key)
    assert not done.is_refusal, done.body
    assert (done.replayed, again.replayed) == (False, True)
    if operation.rest.status != NO_CONTENT or "rest" not in (first, second):
        assert again.body == done.body
    assert counts() == before
    if second == "rest":
        assert again.status == operation.rest.status
    if first == second:
        assert again.status == done.status


@pytest.mark.parametrize(("operation", "first", "second"), TELLING)
def test_a_key_is_good_for_one_request(stage: Stage, operation: Operation, first: DoorName, second: DoorName) -> None:
    arguments, key = stage.fresh_arguments(operation), str(uuid4())
    assert not stage.call(first, operation, arguments, key=key).is_refusal
    told = stage.refused(second, operation, altered(operation, arguments), key=key)
    assert told.verdict == (422, "idempotency_key_reused")


@over_two_doors
def test_keys_of_two_travelers_never_meet(
    stage: Stage, operation: Operation, first: DoorName, second: DoorName
) -> None:
    key = str(uuid4())
    ana = stage.call(first, operation, stage.fresh_arguments(operation), key=key)
    bo = stage.call(second, operation, stage.fresh_arguments(operation, stage.bo), key=key, hand=stage.as_bo)
    assert not ana.is_refusal
    assert not bo.is_refusal
    assert not bo.replayed


def test_a_key_is_good_for_one_operation(stage: Stage) -> None:
    key = str(uuid4())
    first, *others = filter(is_write, registry.all_operations())
    assert not stage.call("rest", first, stage.fresh_arguments(first), key=key).is_refusal
    for operation in others:
        told = stage.refused("mcp" if operation.tool else "rest", operation, stage.arguments(operation), key=key)
        assert told.verdict == (422, "idempotency_key_reused")
