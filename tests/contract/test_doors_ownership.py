"""Somebody else's is as good as absent: the same refusal, word for word, over both doors."""

import re
from typing import Any
from uuid import uuid4

import pytest

from movmo.operations import registry
from movmo.operations.context import Caller
from movmo.operations.spec import Credentials, Operation
from tests.contract import doors
from tests.contract.arguments import arguments_for
from tests.contract.doors import (  # noqa: F401  (the last two are fixtures)
    BOTH,
    REST,
    DoorName,
    Hand,
    Stage,
    committed_rows,
    every,
    ids_in,
    the_stage,
)
from tests.contract.registry import is_partner_s
from tests.contract.world import World, by_key

ID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
EACH_ID = [
    pytest.param(operation, door, name, id=f"{operation.name}-{door}-{name}")
    for operation in registry.all_operations()
    for name in ids_in(operation)
    for door in BOTH
    if doors.serves(door, operation) and not is_partner_s(operation)
]
EACH_ID_OF_A_PARTNER = [
    pytest.param(operation, name, id=f"{operation.name}-{name}")
    for operation in filter(is_partner_s, registry.all_operations())
    for name in ids_in(operation)
    if operation.request_model.model_fields[name].is_required()
]


def has_user_path(operation: Operation) -> bool:
    return "{user_id}" in operation.rest.path


def is_paged(operation: Operation) -> bool:
    return "cursor" in operation.request_model.model_fields and not is_partner_s(operation)


def takes_an_offer(operation: Operation) -> bool:
    return "offer_id" in ids_in(operation)


@pytest.mark.parametrize(("operation", "door_name", "name"), EACH_ID)
def test_another_traveler_s_object_is_not_found(
    stage: Stage, operation: Operation, door_name: DoorName, name: str
) -> None:
    """bo's own arguments, with one id of ana's among them."""
    own = stage.fresh_arguments(operation, stage.bo)
    theirs = stage.refused(door_name, operation, {**own, name: stage.arguments(operation)[name]}, hand=stage.as_bo)
    absent = stage.refused(door_name, operation, {**own, name: str(uuid4())}, hand=stage.as_bo)
    assert theirs.verdict == (404, "not_found")
    assert theirs.comparable == absent.comparable


@pytest.mark.parametrize(("operation", "name"), EACH_ID_OF_A_PARTNER)
def test_another_partner_s_object_is_not_found(stage: Stage, operation: Operation, name: str) -> None:
    """kestrel's own arguments, with one id of aviare's among them; a token beside the key changes nothing."""
    key = stage.key(stage.kestrel)
    own = arguments_for(operation.name, World(by_key(stage.kestrel)))
    for hand in (Hand(key=key), Hand(stage.as_ana.token, key)):
        theirs = stage.refused("rest", operation, {**own, name: stage.arguments(operation)[name]}, hand=hand)
        absent = stage.refused("rest", operation, {**own, name: str(uuid4())}, hand=hand)
        assert theirs.verdict == (404, "not_found")
        assert theirs.comparable == absent.comparable


@every(*REST, where=has_user_path)
def test_another_traveler_s_path_is_not_found(stage: Stage, operation: Operation, door_name: DoorName) -> None:
    own = stage.fresh_arguments(operation, stage.bo)
    theirs, absent = (
        stage.refused(door_name, operation, {**own, "user_id": user_id}, hand=stage.as_bo)
        for user_id in (str(stage.ana.pk), str(uuid4()))
    )
    assert theirs.verdict == (404, "not_found")
    assert theirs.comparable == absent.comparable


@every(*REST, where=has_user_path)
def test_a_traveler_s_own_path_may_be_spelled_out(stage: Stage, operation: Operation, door_name: DoorName) -> None:
    arguments = {**stage.fresh_arguments(operation), "user_id": str(stage.ana.pk)}
    assert not stage.call(door_name, operation, arguments).is_refusal


@every("mcp", where=has_user_path)
def test_a_tool_takes_no_traveler(stage: Stage, operation: Operation, door_name: DoorName) -> None:
    """The token says who: there is nothing to name, and nothing to get wrong."""
    told = stage.refused(door_name, operation, {**stage.arguments(operation), "user_id": str(stage.ana.pk)})
    assert (told.verdict, told.pointers) == ((400, "validation_failed"), {"/user_id"})


@every(*BOTH, where=is_paged)
def test_another_traveler_s_pages_are_not_shown(stage: Stage, operation: Operation, door_name: DoorName) -> None:
    """Neither a list nor a cursor from somebody else's list leads to anything of theirs."""
    for _ in range(2):
        stage.world().booking()
        stage.world().approval_id()
    first = {**stage.fresh_arguments(operation), "limit": 1}
    page = stage.call(door_name, operation, first)
    cursor = page.body["next_cursor"]
    rest = stage.call(door_name, operation, {"limit": 5, "cursor": cursor})
    theirs = set(ID.findall(page.answer.text + rest.answer.text)) - {page.answer.headers["x-request-id"]}
    assert len(theirs) >= 2
    for arguments in (first, {"limit": 5, "cursor": cursor}):
        told = stage.call(door_name, operation, arguments, hand=stage.as_bo)
        assert told.status in (200, 400, 404)
        assert theirs.isdisjoint(ID.findall(told.answer.text))


@every(*REST, where=takes_an_offer)
def test_another_partner_s_offer_is_not_found(stage: Stage, operation: Operation, door_name: DoorName) -> None:
    """An offer that no traveler has taken belongs to the key it was made with."""
    arguments: dict[str, Any] = stage.arguments(operation)
    made_by_key: Caller = by_key(stage.aviare)
    offer_id = str(World(made_by_key).offer().offer_id)
    hands = [Hand(stage.as_ana.token, stage.key(stage.kestrel))]
    if operation.needs is not Credentials.KEY_AND_USER:
        hands.append(Hand(key=stage.key(stage.kestrel)))
    for hand in hands:
        theirs = stage.refused(door_name, operation, {**arguments, "offer_id": offer_id}, hand=hand)
        absent = stage.refused(door_name, operation, {**arguments, "offer_id": str(uuid4())}, hand=hand)
        assert theirs.verdict == (404, "not_found")
        assert theirs.comparable == absent.comparable


@every("mcp", where=takes_an_offer)
def test_a_partner_s_offer_is_not_found_by_agents(stage: Stage, operation: Operation, door_name: DoorName) -> None:
    offer_id = str(World(by_key(stage.aviare)).offer().offer_id)
    told = stage.refused(door_name, operation, {**stage.arguments(operation), "offer_id": offer_id})
    assert told.verdict == (404, "not_found")
