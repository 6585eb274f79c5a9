"""The door is a calling convention: the same traveler, the same arguments, the same answer or refusal."""

from functools import partial
from typing import Any

import pytest

from movmo.operations.context import Caller
from movmo.operations.dispatch import dispatch
from movmo.operations.models import AuditEvent
from movmo.operations.spec import Operation
from tests.contract.arguments import arguments_for
from tests.contract.registry import EVERY_OPERATION, READS, WRITES, each, is_partner_s
from tests.contract.world import World, new_key, with_a_yes

pytestmark = pytest.mark.django_db

# Operations whose answer is new each time, so that two calls cannot be compared. This list may only shrink.
NEW_EACH_TIME = {"search_flights"}


def test_the_list_of_exceptions_names_reads_that_exist() -> None:
    assert {operation.name for operation in READS} >= NEW_EACH_TIME


@each([operation for operation in READS if operation.tool and operation.name not in NEW_EACH_TIME])
def test_a_read_shows_the_same_through_every_door(operation: Operation, world: World, ana_by_scout: Caller) -> None:
    arguments = arguments_for(operation.name, world)
    assert dispatch(operation, world.caller, arguments).view == dispatch(operation, ana_by_scout, arguments).view


@each([operation for operation in READS if operation.name in NEW_EACH_TIME])
def test_an_exception_is_one(operation: Operation, world: World) -> None:
    arguments = arguments_for(operation.name, world)
    assert dispatch(operation, world.caller, arguments).view != dispatch(operation, world.caller, arguments).view


@each([operation for operation in READS if operation.tool])
def test_a_read_is_audited_over_mcp_only(operation: Operation, world: World, ana_by_scout: Caller) -> None:
    arguments = arguments_for(operation.name, world)
    AuditEvent.objects.all().delete()
    dispatch(operation, world.caller, arguments)
    assert not AuditEvent.objects.exists()
    dispatch(operation, ana_by_scout, arguments)
    assert phases() == [("outcome", "done")]


@each(WRITES)
@pytest.mark.parametrize("door", ["rest", "mcp"])
def test_a_write_is_audited_before_and_after(
    operation: Operation, door: str, world: World, ana_by_scout: Caller
) -> None:
    if door == "mcp" and is_partner_s(operation):
        return  # there is no partner behind an agent
    arguments = arguments_for(operation.name, world)
    AuditEvent.objects.all().delete()
    with_a_yes(partial(dispatch, operation, {"rest": world.caller, "mcp": ana_by_scout}[door], arguments, new_key()))
    was_asked = (
        [("intent", ""), ("outcome", "approval_required"), ("outcome", "approved")]
        if door == "mcp" and operation.is_irreversible
        else []
    )
    assert phases() == [*was_asked, ("intent", ""), ("outcome", "done")]


@each(EVERY_OPERATION)
def test_a_result_is_json_of_its_own_schema(operation: Operation, world: World) -> None:
    view = dispatch(operation, world.caller, arguments_for(operation.name, world), new_key()).view
    assert operation.result_model.model_validate_json(view.model_dump_json()) == view


def phases() -> list[tuple[Any, ...]]:
    return list(AuditEvent.objects.order_by("id").values_list("phase", "code"))
