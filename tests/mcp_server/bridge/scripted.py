"""A server that does what a test tells it: Movmo's documents and tokens by default, at the door what is said."""

import json
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs

from starlette.types import Receive, Scope, Send

from mcp_server.bridge.authorization import ENDPOINTS

DOOR = "/v1/mcp"
RESOURCE = "/.well-known/oauth-protected-resource/v1/mcp"
METADATA = "/.well-known/oauth-authorization-server"
TOKEN = "/v1/oauth/token"


@dataclass(frozen=True)
class Asked:
    method: str
    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def bearer(self) -> str | None:
        return self.headers.get("authorization", "").removeprefix("Bearer ") or None

    @property
    def message(self) -> dict[str, Any]:
        return dict(json.loads(self.body))

    @property
    def form(self) -> dict[str, str]:
        return {name: values[0] for name, values in parse_qs(self.body.decode()).items()}


@dataclass(frozen=True)
class Answer:
    """`stays` keeps the stream open until the client leaves; `breaks` cuts it off."""

    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    pieces: Sequence[bytes] = ()
    stays: bool = False
    breaks: bool = False


def as_json(told: Any, status: int = 200, **headers: str) -> Answer:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Answer(status, {"content-type": "application/json", **named}, [json.dumps(told).encode()])


def events(*told: Any, **options: Any) -> Answer:
    pieces = [f"event: message\r\ndata: {json.dumps(one)}\r\n\r\n".encode() for one in told]
    return Answer(200, {"content-type": "text/event-stream"}, [b": ping\r\n\r\n", *pieces], **options)


def result(asked: Asked, **told: Any) -> dict[str, Any]:
    return {"jsonrpc": "2.0", "id": asked.message.get("id"), "result": told}


def unauthorized(scope: str = "flights:read") -> Answer:
    told = {"jsonrpc": "2.0", "id": None, "error": {"code": -32000, "message": "Sign in."}}
    return as_json(told, 401, www_authenticate=f'Bearer scope="{scope}"')


def too_narrow(scope: str) -> Answer:
    told = {"jsonrpc": "2.0", "id": None, "error": {"code": -32000, "message": "The token is too narrow."}}
    return as_json(told, 403, www_authenticate=f'Bearer error="insufficient_scope", scope="{scope}"')


class Scripted:
    def __init__(self) -> None:
        self.origin = ""
        self.asked: list[Asked] = []
        self.left = threading.Event()
        """Set when a client leaves a stream that stays."""
        self.at: dict[str, Callable[[Asked], Answer]] = {DOOR: self.door, TOKEN: self.tokens}
        self.issued = 0
        self.code = "code-1"

    def posts(self, path: str = DOOR) -> list[Asked]:
        return [asked for asked in self.asked if asked.path == path]

    def door(self, asked: Asked) -> Answer:
        if asked.bearer != f"access-{self.issued}" or not self.issued:
            return unauthorized()
        return events(result(asked, bearer=asked.bearer)) if "id" in asked.message else Answer(202)

    def tokens(self, asked: Asked) -> Answer:
        is_good = asked.form.get("code") == self.code or asked.form.get("refresh_token") == f"refresh-{self.issued}"
        if not is_good:
            return as_json({"error": "invalid_grant", "error_description": "It was spent."}, 400)
        self.issued += 1
        return as_json(self.issue())

    def issue(self, **changes: Any) -> dict[str, Any]:
        tokens = {"access_token": f"access-{self.issued}", "refresh_token": f"refresh-{self.issued}"}
        return {**tokens, "token_type": "Bearer", "expires_in": 3600, "scope": "flights:read", **changes}

    def resource(self) -> dict[str, Any]:
        return {
            "resource": self.origin + DOOR,
            "authorization_servers": [self.origin],
            "scopes_supported": ["flights:read"],
        }

    def metadata(self) -> dict[str, Any]:
        paths = ("authorize", "token", "register", "revoke")
        return {
            "issuer": self.origin,
            "code_challenge_methods_supported": ["S256"],
            **{name: f"{self.origin}/v1/oauth/{path}" for name, path in zip(ENDPOINTS, paths, strict=True)},
        }

    def answer(self, asked: Asked) -> Answer:
        if asked.path in self.at:
            return self.at[asked.path](asked)
        if asked.path == RESOURCE:
            return as_json(self.resource())
        if asked.path == METADATA:
            return as_json(self.metadata())
        if asked.path == "/v1/oauth/register":
            return as_json({"client_id": "bridge-1"}, 201)
        return Answer(200 if asked.path == "/v1/oauth/revoke" else 404)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await _live(receive, send)
            return
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        body, more = b"", True
        while more:
            message = await receive()
            body, more = body + message.get("body", b""), message.get("more_body", False)
        asked = Asked(scope["method"], scope["path"], headers, body)
        self.asked.append(asked)
        answer = self.answer(asked)
        named = [(name.encode(), value.encode()) for name, value in answer.headers.items()]
        await send({"type": "http.response.start", "status": answer.status, "headers": named})
        for piece in answer.pieces:
            await send({"type": "http.response.body", "body": piece, "more_body": True})
        if answer.stays:
            while (await receive())["type"] != "http.disconnect":
                pass
            self.left.set()
        elif not answer.breaks:  # an answer without its end makes the server cut the connection
            await send({"type": "http.response.body", "body": b""})


class Stage:
    """One place for one scripted server after another: what is left of an earlier one stays with it."""

    def __init__(self) -> None:
        self.origin = ""
        self._on = Scripted()

    def enter(self) -> Scripted:
        self._on = Scripted()
        self._on.origin = self.origin
        return self._on

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._on(scope, receive, send)


async def _live(receive: Receive, send: Send) -> None:
    for step in ("startup", "shutdown"):
        await receive()
        await send({"type": f"lifespan.{step}.complete"})
