"""The HTTP messages of the bench, complete and ready to be sent."""

from __future__ import annotations

import json
from typing import Any

from tests.bench.records import Cast
from tests.bench.stage import HOST

MODERN = "2026-07-28"
LEGACY = "2025-11-25"


def rest(cast: Cast, method: str, path: str, body: dict[str, Any] | None = None, key: str | None = None) -> str:
    headers = {"x-api-key": cast.api_key, "authorization": f"Bearer {cast.token}", "accept": "application/json"}
    if key is not None:
        headers["idempotency-key"] = key
    return _message(method, path, headers, body)


def mcp(cast: Cast, tool: str, arguments: dict[str, Any], *, version: str = MODERN) -> str:
    """tools/call over Streamable HTTP, as the revision writes it."""
    return _rpc(cast, "tools/call", {"name": tool, "arguments": arguments}, version)


def tools(cast: Cast) -> str:
    return _rpc(cast, "tools/list", {}, MODERN)


def _rpc(cast: Cast, method: str, params: dict[str, Any], version: str) -> str:
    headers = {
        "authorization": f"Bearer {cast.token}",
        "accept": "application/json, text/event-stream",
        "mcp-protocol-version": version,
    }
    if version == MODERN:
        headers |= {"mcp-method": method, **({"mcp-name": params["name"]} if "name" in params else {})}
        meta = {
            "io.modelcontextprotocol/protocolVersion": MODERN,
            "io.modelcontextprotocol/clientCapabilities": {},
        }
        params = {**params, "_meta": meta}
    body = {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}
    return _message("POST", "/v1/mcp", headers, body)


def _message(method: str, path: str, headers: dict[str, str], body: dict[str, Any] | None) -> str:
    """One HTTP/1.1 request. Everything in it is ASCII."""
    payload = "" if body is None else json.dumps(body)
    sent = {"host": HOST, **headers}
    if body is not None:
        sent |= {"content-type": "application/json", "content-length": str(len(payload))}
    lines = [f"{method} {path} HTTP/1.1", *(f"{name}: {value}" for name, value in sent.items())]
    return "\r\n".join(lines) + "\r\n\r\n" + payload
