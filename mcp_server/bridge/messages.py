"""What a pipe has to read of a message: its method, its id, and the headers that mirror it. Nothing is rewritten."""

import base64
import json
import re
from typing import Any

from mcp_server.bridge.trouble import Trouble

Message = dict[str, Any]

PARSE_ERROR = -32700
INVALID_REQUEST = -32600
SERVER_ERROR = -32000

LISTEN = "subscriptions/listen"
CANCELLED = "notifications/cancelled"
VERSION_IN_META = "io.modelcontextprotocol/protocolVersion"
# MCP 2026-07-28, Streamable HTTP: the field of `params` that the header Mcp-Name repeats.
NAMED_BY = {"tools/call": "name", "prompts/get": "name", "resources/read": "uri"}
_PLAIN = re.compile(r"[\x20-\x7e]*")
_ENCODED = re.compile(r"=\?base64\?.*\?=")


class NotAMessage(Exception):
    """`code` is JSON-RPC's."""

    def __init__(self, code: int, problem: str) -> None:
        super().__init__(f"This line is no JSON-RPC message: {problem}. Send one message, in UTF-8, on each line.")
        self.code = code


def read(line: bytes | str) -> Message:
    """Raises NotAMessage."""
    try:
        message = json.loads(line if isinstance(line, str) else line.decode())
    except (ValueError, RecursionError):
        raise NotAMessage(PARSE_ERROR, "it is not JSON") from None
    if isinstance(message, list):
        raise NotAMessage(INVALID_REQUEST, "it is a batch, which MCP has given up")
    if not isinstance(message, dict):
        raise NotAMessage(INVALID_REQUEST, "it is not an object")
    return message


def is_request(message: Message) -> bool:
    return "id" in message and "method" in message


def params_of(message: Message) -> Message:
    params = message.get("params")
    return params if isinstance(params, dict) else {}


def key_of(message_id: Any) -> str:
    """1 and "1" are two ids."""
    return json.dumps(message_id)


def modern_version(message: Message) -> str | None:
    """The protocol version that the message names itself, as those since 2026-07-28 do."""
    meta = params_of(message).get("_meta")
    version = meta.get(VERSION_IN_META) if isinstance(meta, dict) else None
    return version if isinstance(version, str) else None


def headers_of(message: Message, negotiated: str | None) -> dict[str, str]:
    """`negotiated` is what an `initialize` of the older revisions has settled."""
    version = modern_version(message)
    if version is None:
        return {} if negotiated is None else {"MCP-Protocol-Version": encoded(negotiated)}
    headers = {"MCP-Protocol-Version": encoded(version)}
    method = message.get("method")
    if isinstance(method, str):
        headers["Mcp-Method"] = encoded(method)
        name = params_of(message).get(NAMED_BY.get(method, ""))
        if isinstance(name, str):
            headers["Mcp-Name"] = encoded(name)
    return headers


def encoded(value: str) -> str:
    """As a header carries it: in base64 what would not arrive as it left."""
    if _PLAIN.fullmatch(value) and value == value.strip() and not _ENCODED.fullmatch(value):
        return value
    return f"=?base64?{base64.b64encode(value.encode('utf-8', 'replace')).decode()}?="


def error(message_id: Any, trouble: Trouble) -> bytes:
    reason = {"code": trouble.code, "retryable": trouble.retryable}
    return _error(message_id, SERVER_ERROR, str(trouble), reason)


def not_a_message(failure: NotAMessage) -> bytes:
    return _error(None, failure.code, str(failure))


def _error(message_id: Any, code: int, text: str, reason: Message | None = None) -> bytes:
    told: Message = {"code": code, "message": text}
    if reason is not None:
        told["data"] = reason
    return dump({"jsonrpc": "2.0", "id": message_id, "error": told})


def dump(message: Message) -> bytes:
    return json.dumps(message, separators=(",", ":")).encode()


def on_one_line(text: str) -> bytes:
    """JSON knows line ends between its words only, never inside of them."""
    return text.replace("\r", " ").replace("\n", " ").strip().encode()
