"""Every write: one key, one effect, the same answer again, over every door."""

from functools import partial
from typing import Any

import pytest
from django.apps import apps
from django.core import mail

from movmo.operations.arguments import IdempotencyKeyMissing
from movmo.operations.context import Caller
from movmo.operations.dispatch import dispatch
from movmo.operations.idempotency import IdempotencyKeyReused
from movmo.operations.models import IdempotencyRecord
from movmo.operations.spec import Idempotency, Operation
from tests.contract.arguments import arguments_for
from tests.contract.registry import READS, WRITES, each, is_partner_s
from tests.contract.world import World, with_a_yes

pytestmark = pytest.mark.django_db

KEY = "ana-means-it-once"
REQUIRED = [operation for operation in WRITES if operation.idempotency is Idempotency.REQUIRED]
OPTIONAL = [operation for operation in WRITES if operation.idempotency is Idempotency.OPTIONAL]


OURS = ("accounts", "partners", "bookings")


def rows() -> dict[str, int]:
    """How many rows each table of the domain has, and how many letters were sent."""
    models = [model for app in OURS for model in apps.get_app_config(app).get_models()]
    return {"letters": len(mail.outbox), **{model.__name__: model._default_manager.count() for model in models}}


@each(WRITES)
def test_a_replay_answers_alike_and_changes_nothing(operation: Operation, world: World) -> None:
    arguments = arguments_for(operation.name, world)
    first = dispatch(operation, world.caller, arguments, KEY)
    written = rows()
    again = dispatch(operation, world.caller, arguments, KEY)
    assert (again.view, again.status) == (first.view, first.status)
    assert (first.replayed, again.replayed) == (False, True)
    assert rows() == written


@each([operation for operation in WRITES if not is_partner_s(operation)])
def test_over_another_door_the_same_key_is_the_same_request(
    operation: Operation, world: World, ana_by_scout: Caller
) -> None:
    arguments = arguments_for(operation.name, world)
    first = with_a_yes(partial(dispatch, operation, ana_by_scout, {**arguments, "idempotency_key": KEY}))
    again = dispatch(operation, world.caller, arguments, KEY)
    assert (again.view, again.replayed) == (first.view, True)


@each([operation for operation in WRITES if operation.request_model.model_fields])
def test_with_another_payload_the_key_is_used_up(operation: Operation, world: World) -> None:
    dispatch(operation, world.caller, arguments_for(operation.name, world), KEY)
    other: dict[str, Any] = arguments_for(operation.name, world)
    others = {"given_name": "Bea", "language": "nl", "seat": "window", "url": "https://hooks.example.org/"}
    others["lines"] = '{"operation": "list_providers"}'
    if operation.name == "create_export":
        others["format"] = "jsonl"
    other.update({name: value for name, value in others.items() if name in other})
    with pytest.raises(IdempotencyKeyReused):
        dispatch(operation, world.caller, other, KEY)


@each(WRITES)
def test_an_agent_sends_a_key_with_every_write(operation: Operation, world: World, ana_by_scout: Caller) -> None:
    with pytest.raises(IdempotencyKeyMissing):
        dispatch(operation, ana_by_scout, arguments_for(operation.name, world))


@each(REQUIRED)
def test_a_partner_sends_a_key_where_it_is_required(operation: Operation, world: World) -> None:
    with pytest.raises(IdempotencyKeyMissing):
        dispatch(operation, world.caller, arguments_for(operation.name, world))


@each(OPTIONAL)
def test_a_partner_may_leave_it_out_elsewhere(operation: Operation, world: World) -> None:
    arguments = arguments_for(operation.name, world)
    stored = IdempotencyRecord.objects.count()
    assert not dispatch(operation, world.caller, arguments).replayed
    assert IdempotencyRecord.objects.count() == stored


@each(READS)
def test_a_read_stores_no_key(operation: Operation, world: World) -> None:
    arguments = arguments_for(operation.name, world)
    stored = IdempotencyRecord.objects.count()
    assert not dispatch(operation, world.caller, arguments, KEY).replayed
    assert IdempotencyRecord.objects.count() == stored
