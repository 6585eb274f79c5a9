"""The doors differ in their manners, never in what they say: the same call, the same result, the same refusal."""

import re
from collections.abc import Callable, Iterator
from typing import Any
from uuid import uuid4

import pytest

from movmo.operations import registry
from movmo.operations.spec import Operation
from tests.contract.doors import (  # noqa: F401  (the last two are fixtures)
    EVERY,
    DoorName,
    Stage,
    committed_rows,
    ids_in,
    the_stage,
)
from tests.contract.world import the

ID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|off_[0-9a-f]{32}|ase_[0-9a-f]{32,}")
# What the airline and the pages of a list make up anew each time.
MADE_UP = {"record_locator", "record_locators", "number", "next_cursor"}
NO_CONTENT = 204
OTHERS: tuple[DoorName, ...] = ("mcp", "mcp-legacy")

for_each_tool = pytest.mark.parametrize("operation", [pytest.param(tool, id=tool.name) for tool in registry.tools()])


def shape(value: Any, names: dict[str, str] | None = None) -> Any:
    """The value with every id as the ordinal of its first appearance, so that who is who still counts."""
    names = {} if names is None else names
    if isinstance(value, dict):
        return {name: bool(part) if name in MADE_UP else shape(part, names) for name, part in value.items()}
    if isinstance(value, list):
        return [shape(part, names) for part in value]
    if isinstance(value, str):
        return ID.sub(lambda found: names.setdefault(found.group(), f"id {len(names)}"), value)
    return value


@for_each_tool
def test_a_valid_call_has_one_result(stage: Stage, operation: Operation) -> None:
    told = {door: stage.call(door, operation, stage.fresh_arguments(operation)) for door in EVERY}
    assert not told["rest"].is_refusal, told["rest"].body
    assert told["rest"].status == operation.rest.status
    for door in OTHERS:
        assert not told[door].is_refusal, told[door].body
        assert told[door].replayed is False
        spoken = told["mcp"] if operation.rest.status == NO_CONTENT else told["rest"]
        assert shape(told[door].body) == shape(spoken.body)


@pytest.mark.parametrize(
    "operation", [pytest.param(tool, id=tool.name) for tool in registry.tools() if tool.is_read and not tool.open_world]
)
def test_a_read_has_one_result_to_the_letter(stage: Stage, operation: Operation) -> None:
    arguments = stage.fresh_arguments(operation)
    rest, modern, legacy = (stage.call(door, operation, arguments).body for door in EVERY)
    assert rest == modern == legacy


Spoil = Callable[[dict[str, Any]], dict[str, Any]]


def spoiled() -> Iterator[Any]:
    """Calls that are wrong in one way, for each field of each tool."""
    for operation in registry.tools():
        yield pytest.param(operation, _set("surprise", 1), id=f"{operation.name}-unknown-field")
        fields = operation.request_model.model_fields
        for name in fields:
            if f"{{{name}}}" in operation.rest.path:
                yield pytest.param(operation, _set(name, "§ nonsense"), id=f"{operation.name}-bad-{name}")
            elif operation.rest.method == "GET":
                yield pytest.param(operation, _set(name, "§"), id=f"{operation.name}-odd-{name}")
            else:
                yield pytest.param(operation, _set(name, [[]]), id=f"{operation.name}-bad-{name}")
                yield pytest.param(operation, _set(name, None), id=f"{operation.name}-null-{name}")
                yield pytest.param(operation, _without(name), id=f"{operation.name}-no-{name}")
            if name in ids_in(operation):
                yield pytest.param(operation, _set(name, str(uuid4())), id=f"{operation.name}-absent-{name}")
        if "provider" in fields:
            yield pytest.param(operation, _set("provider", "nowhere"), id=f"{operation.name}-foreign-provider")


def _set(name: str, value: Any) -> Spoil:
    return lambda arguments: {**arguments, name: value}


def _without(name: str) -> Spoil:
    return lambda arguments: {known: value for known, value in arguments.items() if known != name}


@pytest.mark.parametrize(("operation", "spoil"), list(spoiled()))
def test_an_invalid_call_has_one_refusal(stage: Stage, operation: Operation, spoil: Spoil) -> None:
    """Code, status, message, details, hint and fields: the envelope is one.

    Of fields in a URL the pointers are one. Their sentences may differ: a URL spells numbers in text, JSON does not.
    """
    # What may be left out or null is not missed: then the call stands over every door alike.
    rest, modern, legacy = (stage.call(door, operation, spoil(stage.fresh_arguments(operation))) for door in EVERY)
    assert rest.is_refusal == modern.is_refusal == legacy.is_refusal
    assert rest.pointers == modern.pointers == legacy.pointers
    others = [shape(told.comparable) for told in (modern, legacy)]
    if operation.rest.method == "GET" and rest.pointers:
        others = [{**other, "fields": rest.body["fields"]} for other in others]
    assert [shape(rest.comparable)] * 2 == others


@pytest.mark.parametrize("key", ["short", "k" * 256, None], ids=["short", "overlong", "missing"])
def test_a_bad_key_has_one_refusal(stage: Stage, key: str | None) -> None:
    operation = the("create_booking")
    arguments = stage.arguments(operation)
    rest, modern, legacy = (stage.refused(door, operation, arguments, key=key).comparable for door in EVERY)
    assert rest == modern == legacy


DOMAIN_RULES: dict[str, tuple[str, dict[str, Any], str]] = {
    "price": ("create_booking", {"expected_total": {"amount": "1.00", "currency": "EUR"}}, "price_changed"),
    "precision": ("create_booking", {"expected_total": {"amount": "1.001", "currency": "EUR"}}, "amount_precision"),
    "name": ("create_passenger_profile", {"given_name": "!!!"}, "name_invalid"),
    "unborn": ("create_passenger_profile", {"birth_date": "2099-01-01"}, "validation_failed"),
    "nobody": ("search_flights", {"adults": 0, "children": 1}, "unaccompanied_minor"),
    "infants": ("search_flights", {"adults": 1, "infants": 2}, "infant_without_adult"),
    "crowd": ("search_flights", {"adults": 9, "children": 9}, "too_many_passengers"),
    "cursor": ("search_bookings", {"cursor": "not-a-cursor"}, "cursor_invalid"),
    "shape": ("create_offer", {"offer": {"id": "off_1"}}, "offer_unrecognized"),
}


@pytest.mark.parametrize("rule", DOMAIN_RULES)
def test_a_broken_rule_has_one_refusal(stage: Stage, rule: str) -> None:
    name, changes, code = DOMAIN_RULES[rule]
    arguments = {**stage.arguments(the(name)), **changes}
    rest, modern, legacy = (stage.refused(door, the(name), arguments) for door in EVERY)
    assert rest.code == code
    assert rest.comparable == modern.comparable == legacy.comparable
