"""The parse step: raw arguments from a door become the operation's request model and its idempotency key."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import reduce
from typing import TYPE_CHECKING, Any

import orjson
from pydantic import ValidationError

from movmo.kit.errors import DomainError, InvalidArguments, Kind, NotFound
from movmo.operations import card_numbers
from movmo.operations.context import Caller, Door, Request

if TYPE_CHECKING:
    from movmo.operations.spec import Operation

KEY_SHAPE = r"[!#-~]{8,255}"
"""An idempotency key: visible ASCII without the double quote, which may only enclose it in the header."""
KEY_SCHEMA = {"type": "string", "minLength": 8, "maxLength": 255, "pattern": f"^{KEY_SHAPE}$"}
KEY_FIELD = "idempotency_key"
USER_FIELD = "user_id"
MOST_TOLD = 1_000
"""Mistakes of one input that are named one by one."""
NUL = "\0"
NUL_IN_JSON = rb"\u0000"


class StringArguments(dict[str, Any]):
    """Arguments that came in a URL: every value is a string, and numbers are read from them."""


class IdempotencyKeyMissing(DomainError):
    kind = Kind.INVALID
    code = "idempotency_key_missing"
    message = "This operation needs an idempotency key."
    hint = (
        "Send a new random value (a UUID will do) with each new intention, as the field `idempotency_key` or, over "
        "REST, the `Idempotency-Key` header, and the same value when you repeat a call."
    )

    @property
    def fields(self) -> dict[str, str]:
        return {f"/{KEY_FIELD}": self.text}


class IdempotencyKeyInvalid(DomainError):
    kind = Kind.INVALID
    code = "idempotency_key_invalid"
    message = "The idempotency key is not valid: {reason}."
    hint = "Send 8 to 255 visible ASCII characters without double quotes, the same in header and body if you send both."

    @property
    def fields(self) -> dict[str, str]:
        return {f"/{KEY_FIELD}": self.text}


def parse(
    operation: Operation, caller: Caller, raw: Mapping[str, Any], header_key: str | None
) -> tuple[Request, str | None]:
    """The validated request and the key. Raises InvalidArguments, NotFound or an idempotency key refusal."""
    values = dict(raw)
    _refuse_card_numbers(values, header_key)
    _refuse_other_user(values, operation, caller)
    key_field = None if operation.is_read else values.pop(KEY_FIELD, None)
    try:
        if isinstance(raw, StringArguments):
            _refuse_nul(values)
            request = operation.request_model.model_validate(values)
        else:
            text = _as_json(values)
            if NUL_IN_JSON in text:
                _refuse_nul(values)
            # As JSON, because only pydantic's JSON mode is strict about types and still reads dates from strings.
            request = operation.request_model.model_validate_json(text, strict=True)
    except ValidationError as failure:
        raise InvalidArguments(_fields(failure) | _key_problem(operation, caller, key_field, header_key)) from None
    return request, _idempotency_key(operation, caller, key_field, header_key)


def _refuse_card_numbers(values: dict[str, Any], header_key: str | None) -> None:
    """Raises CardNumberRefused. One look at the whole text first: hardly any input has so many digits in a row."""
    if card_numbers.may_be_in_json(_as_json(values).decode()):
        card_numbers.refuse(values)
    if header_key is not None:
        card_numbers.refuse(header_key, f"/{KEY_FIELD}")


def _refuse_other_user(values: dict[str, Any], operation: Operation, caller: Caller) -> None:
    """`/v1/users/{user_id}/…` names the token's own traveler, by id or as `me`; anybody else is not found."""
    if "{user_id}" not in operation.rest.path:
        return
    named = values.pop(USER_FIELD, None) if caller.door is Door.REST else None
    if named is not None and named not in ("me", str(caller.user_id)):
        raise NotFound("user")


def _key_problem(operation: Operation, caller: Caller, field: object, header_key: str | None) -> dict[str, str]:
    """What is wrong with the key, said together with what is wrong with the other fields."""
    try:
        _idempotency_key(operation, caller, field, header_key)
    except (IdempotencyKeyMissing, IdempotencyKeyInvalid) as refusal:
        return refusal.fields
    return {}


def _idempotency_key(operation: Operation, caller: Caller, field: object, header_key: str | None) -> str | None:
    if operation.is_read:
        return None
    if field is not None and not isinstance(field, str):
        raise IdempotencyKeyInvalid(reason="the field is not a string")
    header = _of_header(header_key.strip()) if header_key is not None else None
    if header is not None and field is not None and header != field:
        raise IdempotencyKeyInvalid(reason="the header and the field differ")
    key = header if header is not None else field
    if key is None:
        if operation.idempotency == "required" or caller.door is Door.MCP:
            raise IdempotencyKeyMissing
        return None
    if not re.fullmatch(KEY_SHAPE, key):
        raise IdempotencyKeyInvalid(reason="it has other than 8 to 255 visible ASCII characters, or a double quote")
    return key


def _of_header(text: str) -> str:
    """The Idempotency-Key draft makes the header a string item, in quotes; most callers send it bare.

    Two headers arrive as one, joined by a comma, and would pass for a key of their own. Raises IdempotencyKeyInvalid.
    """
    is_quoted = len(text) > 1 and text[0] == text[-1] == '"'
    key = text[1:-1] if is_quoted else text
    if "," in key and (not is_quoted or '"' in key):
        raise IdempotencyKeyInvalid(reason="the header came twice, or holds a comma outside double quotes")
    return key


def _as_json(values: dict[str, Any]) -> bytes:
    try:
        return orjson.dumps(values)
    except (TypeError, ValueError, RecursionError):
        raise InvalidArguments(
            {"": "The input is nested too deeply or holds text that is not valid Unicode."}
        ) from None


def _refuse_nul(values: dict[str, Any]) -> None:
    """PostgreSQL's text holds no NUL, and no argument has a use for one. Raises InvalidArguments."""
    if fields := {pointer: "NUL characters are not taken." for pointer in _nul_pointers(values, "")}:
        raise InvalidArguments(fields)


def _nul_pointers(value: object, pointer: str) -> Iterator[str]:
    if isinstance(value, str):
        if NUL in value:
            yield pointer
    elif isinstance(value, dict | list):
        for name, part in value.items() if isinstance(value, dict) else enumerate(value):
            # A name with a NUL cannot be repeated: the object that holds it is pointed at.
            yield from [pointer] if NUL in str(name) else _nul_pointers(part, _joined(pointer, name))


def _joined(pointer: str, part: object) -> str:
    return f"{pointer}/" + str(part).replace("~", "~0").replace("/", "~1")


def _fields(failure: ValidationError) -> dict[str, str]:
    """pydantic's errors as JSON pointers (RFC 6901) to sentences."""
    if (count := failure.error_count()) > MOST_TOLD:  # to name one takes ten times as long as to find it
        return {"": f"There are {count} mistakes in it, too many to name."}
    fields: dict[str, str] = {}
    for error in failure.errors(include_url=False, include_context=True, include_input=False):
        pointer = reduce(_joined, error["loc"], "")
        fields.setdefault(pointer, _sentence(error["type"], error["msg"]))
    return fields


def _sentence(kind: str, message: str) -> str:
    if kind == "extra_forbidden":
        return "This field is not known here."
    if kind == "missing":
        return "This field is required."
    if kind.startswith("uuid"):
        return "This must be a UUID, exactly as an earlier answer gave it."
    return message.removeprefix("Value error, ")
