"""What cannot be read: every operation refuses it over both doors, by pointer, and changes nothing."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any, get_args
from uuid import uuid4

import orjson
import pytest
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from bookings.offer.models import Offer
from movmo.kit import clock, cursor
from movmo.operations import registry
from movmo.operations.spec import Operation
from tests.contract import doors
from tests.contract.doors import (  # noqa: F401  (the last two are fixtures)
    BOTH,
    DoorName,
    Stage,
    committed_rows,
    every,
    is_write,
    path_names,
    serves,
    the_stage,
)
from tests.contract.world import raw_offer, the

IN_THE_URL = ("GET", "DELETE")
NONSENSE: Any = [[]]


def comes_in_the_url(operation: Operation, door: DoorName, name: str) -> bool:
    return door == "rest" and (operation.rest.method in IN_THE_URL or name in path_names(operation))


def has_body(operation: Operation, door: DoorName) -> bool:
    return door == "mcp" or operation.rest.method not in IN_THE_URL


def takes_any_text(annotation: Any) -> bool:
    return annotation is str or any(takes_any_text(part) for part in get_args(annotation)[:1])


def each_field() -> Iterator[Any]:
    for operation in registry.all_operations():
        for name, field in operation.request_model.model_fields.items():
            sent_as = field.alias or name
            for door in BOTH:
                if serves(door, operation):
                    yield pytest.param(operation, door, sent_as, id=f"{operation.name}-{door}-{sent_as}")


def field_sent_as(operation: Operation, name: str) -> FieldInfo:
    fields = operation.request_model.model_fields
    return next(field for known, field in fields.items() if name == (field.alias or known))


with_each_field = pytest.mark.parametrize(("operation", "door_name", "name"), list(each_field()))


@every(*BOTH)
def test_an_unknown_field_is_named(stage: Stage, operation: Operation, door_name: DoorName) -> None:
    told = stage.refused(door_name, operation, {**stage.arguments(operation), "sur/pri~se": "x"})
    assert told.verdict == (400, "validation_failed")
    assert told.body["fields"] == {"/sur~1pri~0se": "This field is not known here."}


@every(*BOTH)
def test_an_unknown_field_of_a_part_is_named(stage: Stage, operation: Operation, door_name: DoorName) -> None:
    for name, declared in operation.request_model.model_fields.items():
        inside = [part for part in (declared.annotation, *get_args(declared.annotation)) if _is_model(part)]
        value = stage.arguments(operation).get(name)
        if not inside or not value:
            continue
        spoiled = [{**value[0], "surprise": 1}] if isinstance(value, list) else {**value, "surprise": 1}
        told = stage.refused(door_name, operation, {**stage.arguments(operation), name: spoiled})
        pointer = f"/{name}/0/surprise" if isinstance(value, list) else f"/{name}/surprise"
        assert (told.verdict, told.pointers) == ((400, "validation_failed"), {pointer})


def _is_model(part: Any) -> bool:
    return isinstance(part, type) and issubclass(part, BaseModel)


@with_each_field
def test_a_field_of_a_wrong_type_is_named(stage: Stage, operation: Operation, door_name: DoorName, name: str) -> None:
    wrong = NONSENSE
    if comes_in_the_url(operation, door_name, name):
        any_text = takes_any_text(field_sent_as(operation, name).annotation)
        wrong = "x" * 2_000 if any_text else "nonsense"
    told = stage.refused(door_name, operation, {**stage.arguments(operation), name: wrong})
    assert told.verdict == (400, "validation_failed")
    assert told.pointers
    assert all(pointer == f"/{name}" or pointer.startswith(f"/{name}/") for pointer in told.pointers)


@with_each_field
def test_a_required_field_is_asked_for(stage: Stage, operation: Operation, door_name: DoorName, name: str) -> None:
    in_path = door_name == "rest" and name in path_names(operation)
    if in_path or not field_sent_as(operation, name).is_required():
        return
    arguments = {known: value for known, value in stage.arguments(operation).items() if known != name}
    told = stage.refused(door_name, operation, arguments)
    assert told.verdict == (400, "validation_failed")
    assert told.body["fields"] == {f"/{name}": "This field is required."}


@with_each_field
def test_a_nul_character_is_refused(stage: Stage, operation: Operation, door_name: DoorName, name: str) -> None:
    """PostgreSQL could not keep it; SQLite could, and the two must not differ."""
    told = stage.refused(door_name, operation, {**stage.arguments(operation), name: "sand\0box"})
    assert told.verdict == (400, "validation_failed")
    assert told.body["fields"] == {f"/{name}": "NUL characters are not taken."}


@pytest.mark.parametrize("door_name", BOTH)
def test_a_nul_character_deep_in_an_offer_is_refused(stage: Stage, door_name: DoorName) -> None:
    for spoiled in ({"slices": [{"fare~brand": "\0"}]}, {"slices": [{"fare~brand": {"\0": 1}}]}):
        told = stage.refused(door_name, the("create_offer"), {"provider": "sandbox", "offer": spoiled})
        assert (told.verdict, told.pointers) == ((400, "validation_failed"), {"/offer/slices/0/fare~0brand"})


@pytest.mark.parametrize("door_name", BOTH)
def test_an_escape_that_only_looks_like_nul_is_taken(stage: Stage, door_name: DoorName) -> None:
    offer = {**raw_offer(), "note": "a backslash: \\u0000"}
    assert not stage.call(door_name, the("create_offer"), {"provider": "sandbox", "offer": offer}).is_refusal


BROKEN = {
    "cut": b'{"provider": ',
    "nan": b'{"limit": NaN}',
    "not-utf-8": b'{"provider": "\xff"}',
    "lone-surrogate": b'{"provider": "\\ud800"}',
    "deep": b'{"a":' * 5_000 + b"1" + b"}" * 5_000,
}


@pytest.mark.parametrize("kind", BROKEN)
@every(*BOTH)
def test_broken_json_is_told_so(stage: Stage, operation: Operation, door_name: DoorName, kind: str) -> None:
    if has_body(operation, door_name):
        assert stage.refused_text(door_name, operation, BROKEN[kind]).verdict == (400, "malformed_json")


@pytest.mark.parametrize("text", [b"[]", b'"text"', b"7", b"true"])
@every("rest", where=lambda operation: operation.rest.method not in IN_THE_URL)
def test_a_body_that_is_no_object_is_told_so(
    stage: Stage, operation: Operation, door_name: DoorName, text: bytes
) -> None:
    assert stage.refused_text(door_name, operation, text).verdict == (400, "malformed_json")


@pytest.mark.parametrize("text", [b"[]", b'"text"', b"7", b"true"])
@every("mcp", "mcp-legacy")
def test_arguments_that_are_no_object_are_a_protocol_error(
    stage: Stage, operation: Operation, door_name: DoorName, text: bytes
) -> None:
    before = doors.counts()
    told = stage.door(door_name).say(operation, text, stage.as_ana, {})
    assert told.verdict == (400, "invalid_message")
    assert "`arguments` is not an object" in told.body["message"]
    assert doors.counts() == before


@every(*BOTH)
def test_nesting_as_deep_as_json_allows_is_refused(stage: Stage, operation: Operation, door_name: DoorName) -> None:
    if not has_body(operation, door_name):
        return
    deep = b"[" * 900 + b"]" * 900
    for name in operation.request_model.model_fields:
        text = orjson.dumps({name: "@"}).replace(b'"@"', deep)
        told = stage.refused_text(door_name, operation, text)
        assert told.status == 400
        assert told.code in ("validation_failed", "idempotency_key_missing", "malformed_json")


@every(*BOTH)
def test_more_than_may_be_sent_is_refused(stage: Stage, operation: Operation, door_name: DoorName) -> None:
    if has_body(operation, door_name):
        text = b'{"a": "' + b"x" * operation.max_body + b'"}'
        assert stage.refused_text(door_name, operation, text).verdict == (413, "body_too_large")


BAD_KEYS = {
    "short": "seven-7",
    "overlong": "k" * 256,
    "spaces": "two words of a key",
    "quoted-only": '""',
    "tab": "tab\tin-a-key",
}


@pytest.mark.parametrize("kind", BAD_KEYS)
@every(*BOTH, where=is_write)
def test_a_bad_idempotency_key_is_refused(stage: Stage, operation: Operation, door_name: DoorName, kind: str) -> None:
    told = stage.refused(door_name, operation, stage.arguments(operation), key=BAD_KEYS[kind])
    assert told.verdict == (400, "idempotency_key_invalid")


@every(*BOTH, where=is_write)
def test_a_missing_idempotency_key_is_asked_for(stage: Stage, operation: Operation, door_name: DoorName) -> None:
    if door_name == "rest" and operation.idempotency != "required":
        assert not stage.call(door_name, operation, stage.fresh_arguments(operation), key=None).is_refusal
    else:
        told = stage.refused(door_name, operation, stage.arguments(operation), key=None)
        assert told.verdict == (400, "idempotency_key_missing")


@every("rest", where=is_write)
def test_a_key_in_header_and_body_must_agree(stage: Stage, operation: Operation, door_name: DoorName) -> None:
    arguments = {**stage.arguments(operation), "idempotency_key": "key-of-body"}
    told = stage.refused(door_name, operation, arguments, key="key-of-header")
    assert told.verdict == (400, "idempotency_key_invalid")


@pytest.mark.parametrize("door_name", BOTH)
@pytest.mark.parametrize(("amount", "currency"), [("10.123", "EUR"), ("100.5", "JPY"), ("1.2345", "KWD")])
def test_an_amount_keeps_to_its_currency_s_decimals(
    stage: Stage, door_name: DoorName, amount: str, currency: str
) -> None:
    booking = the("create_booking")
    arguments = {**stage.arguments(booking), "expected_total": {"amount": amount, "currency": currency}}
    told = stage.refused(door_name, booking, arguments)
    assert (told.verdict, told.pointers) == ((422, "amount_precision"), {"/expected_total/amount"})
    assert told.body["details"]["currency"] == currency


@pytest.mark.parametrize("door_name", BOTH)
@pytest.mark.parametrize("amount", ["412,30", "4.12e2", "-1.00", " 1.00 x", "٤١٢", 412.3])
def test_an_amount_is_a_plain_decimal(stage: Stage, door_name: DoorName, amount: Any) -> None:
    booking = the("create_booking")
    arguments = {**stage.arguments(booking), "expected_total": {"amount": amount, "currency": "EUR"}}
    told = stage.refused(door_name, booking, arguments)
    assert (told.verdict, told.pointers) == ((400, "validation_failed"), {"/expected_total/amount"})


@pytest.mark.parametrize("door_name", BOTH)
def test_a_raw_offer_s_amounts_keep_to_their_currency_too(stage: Stage, door_name: DoorName) -> None:
    raw = {**raw_offer(), "total_amount": "118.701"}
    told = stage.refused(door_name, the("create_offer"), {"provider": "sandbox", "offer": raw})
    assert (told.verdict, told.pointers) == ((422, "amount_precision"), {"/offer/total_amount"})


AMADEUS = {
    "type": "flight-offer",
    "id": "1",
    "source": "GDS",
    "itineraries": [{"duration": "PT3H5M", "segments": [{"departure": {"iataCode": "MUC"}, "carrierCode": "LH"}]}],
    "price": {"currency": "EUR", "total": "412.30", "base": "300.00"},
    "travelerPricings": [{"travelerId": "1", "fareOption": "STANDARD"}],
}


@pytest.mark.parametrize("door_name", BOTH)
@pytest.mark.parametrize("offer", [AMADEUS, {}, {"offers": [AMADEUS]}], ids=["amadeus", "empty", "wrapped"])
def test_another_system_s_offer_is_not_recognized(stage: Stage, door_name: DoorName, offer: dict[str, Any]) -> None:
    told = stage.refused(door_name, the("create_offer"), {"provider": "sandbox", "offer": offer})
    assert told.verdict == (400, "offer_unrecognized")
    assert told.body["fields"] == {"/offer/slices": "missing"}


FIRST_MISSING = ["slices", "id", "passengers", "owner", "expires_at", "base_amount", "total_currency"]


@pytest.mark.parametrize("door_name", BOTH)
@pytest.mark.parametrize("position", range(len(FIRST_MISSING)), ids=FIRST_MISSING)
def test_the_first_missing_part_of_an_offer_is_named(stage: Stage, door_name: DoorName, position: int) -> None:
    gone = FIRST_MISSING[position:]
    raw = {name: value for name, value in raw_offer().items() if name not in gone}
    told = stage.refused(door_name, the("create_offer"), {"provider": "sandbox", "offer": raw})
    assert told.verdict == (400, "offer_unrecognized")
    assert told.body["fields"] == {f"/offer/{gone[0]}": "missing"}


@pytest.mark.parametrize("door_name", BOTH)
def test_a_missing_part_deep_in_an_offer_is_named(stage: Stage, door_name: DoorName) -> None:
    raw = orjson.loads(orjson.dumps(raw_offer()))
    del raw["slices"][0]["segments"][0]["origin"]["iata_code"]
    told = stage.refused(door_name, the("create_offer"), {"provider": "sandbox", "offer": raw})
    assert told.pointers == {"/offer/slices/0/segments/0/origin/iata_code"}


@pytest.mark.parametrize("name", ["update_passenger", "create_booking"])
@pytest.mark.parametrize("door_name", BOTH)
def test_an_offer_past_its_time_is_stale(stage: Stage, door_name: DoorName, name: str) -> None:
    arguments = stage.arguments(the(name))
    expires_at = Offer.objects.get(pk=arguments["offer_id"]).expires_at
    with clock.stopped_at(expires_at):
        told = stage.refused(door_name, the(name), arguments)
    assert told.verdict == (409, "offer_stale")
    assert told.body["details"]["expires_at"] == expires_at.isoformat()


@pytest.mark.parametrize("door_name", BOTH)
def test_a_raw_offer_past_its_time_is_stale(stage: Stage, door_name: DoorName) -> None:
    offer = raw_offer()
    with clock.stopped_at(clock.now() + timedelta(minutes=59)):
        told = stage.refused(door_name, the("create_offer"), {"provider": "sandbox", "offer": offer})
    assert told.verdict == (409, "offer_stale")


POSITIONS: list[list[Any]] = [[], [str(uuid4()), 2**64 - 1], [str(uuid4()), -(2**63)], ["\0", 1], [str(uuid4())] * 2]


@pytest.mark.parametrize("position", POSITIONS, ids=["empty", "giant", "negative", "nul", "two-ids"])
@every(*BOTH, where=lambda operation: "cursor" in operation.request_model.model_fields)
def test_a_forged_cursor_breaks_nothing(
    stage: Stage, operation: Operation, door_name: DoorName, position: list[Any]
) -> None:
    path = {name: stage.arguments(operation)[name] for name in path_names(operation) if name != "user_id"}
    told = stage.call(door_name, operation, {**path, "cursor": cursor.encode(position)})
    if told.is_refusal:
        assert told.verdict == (400, "cursor_invalid")
    else:
        assert told.body["data"] == []


@pytest.mark.parametrize("door_name", BOTH)
def test_an_unknown_provider_is_not_found(stage: Stage, door_name: DoorName) -> None:
    told = stage.refused(door_name, the("get_provider_capabilities"), {"provider": "nowhere"})
    assert told.verdict == (404, "provider_not_found")
    assert told.body["details"]["known"] == ["sandbox"]
