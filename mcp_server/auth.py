"""The gate in front of the SDK: who may knock, who calls, and whether the token reaches as far as what is called.

In this order: no API key, headers that came twice, OPTIONS, POST only, Host and Origin, no credential in the address,
bearer token, one bounded JSON-RPC message, scopes or limits. Every refusal is a JSON-RPC error response that teaches,
under the HTTP status that clients act on.

The gate reads names of tools and URIs of resources from the body in both protocol eras, with its own parser. The
headers that mirror them in the modern era (`Mcp-Method`, `Mcp-Name`) are compared with the body by the SDK; nothing is
granted on their word.
"""

from __future__ import annotations

from functools import partial
from typing import Any

import structlog
from django.conf import settings
from django.http.request import split_domain_port, validate_host
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from mcp_server import addresses, listening, streams
from mcp_server.callers import CALLER
from mcp_server.errors import ApiKeyOnMcp, HeaderRepeated, InvalidMessage, OriginNotAllowed, rpc_error
from movmo.kit import http
from movmo.kit.errors import DomainError, Internal, Kind
from movmo.kit.threads import DatabaseThreads, with_fresh_connections
from movmo.operations import limits, registry, scopes
from movmo.operations.context import Caller, Door
from movmo.operations.credentials import Credentials, bearer_of, refuse_in_url
from movmo.operations.dispatch import refuse
from movmo.operations.scopes import BASELINE, InsufficientScope, UserTokenMissing
from movmo.operations.spec import Operation

log = structlog.get_logger()

ALLOW = b"POST, OPTIONS"
# Of two, the gate and whatever stands before or behind it could each take another for the one that counts.
SINGLE_HEADERS = (b"authorization", b"host", b"origin", b"content-length", b"content-type")


class Gate:
    """`brief` is the same application for calls that say one thing, at the end: it answers them without a stream."""

    def __init__(
        self, app: ASGIApp, *, credentials: Credentials, threads: DatabaseThreads, brief: ASGIApp | None = None
    ) -> None:
        self._app = app
        self._brief = brief or app
        self._credentials = credentials
        self._threads = threads

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        exchange = Exchange(scope, receive, send)
        try:
            exchange.refuse_key()
            exchange.refuse_repeated_headers()
            if scope["method"] == "OPTIONS":
                await exchange.answer(204, [(b"allow", ALLOW)], b"")
            else:
                await self._admit(exchange)
        except DomainError as refusal:
            await self._refuse(exchange, refusal)
        except http.Disconnected:
            return
        except Exception:
            # Whatever broke is ours: the log has it, the client hears that it did.
            log.exception("mcp.crashed", request_id=exchange.request_id)
            if exchange.answering:
                raise
            await self._refuse(exchange, Internal())

    async def _admit(self, exchange: Exchange) -> None:
        if exchange.scope["method"] != "POST":
            raise http.MethodNotAllowed(method=exchange.scope["method"][:20])
        exchange.check_place()
        refuse_in_url(exchange.scope.get("query_string", b"").decode("latin-1"))
        caller = await self._authenticate(exchange)
        try:
            body = await exchange.read_body()
            message = exchange.read_message(body)
        except DomainError:
            await self._threads.run(partial(limits.spend_on_refusal, caller))
            raise
        await self._check_reach(message, caller)
        scope = {**exchange.scope, CALLER: caller, listening.VERIFY: partial(self._authenticate, exchange)}
        receive = _told_again(body, exchange.receive)
        if message["method"] == listening.METHOD:
            await streams.serve(self._app, scope, receive, exchange.send)
        else:
            app = self._brief if _says_one_thing(message) else self._app
            await app(scope, receive, exchange.send)

    async def _authenticate(self, exchange: Exchange) -> Caller:
        bearer = exchange.bearer
        if bearer is None:
            raise UserTokenMissing
        verify = partial(
            self._credentials.authenticate,
            door=Door.MCP,
            api_key=None,
            bearer=bearer,
            request_id=exchange.request_id,
        )
        return await self._threads.run(partial(with_fresh_connections, verify))

    async def _check_reach(self, message: dict[str, Any], caller: Caller) -> None:
        """HTTP's own 403, which makes a client ask its traveler for more. Dispatch checks again, and limits.

        What runs no operation, as a list of tools, is limited here; and what may be refused before it runs one. A call
        of a tool that there is not is limited where it is refused.
        """
        operations = _operations_of(message["method"], message.get("params", {}))
        if message["method"] == listening.METHOD or (not operations and message["method"] != "tools/call"):
            await self._threads.run(partial(limits.spend_on_asking, caller))
        for operation in operations:
            if lacking := scopes.missing(operation, caller):
                refusal = InsufficientScope(missing=" ".join(lacking), required=list(operation.scopes))
                audit = partial(refuse, operation, caller, refusal)
                await self._threads.run(partial(with_fresh_connections, audit))
                raise refusal

    async def _refuse(self, exchange: Exchange, refusal: DomainError) -> None:
        headers = [(b"content-type", b"application/json"), (b"cache-control", b"no-store")]
        if isinstance(refusal, http.MethodNotAllowed):
            headers.append((b"allow", ALLOW))
        if http.leaves_body_unread(refusal):
            headers.append((b"connection", b"close"))
        if refusal.retry_after is not None:
            headers.append((b"retry-after", str(refusal.retry_after).encode()))
        if challenge := self._challenge(refusal):
            headers.append((b"www-authenticate", challenge.encode("latin-1", "replace")))
        body = rpc_error(refusal, exchange.request_id, exchange.message_id)
        await exchange.answer(http.status_of(refusal), headers, body)

    def _challenge(self, refusal: DomainError) -> str | None:
        """RFC 6750: no error code when no token came; every scope the tool needs when the token is too narrow."""
        if isinstance(refusal, UserTokenMissing):
            return self._credentials.challenge(None, (BASELINE,), "mcp", None)
        if refusal.kind is Kind.UNAUTHENTICATED:
            return self._credentials.challenge("invalid_token", (BASELINE,), "mcp", refusal.text)
        if isinstance(refusal, InsufficientScope):
            return self._credentials.challenge("insufficient_scope", refusal.facts["required"], "mcp", refusal.text)
        return None


class Exchange:
    """One HTTP request and its answer, which carries `X-Request-Id` (the caller's, if decent) whoever writes it."""

    def __init__(self, scope: Scope, receive: Receive, send: Send) -> None:
        # RFC 9110, section 5.5: what is around a value is not part of it, and not every parser takes it off.
        self.scope = {**scope, "headers": [(name, value.strip(b" \t")) for name, value in scope["headers"]]}
        self.receive = receive
        self.headers: dict[bytes, bytes] = dict(self.scope["headers"])
        offered = self.headers.get(b"x-request-id", b"").decode("latin-1")
        self.request_id = http.request_id(offered)
        self.message_id: str | int | None = None
        self.answering = False
        self._send = send

    @property
    def bearer(self) -> str | None:
        return bearer_of(self.headers.get(b"authorization", b"").decode("latin-1"))

    def refuse_key(self) -> None:
        """Whatever the method, the key and the rest of the call: keys are for the other door."""
        if b"x-api-key" in self.headers:
            raise ApiKeyOnMcp

    def refuse_repeated_headers(self) -> None:
        sent = [name for name, _ in self.scope["headers"]]
        for name in SINGLE_HEADERS:
            if sent.count(name) > 1:
                raise HeaderRepeated(header=name.decode())

    def check_place(self) -> None:
        """A page on a name that resolves to us must not reach us with the traveler's network (DNS rebinding)."""
        domain, _ = split_domain_port(self.headers.get(b"host", b"").decode("latin-1"))
        if not domain or not validate_host(domain, settings.ALLOWED_HOSTS):
            raise http.HostNotAllowed
        origin = self.headers.get(b"origin")
        if origin is not None and origin.decode("latin-1") != settings.ORIGIN:
            raise OriginNotAllowed

    def check_media_types(self) -> None:
        sent = self.headers.get(b"content-type", b"").decode("latin-1").split(";")[0].strip().lower()
        if sent != "application/json":
            raise http.UnsupportedMediaType(media_type=sent[:80] or "(none)")
        accepted = {part.split(b";")[0].strip() for part in self.headers.get(b"accept", b"").lower().split(b",")}
        if b"*/*" not in accepted and not (
            accepted & {b"application/json", b"application/*"} and accepted & {b"text/event-stream", b"text/*"}
        ):
            raise http.NotAcceptable(media_types="application/json and text/event-stream together")

    async def read_body(self) -> bytes:
        self.check_media_types()
        length = self.headers.get(b"content-length")
        return await http.read_body(self.receive, length, seconds=settings.MOVMO_BODY_SECONDS)

    def read_message(self, body: bytes) -> dict[str, Any]:
        """The JSON-RPC request or notification. Stricter than either leg of the SDK, so that both read what we read."""
        message = http.read_json(body)
        if isinstance(message, list):
            raise InvalidMessage(problem="it is a batch")
        if not isinstance(message, dict) or message.get("jsonrpc") != "2.0":
            raise InvalidMessage(problem='it has no "jsonrpc": "2.0"')
        if type(message.get("id", 0)) not in (int, str):
            raise InvalidMessage(problem="`id` is neither a string nor a whole number")
        self.message_id = message.get("id")
        if not isinstance(message.get("method"), str):
            raise InvalidMessage(problem="`method` is not a string")
        if not isinstance(params := message.get("params", {}), dict):
            raise InvalidMessage(problem="`params` is not an object")
        if not isinstance(params.get("arguments"), dict | None):
            raise InvalidMessage(problem="`arguments` is not an object; send it as JSON, not as a text that holds JSON")
        return message

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.answering = True
            message["headers"] = [*message["headers"], (b"x-request-id", self.request_id.encode())]
        await self._send(message)

    async def answer(self, status: int, headers: list[tuple[bytes, bytes]], body: bytes) -> None:
        if body:
            headers = [*headers, (b"content-length", str(len(body)).encode())]
        await self.send({"type": "http.response.start", "status": status, "headers": headers})
        await self.send({"type": "http.response.body", "body": body})


def _operations_of(method: str, params: dict[str, Any]) -> list[Operation]:
    """The operations that a message runs; none for a message that runs none, or one that there is not.

    Completions run some too, but only those that the token reaches: the others have no values for it.
    """
    if method == "tools/call" and isinstance(name := params.get("name"), str):
        operation = registry.get(name)
        return [operation] if operation is not None and operation.tool else []
    if method == "resources/read" and isinstance(uri := params.get("uri"), str):
        found = addresses.reader_at(uri)
        return [found[0]] if found is not None else []
    return listening.readers_named(params) if method == listening.METHOD else []


def _says_one_thing(message: dict[str, Any]) -> bool:
    """A read whose caller has not asked to hear how it goes on. Writes may take long: a stream keeps them alive."""
    params = message.get("params", {})
    meta = params.get("_meta")
    if message["method"] != "tools/call" or (isinstance(meta, dict) and "progressToken" in meta):
        return False
    operations = _operations_of("tools/call", params)
    return bool(operations) and all(operation.is_read for operation in operations)


def _told_again(body: bytes, receive: Receive) -> Receive:
    """A `receive` that gives the body that was read, then whatever comes after it."""
    told = False

    async def again() -> Message:
        nonlocal told
        if told:
            return await receive()
        told = True
        return {"type": "http.request", "body": body, "more_body": False}

    return again
