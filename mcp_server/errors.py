"""Refusals as agents see them: REST's envelope inside JSON-RPC, and what only this door refuses.

    DomainError
    ├── ApiKeyOnMcp         429  a partner's key on the agents' door
    ├── HeaderRepeated      400  two of a header that says who calls, or where
    ├── OriginNotAllowed    403  a page that is not ours
    ├── InvalidMessage      400  JSON, but not one JSON-RPC request or notification (a batch, for one)
    ├── UnknownTool              JSON-RPC error -32602
    ├── UnknownPrompt            the same
    └── ResourceNotFound         the same, and -32002 in the revisions before 2026-07-28

A refusal by a tool itself is no HTTP matter: it is a result with `isError`.
"""

from typing import Any

import orjson
from mcp.shared.exceptions import MCPError
from mcp_types import INVALID_PARAMS, INVALID_REQUEST, PARSE_ERROR
from mcp_types.version import MODERN_PROTOCOL_VERSIONS

from movmo.kit import http
from movmo.kit.cursor import CursorInvalid
from movmo.kit.errors import DomainError, InvalidArguments, Kind

SERVER_ERROR = -32000
"""JSON-RPC's code for what the implementation refuses; the machine word is in `error.data.code`."""

NO_SUCH_RESOURCE = -32002
"""What the revisions before 2026-07-28 had for a resource that is not there; since then it is INVALID_PARAMS."""

API_KEY_RETRY_AFTER = 3600
LONGEST_URI = 200


class ApiKeyOnMcp(DomainError):
    kind = Kind.LIMITED
    code = "api_key_on_mcp"
    message = "This call carries an `x-api-key` header; keys have a rate of 0 on the MCP door."
    hint = (
        "Remove the `x-api-key` header and send only `Authorization: Bearer <access_token>` of the traveler. "
        "API keys belong to the REST API under /v1. Waiting does not help."
    )

    def __init__(self) -> None:
        super().__init__(retry_after=API_KEY_RETRY_AFTER)


class HeaderRepeated(DomainError):
    kind = Kind.INVALID
    code = "header_repeated"
    message = "The `{header}` header came more than once."
    hint = "Send it once; a proxy on the way may be adding its own."


class OriginNotAllowed(DomainError):
    kind = Kind.FORBIDDEN
    code = "origin_not_allowed"
    message = "Pages of this Origin may not call the MCP door."
    hint = "Call from a server or a local agent host, not from a web page."


class InvalidMessage(DomainError):
    kind = Kind.INVALID
    code = "invalid_message"
    message = "The body is not one JSON-RPC 2.0 request or notification: {problem}."
    hint = "Send one message in each POST; batches are not taken."


class UnknownTool(DomainError):
    kind = Kind.NOT_FOUND
    code = "unknown_tool"
    message = "There is no tool of this name."
    hint = "Call tools/list for the names of the tools."


class UnknownPrompt(DomainError):
    kind = Kind.NOT_FOUND
    code = "unknown_prompt"
    message = "There is no prompt of this name."
    hint = "Call prompts/list for the names of the prompts."


class ResourceNotFound(DomainError):
    """Absent, somebody else's, or no URI of ours: nobody can tell which."""

    kind = Kind.NOT_FOUND
    code = "resource_not_found"
    message = "There is no such resource."
    hint = (
        "Write the URI as resources/list or resources/templates/list gives it, letter by letter, with an id from a "
        "tool's answer. What is somebody else's or was deleted is not there."
    )

    def __init__(self, uri: str = "") -> None:
        """`uri` as it came, of which no more than LONGEST_URI characters are told again."""
        facts: dict[str, Any] = {"uri": uri[:LONGEST_URI]} if uri else {}
        super().__init__(**facts)


_RPC_CODE: dict[type[DomainError], int] = {
    http.MalformedJson: PARSE_ERROR,
    InvalidMessage: INVALID_REQUEST,
    UnknownTool: INVALID_PARAMS,
    UnknownPrompt: INVALID_PARAMS,
    ResourceNotFound: INVALID_PARAMS,
    InvalidArguments: INVALID_PARAMS,
    CursorInvalid: INVALID_PARAMS,
}


def rpc_code(refusal: DomainError) -> int:
    return _RPC_CODE.get(type(refusal), SERVER_ERROR)


def envelope(refusal: DomainError, request_id: str) -> dict[str, Any]:
    """REST's envelope, and in it what REST puts into headers."""
    told = http.envelope(refusal, request_id)
    if refusal.retry_after is not None:
        told["retry_after"] = refusal.retry_after
    if refusal.replayed:
        told["replayed"] = True
    return told


def protocol_error(refusal: DomainError, request_id: str, revision: str) -> MCPError:
    """The refusal of a request that has no result to put it in, for the SDK to send."""
    code = rpc_code(refusal)
    told = envelope(refusal, request_id)
    if isinstance(refusal, ResourceNotFound):
        told |= refusal.facts  # the protocol's place for the URI
        if revision not in MODERN_PROTOCOL_VERSIONS:
            code = NO_SUCH_RESOURCE
    return MCPError(code, _with_hint(refusal), data=told)


def rpc_error(refusal: DomainError, request_id: str, message_id: str | int | None) -> bytes:
    """The refusal as a JSON-RPC error response: clients show its message even under an HTTP status that is not 200."""
    error = {"code": rpc_code(refusal), "message": _with_hint(refusal), "data": envelope(refusal, request_id)}
    return orjson.dumps({"jsonrpc": "2.0", "id": message_id, "error": error})


def _with_hint(refusal: DomainError) -> str:
    return f"{refusal.text} {refusal.hint}"
