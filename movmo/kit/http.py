"""What everything that speaks HTTP shares: statuses, the error envelope, request ids, and the client to call others.

DomainError
├── MalformedJson          400   the body is not one JSON object
├── MethodNotAllowed       405   this path knows other methods
├── NotAcceptable          406   the caller does not take what this door answers in
├── RequestTimeout         408   the body took longer than it may
├── BodyTooLarge           413   more than MAX_BODY bytes, where the operation takes no more
├── UnsupportedMediaType   415   the body is no JSON by its own account
└── HostNotAllowed         421   a Host that is not ours: DNS rebinding
"""

import asyncio
import re
from collections.abc import Awaitable, Callable, MutableMapping
from functools import cache
from ssl import SSLContext
from typing import Any

import httpx2
import orjson

from movmo.kit import card_digits
from movmo.kit.errors import DomainError, Kind
from movmo.kit.ids import new_id

MAX_BODY = 1_048_576
MAX_DEPTH = 100
"""Levels of nesting in a JSON body. No input has ten, and parsers behind ours give up at depths of their own."""
OUR_PATIENCE = httpx2.Timeout(30, connect=5)
_DECENT_ID = re.compile(r"[A-Za-z0-9._-]{8,64}")


class MalformedJson(DomainError):
    kind = Kind.INVALID
    code = "malformed_json"
    message = "The body could not be read as a JSON object: {reason}."
    hint = "Send one JSON object in UTF-8; nothing was changed."


class MethodNotAllowed(DomainError):
    kind = Kind.INVALID
    code = "method_not_allowed"
    message = "This path does not answer to {method}."
    hint = "Use one of the methods in the `Allow` header."


class NotAcceptable(DomainError):
    kind = Kind.INVALID
    code = "not_acceptable"
    message = "This door answers in {media_types}; the caller does not take that."
    hint = "Name these media types in the `Accept` header."


class RequestTimeout(DomainError):
    kind = Kind.INVALID
    code = "request_timeout"
    message = "The body did not arrive within {seconds} seconds."
    hint = "Send the whole request at once, on a new connection; nothing was changed."
    retryable = True


class BodyTooLarge(DomainError):
    kind = Kind.TOO_LARGE
    code = "body_too_large"
    message = "The body is larger than {limit} bytes."
    hint = "Send less at once; nothing was changed."


class HostNotAllowed(DomainError):
    kind = Kind.FORBIDDEN
    code = "host_not_allowed"
    message = "This server does not answer for the Host of the request."
    hint = "Call the server by the address in its protected resource metadata."


class UnsupportedMediaType(DomainError):
    kind = Kind.INVALID
    code = "unsupported_media_type"
    message = "A body of the type {media_type} cannot be read here."
    hint = "Send the body as `Content-Type: application/json`."


class Disconnected(Exception):
    """The client left before its body was complete; there is nobody to answer."""


STATUS_BY_KIND = {
    Kind.INVALID: 400,
    Kind.UNAUTHENTICATED: 401,
    Kind.FORBIDDEN: 403,
    Kind.NOT_FOUND: 404,
    Kind.CONFLICT: 409,
    Kind.TOO_LARGE: 413,
    Kind.RULE: 422,
    Kind.LIMITED: 429,
    Kind.INTERNAL: 500,
    Kind.UPSTREAM_REFUSED: 502,
    Kind.UPSTREAM_UNREACHABLE: 503,
}
# Where HTTP is more exact than a kind.
_STATUS_BY_CODE = {
    "method_not_allowed": 405,
    "not_acceptable": 406,
    "request_timeout": 408,
    "unsupported_media_type": 415,
    "host_not_allowed": 421,
}


def status_of(error: DomainError | type[DomainError]) -> int:
    return _STATUS_BY_CODE.get(error.code) or STATUS_BY_KIND[error.kind]


def envelope(error: DomainError, request_id: str) -> dict[str, Any]:
    """What every door says of a refusal, in plain JSON values. Machines read `code`, people `message` and `hint`."""
    told: dict[str, Any] = {
        "message": error.text,
        "status_code": status_of(error),
        "code": error.code,
        "details": error.facts,
        "hint": error.hint,
        "retryable": error.retryable,
        "request_id": request_id,
    }
    if error.fields:
        told["fields"] = error.fields
    plain: dict[str, Any] = orjson.loads(orjson.dumps(told, default=str))
    return plain


def leaves_body_unread(error: DomainError) -> bool:
    """Whether the connection has to end with this answer: what is left of the body would pass for the next request."""
    return isinstance(error, BodyTooLarge | RequestTimeout)


def refuse_declared_excess(content_length: bytes | str | None, *, limit: int = MAX_BODY) -> None:
    """Refuse a body by its declared length, before anything of it is read. Raises BodyTooLarge."""
    if content_length and content_length.isdigit() and (len(content_length) > 20 or int(content_length) > limit):
        raise BodyTooLarge(limit=limit)


async def read_body(
    receive: Callable[[], Awaitable[MutableMapping[str, Any]]],
    content_length: bytes | None,
    *,
    seconds: float,
    limit: int = MAX_BODY,
) -> bytes:
    """The whole body of an ASGI request. Raises BodyTooLarge, RequestTimeout or Disconnected.

    The deadline is over all of it: one that each piece renewed would let a client drip for hours.
    """
    refuse_declared_excess(content_length, limit=limit)
    body = bytearray()
    try:
        async with asyncio.timeout(seconds):
            while True:
                message = await receive()
                if message["type"] == "http.disconnect":
                    raise Disconnected
                body += message.get("body", b"")
                if len(body) > limit:
                    raise BodyTooLarge(limit=limit)
                if not message.get("more_body", False):
                    return bytes(body)
    except TimeoutError:
        raise RequestTimeout(seconds=seconds) from None


def read_json(body: bytes) -> Any:
    """Raises MalformedJson, also for what is nested deeper than MAX_DEPTH."""
    try:
        value = orjson.loads(body)
    except orjson.JSONDecodeError as failure:
        raise MalformedJson(reason=f"line {failure.lineno}, column {failure.colno}") from None
    if body.count(b"[") + body.count(b"{") > MAX_DEPTH and _is_too_deep(value):
        raise MalformedJson(reason=f"it is nested more than {MAX_DEPTH} levels deep")
    return value


def _is_too_deep(value: Any) -> bool:
    level = [value]
    for _ in range(MAX_DEPTH + 1):
        level = [whole for whole in level if isinstance(whole, dict | list)]
        if not level:
            return False
        level = [part for whole in level for part in (whole.values() if isinstance(whole, dict) else whole)]
    return True


def request_id(offered: str | None) -> str:
    """The caller's own request id where it is decent, which no card number is: ids are logged. Else a new UUIDv7."""
    is_decent = offered is not None and _DECENT_ID.fullmatch(offered) and not card_digits.is_in(offered)
    return offered if offered is not None and is_decent else str(new_id())


def client(*, base_url: str = "", headers: dict[str, str] | None = None) -> httpx2.AsyncClient:
    """For calling others: deadlines on everything, no redirects followed, no proxy taken from the environment."""
    return httpx2.AsyncClient(
        base_url=base_url,
        headers=headers,
        timeout=OUR_PATIENCE,
        follow_redirects=False,
        trust_env=False,
        verify=_trust(),
    )


def blocking_client(*, base_url: str, auth: tuple[str, str]) -> httpx2.Client:
    """The same for a thread."""
    return httpx2.Client(
        base_url=base_url,
        auth=auth,
        timeout=OUR_PATIENCE,
        follow_redirects=False,
        trust_env=False,
        verify=_trust(),
    )


@cache
def _trust() -> SSLContext:
    """Whose certificates are believed: to read them takes longer than most calls, so clients share them."""
    return httpx2.create_ssl_context(trust_env=False)
