"""Every operation × every credential that is not enough. An operation joins these tests by being declared."""

from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from typing import Any

import pytest

from movmo.kit.errors import DomainError, InvalidArguments, Kind, NotFound
from movmo.operations.context import Caller, Door
from movmo.operations.dispatch import Answer, dispatch
from movmo.operations.models import AuditEvent, IdempotencyRecord
from movmo.operations.scopes import ApiKeyMissing, InsufficientScope, UserTokenMissing
from movmo.operations.spec import Operation
from tests.contract.arguments import ARGUMENTS, arguments_for
from tests.contract.registry import EVERY_OPERATION, TOOLS, each, each_scope, is_partner_s
from tests.contract.world import World, new_key, with_a_yes

pytestmark = pytest.mark.django_db

OF_A_TRAVELER = [operation for operation in EVERY_OPERATION if operation.needs_user]
KEY_IS_ENOUGH = [operation for operation in EVERY_OPERATION if not operation.needs_user]
NAMING_OBJECTS = [
    operation
    for operation in EVERY_OPERATION
    if any(name.endswith("_id") for name in operation.request_model.model_fields)
]
OF_A_TRAVELER_OR_A_PARTNER = [operation for operation in NAMING_OBJECTS if not is_partner_s(operation)]


def call(operation: Operation, caller: Caller, arguments: Mapping[str, Any]) -> Answer:
    return with_a_yes(partial(dispatch, operation, caller, arguments, None if operation.is_read else new_key()))


def refusal(operation: Operation, caller: Caller, arguments: Mapping[str, Any]) -> DomainError:
    """What the caller hears. The refusal of a known caller is audited, and nothing else is written."""
    stored, audited = IdempotencyRecord.objects.count(), AuditEvent.objects.count()
    with pytest.raises(DomainError) as caught:
        call(operation, caller, arguments)
    assert IdempotencyRecord.objects.count() == stored
    if caught.value.kind is Kind.UNAUTHENTICATED:
        assert AuditEvent.objects.count() == audited
    else:
        assert AuditEvent.objects.latest("id").code == caught.value.code
    return caught.value


def test_every_operation_is_under_test() -> None:
    assert set(ARGUMENTS) == {operation.name for operation in EVERY_OPERATION}


@each(EVERY_OPERATION)
def test_its_example_arguments_are_valid_for_a_partner(operation: Operation, world: World) -> None:
    answer = call(operation, world.caller, arguments_for(operation.name, world))
    assert isinstance(answer.view, operation.result_model)
    assert (answer.status, answer.replayed) == (operation.rest.status, False)


@each(TOOLS)
def test_its_example_arguments_are_valid_for_an_agent(operation: Operation, world: World, ana_by_scout: Caller) -> None:
    answer = call(operation, ana_by_scout, arguments_for(operation.name, world))
    assert isinstance(answer.view, operation.result_model)


@each(EVERY_OPERATION)
def test_rest_without_a_key_is_refused(operation: Operation, world: World) -> None:
    keyless = replace(world.caller, partner_id=None, api_key_id=None)
    assert isinstance(refusal(operation, keyless, {}), ApiKeyMissing)
    assert isinstance(refusal(operation, Caller(door=Door.REST), {}), ApiKeyMissing)


@each(OF_A_TRAVELER)
def test_rest_without_a_token_is_refused(operation: Operation, aviare_alone: Caller) -> None:
    assert isinstance(refusal(operation, aviare_alone, {}), UserTokenMissing)


@each(KEY_IS_ENOUGH)
def test_where_a_key_is_enough_it_is(operation: Operation, world: World, aviare_alone: Caller) -> None:
    call(operation, aviare_alone, arguments_for(operation.name, world))


@each(EVERY_OPERATION)
@pytest.mark.parametrize("door", [door for door in Door if door is not Door.REST])
def test_another_door_without_a_token_is_refused(operation: Operation, door: Door, aviare_alone: Caller) -> None:
    assert isinstance(refusal(operation, Caller(door=door), {}), UserTokenMissing)
    assert isinstance(refusal(operation, replace(aviare_alone, door=door), {}), UserTokenMissing)


@each_scope(EVERY_OPERATION)
def test_a_token_that_lacks_one_scope_is_refused_at_every_door(
    operation: Operation, scope: str, ana_at_aviare: Caller, ana_by_scout: Caller
) -> None:
    for caller in (ana_at_aviare, ana_by_scout):
        lacking = replace(caller, scopes=caller.scopes - {scope})
        refused = refusal(operation, lacking, {})
        assert isinstance(refused, InsufficientScope)
        assert scope in refused.facts["missing"].split()


@each(OF_A_TRAVELER_OR_A_PARTNER)
def test_another_traveler_s_objects_are_not_found(
    operation: Operation, world: World, bo_at_aviare: Caller, bo_by_scout: Caller
) -> None:
    arguments = arguments_for(operation.name, world)
    for caller in (bo_at_aviare, bo_by_scout):
        assert isinstance(refusal(operation, caller, arguments), NotFound)


@each([operation for operation in NAMING_OBJECTS if not operation.needs_user])
def test_another_partner_s_objects_are_not_found(operation: Operation, world: World, kestrel_alone: Caller) -> None:
    assert isinstance(refusal(operation, kestrel_alone, arguments_for(operation.name, world)), NotFound)


@each([operation for operation in EVERY_OPERATION if "{user_id}" in operation.rest.path])
def test_another_user_s_path_is_not_found(operation: Operation, world: World, bo_at_aviare: Caller) -> None:
    arguments = {**arguments_for(operation.name, world), "user_id": str(world.caller.user_id)}
    assert isinstance(refusal(operation, bo_at_aviare, arguments), NotFound)
    call(operation, world.caller, arguments)


@each(EVERY_OPERATION)
def test_an_unknown_field_is_refused_by_pointer(operation: Operation, world: World, ana_by_scout: Caller) -> None:
    arguments = {**arguments_for(operation.name, world), "no_such_field": 1}
    for caller in (world.caller, ana_by_scout):
        refused = refusal(operation, caller, arguments)
        assert isinstance(refused, InvalidArguments)
        assert set(refused.fields) == {"/no_such_field"}


@each(EVERY_OPERATION)
def test_each_required_field_is_required(operation: Operation, world: World) -> None:
    arguments = arguments_for(operation.name, world)
    for name, field in operation.request_model.model_fields.items():
        if field.is_required():
            refused = refusal(operation, world.caller, {key: arguments[key] for key in arguments if key != name})
            assert refused.fields == {f"/{name}": "This field is required."}
