"""One JSON-RPC request over HTTP in either era, as a careful or a careless client sends it."""

from typing import Any, Literal

import httpx2
import orjson

from movmo.accounts.models import User
from tests.contract.doors import LEGACY, MODERN, Stage, as_bytes, message_of

Era = Literal["legacy", "modern"]
ERAS: tuple[Era, ...] = ("legacy", "modern")
NAMED_BY = {"tools/call": "name", "prompts/get": "name", "resources/read": "uri"}
Message = dict[str, Any]


def say(
    stage: Stage,
    era: Era,
    method: str,
    *,
    token: str | None = None,
    headers: Any = None,
    capabilities: Any = None,
    **params: Any,
) -> Any:
    """The HTTP answer. `headers` go over those that the era demands; `capabilities` are a modern client's."""
    sent = {
        "content-type": "application/json",
        "accept": "application/json, text/event-stream",
        "authorization": f"Bearer {token or stage.as_ana.token}",
        "mcp-protocol-version": LEGACY,
    }
    if era == "modern":
        sent |= {"mcp-protocol-version": MODERN, "mcp-method": method}
        if method in NAMED_BY:
            sent["mcp-name"] = params[NAMED_BY[method]]
        params["_meta"] = {
            "io.modelcontextprotocol/protocolVersion": MODERN,
            "io.modelcontextprotocol/clientCapabilities": capabilities or {},
        }
    message = {"jsonrpc": "2.0", "id": 7, "method": method, "params": params}
    return stage.http.post("/v1/mcp", headers=as_bytes(sent | (headers or {})), content=orjson.dumps(message))


def result(answer: httpx2.Response) -> Message:
    """What a request came to; a refusal fails the test with its words."""
    message = message_of(answer)
    assert "error" not in message, message
    told: Message = message["result"]
    return told


def error(answer: httpx2.Response) -> Message:
    """The JSON-RPC error, after a look at the envelope that every one of ours carries."""
    told: Message = message_of(answer)["error"]
    assert told["data"]["request_id"] == answer.headers["x-request-id"]
    assert told["data"]["hint"] in told["message"]
    return told


def read(stage: Stage, era: Era, uri: str, **options: Any) -> httpx2.Response:
    answer: httpx2.Response = say(stage, era, "resources/read", uri=uri, **options)
    return answer


def token_of(stage: Stage, traveler: User, *scopes: str) -> str:
    token: str = stage.token(traveler, frozenset(scopes))
    return token
