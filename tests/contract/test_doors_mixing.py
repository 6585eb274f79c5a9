"""Credentials where they do not belong, or two where one is meant: every operation, over each door that serves it.

A key is for REST and in its header, a token in the other; nothing is read from anywhere else. Whatever is refused here
changes nothing (`stage.refused`), and what was sent is not repeated in the answer.
"""

from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import httpx2
import pytest

from movmo.kit import clock
from movmo.operations.scopes import SCOPES
from movmo.operations.spec import Credentials, Operation
from partners.api_key import secret, services
from tests import factories
from tests.contract.doors import BOTH, MCP, REST, DoorName, Hand, Stage, Told, committed_rows, every, the_stage  # noqa: F401  (fixtures)
from tests.contract.world import the

BAD_KEY = "mvm_test_" + "0" * 36
BAD_TOKEN = "garbage"


def needs_user(operation: Operation) -> bool:
    return operation.needs is Credentials.KEY_AND_USER


def key_is_enough(operation: Operation) -> bool:
    return not needs_user(operation)


def revoked_key(stage: Stage) -> str:
    key, raw = services.issue(partner=stage.aviare, name="revoked", now=clock.now())
    services.revoke(key, now=clock.now())
    return raw


KEYS: dict[str, Callable[[Stage], str]] = {
    "good": lambda stage: stage.key(stage.aviare),
    "bad": lambda stage: BAD_KEY,
    "unknown": lambda stage: secret.generate(live=True),
    "revoked": revoked_key,
    "empty": lambda stage: "",
}


@pytest.mark.parametrize("kind", KEYS)
@pytest.mark.parametrize("token", ["good", "bad", "none"])
@every(*MCP)
def test_a_key_on_the_agents_door_is_told_to_leave(
    stage: Stage, operation: Operation, door_name: DoorName, token: str, kind: str
) -> None:
    hand = {"good": stage.as_ana, "bad": Hand(BAD_TOKEN), "none": Hand()}[token]
    sent = {"x-api-key": KEYS[kind](stage)}
    told = stage.refused(door_name, operation, stage.arguments(operation), hand=hand, **sent)
    assert told.verdict == (429, "api_key_on_mcp")
    assert int(told.answer.headers["retry-after"]) > 0
    assert "Remove the `x-api-key` header" in told.body["hint"]


@every(*BOTH)
def test_a_key_in_the_place_of_the_token_is_told_apart(stage: Stage, operation: Operation, door_name: DoorName) -> None:
    key = stage.key(stage.aviare)
    told = stage.refused(door_name, operation, stage.arguments(operation), hand=Hand(token=key, key=key))
    assert told.verdict == (401, "token_is_api_key")
    assert 'error="invalid_token"' in told.answer.headers["www-authenticate"]
    assert key not in told.answer.text


@every(*REST)
def test_a_token_in_the_place_of_the_key_is_refused(stage: Stage, operation: Operation, door_name: DoorName) -> None:
    token = stage.token(stage.ana)
    told = stage.refused(door_name, operation, stage.arguments(operation), hand=Hand(token=token, key=token))
    assert told.verdict == (401, "api_key_invalid")
    assert "mvm_live_" in told.body["hint"]


@every(*REST)
def test_of_a_bad_key_and_a_bad_token_the_key_is_told_first(
    stage: Stage, operation: Operation, door_name: DoorName
) -> None:
    told = stage.refused(door_name, operation, stage.arguments(operation), hand=Hand(BAD_TOKEN, BAD_KEY))
    assert told.verdict == (401, "api_key_invalid")
    assert "error=" not in told.answer.headers["www-authenticate"]


@every(*REST)
def test_a_good_key_does_not_make_up_for_a_bad_token(stage: Stage, operation: Operation, door_name: DoorName) -> None:
    hand = Hand(BAD_TOKEN, stage.key(stage.aviare))
    told = stage.refused(door_name, operation, stage.arguments(operation), hand=hand)
    assert told.verdict == (401, "token_invalid")


@every(*BOTH, where=needs_user)
def test_basic_authentication_is_no_token(stage: Stage, operation: Operation, door_name: DoorName) -> None:
    sent = {"authorization": "Basic c2NvdXQ6c2VjcmV0"}
    hand = Hand(key=stage.key(stage.aviare))
    told = stage.refused(door_name, operation, stage.arguments(operation), hand=hand, **sent)
    assert told.verdict == (401, "token_missing")
    assert told.answer.headers["www-authenticate"].startswith("Bearer ")


@every(*REST)
def test_a_key_in_a_cookie_is_none(stage: Stage, operation: Operation, door_name: DoorName) -> None:
    key = stage.key(stage.aviare)
    sent = {"cookie": f"x-api-key={key}; api_key={key}"}
    told = stage.refused(door_name, operation, stage.arguments(operation), hand=Hand(stage.token(stage.ana)), **sent)
    assert told.verdict == (401, "api_key_missing")


@every(*REST)
def test_a_key_under_a_name_with_underscores_is_none(stage: Stage, operation: Operation, door_name: DoorName) -> None:
    sent = {"x_api_key": stage.key(stage.aviare)}
    told = stage.refused(door_name, operation, stage.arguments(operation), hand=Hand(stage.token(stage.ana)), **sent)
    assert told.verdict == (401, "api_key_missing")


@pytest.mark.parametrize("name", ["x-api-key", "api_key", "access_token"])
@every(*BOTH)
def test_a_credential_in_the_body_is_refused(
    stage: Stage, operation: Operation, door_name: DoorName, name: str
) -> None:
    """Over REST a read has no body: there it stands in the address."""
    value = stage.token(stage.ana) if name == "access_token" else stage.key(stage.aviare)
    told = stage.refused(door_name, operation, {**stage.arguments(operation), name: value})
    in_url = door_name == "rest" and operation.rest.method in ("GET", "DELETE")
    assert told.verdict == (400, "credential_in_url" if in_url else "validation_failed")
    assert value not in told.answer.text


@pytest.mark.parametrize("name", ["access_token", "x-api-key"])
@every("rest", "mcp")
def test_a_credential_in_the_address_is_refused_and_not_used(
    stage: Stage, operation: Operation, door_name: DoorName, name: str
) -> None:
    value = stage.token(stage.ana) if name == "access_token" else stage.key(stage.aviare)
    for hand in (stage.as_ana, Hand()):
        answer = knock(stage, operation, door_name, hand, query=f"{name}={quote(value)}")
        told = answer.json() if door_name == "rest" else answer.json()["error"]["data"]
        assert (answer.status_code, told["code"]) == (400, "credential_in_url")
        assert "revoke it" in told["hint"]
        assert value not in answer.text


@every(*REST, where=needs_user)
def test_of_two_tokens_neither_counts(stage: Stage, operation: Operation, door_name: DoorName) -> None:
    for first, second in ((stage.as_ana, stage.as_bo), (stage.as_ana, stage.as_ana)):
        answer = knock(stage, operation, door_name, first, again=[("authorization", f"Bearer {second.token}")])
        assert (answer.status_code, answer.json()["code"]) == (401, "token_invalid")


@every(*REST)
def test_of_two_keys_neither_counts(stage: Stage, operation: Operation, door_name: DoorName) -> None:
    for other in (stage.kestrel, stage.aviare):
        answer = knock(stage, operation, door_name, stage.as_ana, again=[("x-api-key", stage.key(other))])
        assert (answer.status_code, answer.json()["code"]) == (401, "api_key_invalid")
        assert "once" in answer.json()["hint"]


@every(*REST, where=key_is_enough)
def test_a_token_that_is_not_needed_is_still_held_to_its_partner(
    stage: Stage, operation: Operation, door_name: DoorName
) -> None:
    theirs = factories.token(stage.ana, SCOPES, factories.application("kestrel-web", of=stage.kestrel))
    hand = Hand(theirs, stage.key(stage.aviare))
    told = stage.refused(door_name, operation, stage.arguments(operation), hand=hand)
    assert told.verdict == (403, "token_not_for_partner")


@pytest.mark.parametrize("door_name", MCP)
def test_over_mcp_a_partner_s_own_client_needs_no_key(stage: Stage, door_name: DoorName) -> None:
    ours = factories.token(stage.ana, SCOPES, factories.application("aviare-web", of=stage.aviare))
    told: Told = stage.call(door_name, the("list_providers"), {}, hand=Hand(ours))
    assert not told.is_refusal


def knock(
    stage: Stage,
    operation: Operation,
    door_name: DoorName,
    hand: Hand,
    *,
    query: str = "",
    again: list[tuple[str, str]] | None = None,
) -> httpx2.Response:
    """A bare request, for what a door of `doors` would not send. Its arguments do not matter: it gets no further."""
    if door_name == "mcp":
        method, path = "POST", "/v1/mcp"
    else:
        method, path = operation.rest.method, operation.rest.path.replace("{", "").replace("}", "")
    key = {"x-api-key": hand.key} if hand.key is not None and door_name == "rest" else {}
    headers = [*hand.bearer.items(), *key.items(), ("content-type", "application/json"), *(again or [])]
    return stage.http.request(method, f"{path}?{query}", headers=headers, content=b"{}" if method != "GET" else b"")


def asks_a_provider(operation: Operation) -> bool:
    return operation.name == "search_flights" or "provider" in operation.request_model.model_fields


@every(*REST, where=asks_a_provider)
def test_a_live_key_does_not_reach_the_sandbox(stage: Stage, operation: Operation, door_name: DoorName) -> None:
    hand = Hand(stage.token(stage.ana), factories.api_key(stage.aviare, live=True))
    told = stage.refused(door_name, operation, stage.arguments(operation), hand=hand)
    assert told.verdict == (403, "provider_not_for_key")
    assert told.body["details"] == {"provider": "sandbox", "called_with": "with a live key", "reached": []}
    assert "mvm_test_" in told.body["hint"]


@every(*MCP, where=asks_a_provider)
def test_in_production_no_agent_reaches_the_sandbox(
    stage: Stage, operation: Operation, door_name: DoorName, settings: Any
) -> None:
    arguments = stage.arguments(operation)
    settings.MOVMO_SANDBOX_FOR_AGENTS = False
    told = stage.refused(door_name, operation, arguments)
    assert told.verdict == (403, "provider_not_for_key")
    assert told.body["details"]["called_with"] == "by agents"
