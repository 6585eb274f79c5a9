"""What is marked `Redacted` is written nowhere but in the column made for it; credentials are written nowhere."""

from collections.abc import Iterator
from datetime import date
from itertools import islice
from typing import Any
from uuid import uuid4

import orjson
import pytest
from structlog.testing import capture_logs

from movmo.operations import registry
from movmo.operations.models import AuditEvent, IdempotencyRecord
from movmo.operations.redaction import MASK, is_redacted
from movmo.operations.spec import Operation
from tests.contract.doors import (  # noqa: F401  (the last two are fixtures)
    BOTH,
    DoorName,
    Hand,
    Stage,
    committed_rows,
    every,
    is_write,
    the_stage,
)
from tests.contract.world import CODE, TOKEN, raw_offer

MARKS = {
    "given_name": "Quokkamarka",
    "family_name": "Numbatmarkb",
    "birth_date": date(1971, 11, 23).isoformat(),
    "email": "wombatmarkc@example.com",
    "phone_number": "+4915577714771",
    "offer": "off_bilbymarkd",
    "number": "DUNNARTMARKE",
    "known_traveler_number": "PADEMELONF"[:9],
    "code": CODE,
    "identity_code": CODE,
    "identity_token": TOKEN,
    "vault_token": "potoroomarkgpotoroomarkg",
    "issued_on": date(1999, 11, 17).isoformat(),
    "expires_on": date(2049, 11, 19).isoformat(),
    "url": "https://hooks.example.com/brolgamarkh",
    "query": "quollmarki",
    "return_url": "https://shop.example/possummarkj",
    "customer_email": "kowarimarkk@example.com",
    # A statement of one line, about cuscusmarkm.
    "content": "a2luZCxjbGllbnRfcmVmZXJlbmNlLGN1cnJlbmN5LGdyb3NzCnNhbGUsY3VzY3VzbWFya20sRVVSLDEuMDAKIyBsaW5lcyAxCg==",
    "file_name": "chuditchmarko.csv",
    "reason": "because of dibblermarkn",
    "name": "bettongmarkp",
    "lines": '{"operation": "search_airports", "arguments": {"query": "boobookmarkl"}}',
}
MADE_BY_OTHERS = {"vault_token"}  # no value of ours is good for these
ONE_OF_THE_TWO = "initiate_contact_change"
OFFER_OR_ITS_ID = "create_checkout_session"
SPOILED = {
    "given_name": MARKS["given_name"] + "!" * 120,
    "family_name": MARKS["family_name"] + "!",
    "birth_date": MARKS["birth_date"] + "T99",
    "email": "wombatmarkc@@example.com",
    "phone_number": MARKS["phone_number"] + "x",
    "offer": [MARKS["offer"]],
    "number": MARKS["number"] + " !",
    "known_traveler_number": MARKS["known_traveler_number"] + " !",
    "code": MARKS["code"] + "0",
    "identity_code": MARKS["identity_code"] + "0",
    "identity_token": MARKS["identity_token"] * 5,
    "vault_token": MARKS["vault_token"] + " !",
    "issued_on": MARKS["issued_on"] + "T99",
    "expires_on": MARKS["expires_on"] + "T99",
    "url": MARKS["url"] + "#fragment",
    "query": MARKS["query"] * 20,
    "return_url": "javascript:possummarkj",
    "customer_email": "kowarimarkk@@example.com",
    "content": MARKS["content"] + "!",
    "file_name": MARKS["file_name"] * 20,
    "reason": MARKS["reason"] * 20,
    "name": MARKS["name"] * 20,
    "lines": MARKS["lines"] + "\n{",
}


def redacted_fields(operation: Operation) -> list[str]:
    return [name for name, declared in operation.request_model.model_fields.items() if is_redacted(declared)]


def keeps_something_private(operation: Operation) -> bool:
    return bool(redacted_fields(operation))


def marked(operation: Operation, arguments: dict[str, Any]) -> dict[str, Any]:
    """The arguments, with a mark in each redacted field that is sent."""
    values: dict[str, Any] = {name: MARKS[name] for name in redacted_fields(operation)}
    for name in set(values) & MADE_BY_OTHERS:
        values[name] = arguments.get(name, MARKS[name])
    if operation.name == ONE_OF_THE_TWO:
        del values["phone_number"]
    if "content" in values:  # which is a CSV by our own names
        arguments = {name: value for name, value in arguments.items() if name not in ("format", "mapping_id")}
    if "offer" in values:
        values["offer"] = {**raw_offer(), "id": MARKS["offer"]}
    if operation.name == OFFER_OR_ITS_ID:
        arguments = {name: value for name, value in arguments.items() if name != "offer_id"}
    return {**arguments, **values}


def written() -> Iterator[str]:
    """All that the pipeline wrote down in clear."""
    for event in AuditEvent.objects.values():
        yield str(event)
    for record in IdempotencyRecord.objects.values():
        yield str(record)


def assert_absent(secrets: list[str], texts: list[str]) -> None:
    for text in texts:
        for secret in secrets:
            assert secret.lower() not in text.lower()


def test_every_redacted_field_has_a_mark() -> None:
    """A new one needs a recognizable value in MARKS and a malformed one in SPOILED."""
    fields = {name for operation in registry.all_operations() for name in redacted_fields(operation)}
    assert fields == set(MARKS) == set(SPOILED)


@every(*BOTH, where=keeps_something_private)
def test_what_is_private_is_written_nowhere(
    stage: Stage, operation: Operation, door_name: DoorName, caplog: pytest.LogCaptureFixture
) -> None:
    arguments, key = marked(operation, stage.fresh_arguments(operation)), str(uuid4())
    with capture_logs() as log, caplog.at_level("DEBUG", logger="movmo"):
        done = stage.call(door_name, operation, arguments, key=key)
        again = stage.call(door_name, operation, arguments, key=key)
    assert not done.is_refusal, done.body
    assert again.replayed is not operation.is_read
    secret = [str(arguments.get(name, MARKS[name])) for name in redacted_fields(operation) if name != "offer"]
    assert_absent([*MARKS.values(), *secret], [*written(), str(log), caplog.text])
    if operation.is_read:
        return  # over REST it leaves no line at all
    kept = AuditEvent.objects.filter(operation=operation.name, phase="intent").latest("id").arguments
    assert kept is not None
    assert {kept[name] for name in redacted_fields(operation) if name in kept} == {MASK}
    assert set(redacted_fields(operation)) - set(kept) <= {"phone_number"}


@every(*BOTH, where=keeps_something_private)
def test_a_refusal_repeats_nothing_private(
    stage: Stage, operation: Operation, door_name: DoorName, caplog: pytest.LogCaptureFixture
) -> None:
    arguments = marked(operation, stage.arguments(operation))
    with capture_logs() as log, caplog.at_level("DEBUG", logger="movmo"):
        spoiled = [{**arguments, name: SPOILED[name]} for name in redacted_fields(operation)]
        told = [stage.refused(door_name, operation, {**one, "surprise": "x"}) for one in spoiled]
        told += [stage.refused(door_name, operation, one) for one in spoiled]
    assert all(one.status in (400, 422) for one in told)
    assert_absent(list(MARKS.values()), [*(one.answer.text for one in told), *written(), str(log), caplog.text])


@pytest.mark.parametrize("door_name", BOTH)
def test_a_spoiled_offer_is_not_repeated(stage: Stage, door_name: DoorName) -> None:
    """Whatever part of it is wrong: the refusal points at the part and quotes nothing of it."""
    operation = registry.get("create_offer")
    assert operation is not None
    for name in islice(raw_offer(), 40):
        raw = {**raw_offer(), name: {"bilbymarkd": "bilbymarkd"}}
        told = stage.call(door_name, operation, {"provider": "sandbox", "offer": raw})
        assert not told.is_refusal or "bilbymarkd" not in told.answer.text
    assert_absent(["bilbymarkd"], list(written()))


@every(*BOTH, where=is_write)
def test_credentials_are_written_nowhere(
    stage: Stage, operation: Operation, door_name: DoorName, caplog: pytest.LogCaptureFixture
) -> None:
    arguments, key = stage.fresh_arguments(operation), f"intention-{uuid4()}"
    with capture_logs() as log, caplog.at_level("DEBUG"):
        done = stage.call(door_name, operation, arguments, key=key)
        refused = stage.call(door_name, operation, {**arguments, "surprise": 1}, key=f"{key}-2")
    token, api_key = stage.as_ana.token or "", stage.as_ana.key or ""
    secrets = [token, token.rpartition(".")[2], api_key, api_key[9:-6], key]
    ours = [record.getMessage() for record in caplog.records if record.name.startswith(("movmo", "mcp", "uvicorn"))]
    texts = [*written(), str(log), *ours, done.answer.text, refused.answer.text]
    assert_absent(secrets, texts)


@every(*BOTH, where=is_write)
def test_a_refused_credential_is_written_nowhere(stage: Stage, operation: Operation, door_name: DoorName) -> None:
    token, api_key = stage.as_ana.token or "", stage.as_ana.key or ""
    hand = Hand(f"{token}A", f"{api_key[:-1]}-")
    with capture_logs() as log:
        told = stage.refused(door_name, operation, stage.arguments(operation), hand=hand)
    assert told.status == 401
    assert_absent([token, api_key[9:-6]], [*written(), str(log), told.answer.text, orjson.dumps(told.body).decode()])
