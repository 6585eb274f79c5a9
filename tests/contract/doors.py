"""Both doors as callers see them, on loopback, and the stage on which they are tried.

A stage is made once for each module: one server, one cast, a stopped clock, an airline that does not run out of seats.
Its rows are committed, because doors work on connections of their own; they are gone when the stage is struck.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import cache, partial
from typing import Any, Literal, Protocol
from urllib.parse import quote
from uuid import uuid4

import httpx2
import orjson
import pytest
from django.db import connection
from django.test import override_settings
from pytest_django import DjangoDbBlocker

from bookings import models
from bookings.providers import registry as providers
from bookings.sandbox_airline.services import SandboxAirline
from movmo.accounts.models import User
from movmo.asgi import application
from movmo.kit.clock import stopped_at
from movmo.operations import registry
from movmo.operations.arguments import KEY_FIELD
from movmo.operations.models import IdempotencyRecord
from movmo.operations.scopes import SCOPES
from movmo.operations.spec import Operation
from movmo.rest.location import MYSELF, PARAMETER, USER
from partners.oauth.models import Application
from partners.partner.models import Partner
from tests import emptying, factories
from tests.approving import is_asked
from tests.contract.arguments import arguments_for
from tests.contract.world import World, by_key_and_token
from tests.live import live_server

MODERN = "2026-07-28"
LEGACY = "2025-11-25"
NOON = datetime(2027, 3, 1, 12, tzinfo=UTC)
PLENTY = 100_000
HOLE = b'"@arguments@"'

DoorName = Literal["rest", "mcp", "mcp-legacy"]
REST: tuple[DoorName, ...] = ("rest",)
MCP: tuple[DoorName, ...] = ("mcp", "mcp-legacy")
BOTH: tuple[DoorName, ...] = ("rest", "mcp")
EVERY: tuple[DoorName, ...] = ("rest", "mcp", "mcp-legacy")


@dataclass(frozen=True, slots=True)
class Hand:
    """What a caller holds: a traveler's token, a partner's key, both or neither. MCP is never sent the key.

    `own_token` is one that was issued to the partner's own client: back ends send it, over REST.
    """

    token: str | None = None
    key: str | None = None
    own_token: str | None = None

    @property
    def bearer(self) -> dict[str, str]:
        return {} if self.token is None else {"authorization": f"Bearer {self.token}"}

    @property
    def of_back_end(self) -> "Hand":
        return replace(self, token=self.own_token) if self.own_token else self


@dataclass(frozen=True, slots=True)
class Told:
    """What a door answered. `body` is the result or the envelope, without what only MCP puts into either.

    `status` is HTTP's on REST; on MCP that of the envelope, else of the HTTP answer.
    """

    status: int
    body: dict[str, Any]
    is_refusal: bool
    replayed: bool
    answer: httpx2.Response

    @property
    def code(self) -> str | None:
        return self.body.get("code") if self.is_refusal else None

    @property
    def verdict(self) -> tuple[int, str | None]:
        return self.status, self.code

    @property
    def pointers(self) -> set[str]:
        return set(self.body.get("fields", {}))

    @property
    def comparable(self) -> dict[str, Any]:
        """All but the request id, which no two answers share."""
        return {name: value for name, value in self.body.items() if name != "request_id"}


class Door(Protocol):
    def call(
        self, operation: Operation, arguments: Mapping[str, Any], hand: Hand, *, key: str | None = None, **headers: str
    ) -> Told:
        """Call with arguments as values. `key` is the idempotency key."""

    def say(self, operation: Operation, text: bytes, hand: Hand, arguments: Mapping[str, Any]) -> Told:
        """Call with `text` where the arguments' JSON would be. On REST `arguments` fill the path."""


class RestDoor:
    def __init__(self, http: httpx2.Client) -> None:
        self._http = http

    def call(
        self, operation: Operation, arguments: Mapping[str, Any], hand: Hand, *, key: str | None = None, **headers: str
    ) -> Told:
        path = path_names(operation)
        rest = {name: value for name, value in arguments.items() if name not in path}
        if key is not None:
            headers["idempotency-key"] = key
        if operation.rest.method in ("GET", "DELETE"):
            return self._send(operation, arguments, hand, headers, params=rest)
        return self._send(operation, arguments, hand, headers, content=orjson.dumps(rest))

    def say(self, operation: Operation, text: bytes, hand: Hand, arguments: Mapping[str, Any]) -> Told:
        key = {} if operation.is_read else {"idempotency-key": str(uuid4())}
        return self._send(operation, arguments, hand, key, content=text)

    def _send(
        self, operation: Operation, arguments: Mapping[str, Any], hand: Hand, headers: dict[str, str], **body: Any
    ) -> Told:
        values = {USER: MYSELF, **arguments}
        path = operation.rest.path.format_map(
            {name: quote(str(values[name]), safe="") for name in path_names(operation)}
        )
        sent = {"content-type": "application/json", **hand.of_back_end.bearer, **headers}
        if hand.key is not None:
            sent.setdefault("x-api-key", hand.key)
        answer = self._http.request(operation.rest.method, path, headers=as_bytes(sent), **body)
        told = orjson.loads(answer.content) if answer.content else {}
        replayed = answer.headers.get("idempotency-replayed") == "true"
        return Told(answer.status_code, told, answer.status_code >= 400, replayed, answer)


class McpDoor:
    """tools/call in one protocol era."""

    def __init__(self, http: httpx2.Client, version: str) -> None:
        self._http = http
        self._version = version

    def call(
        self, operation: Operation, arguments: Mapping[str, Any], hand: Hand, *, key: str | None = None, **headers: str
    ) -> Told:
        named = dict(arguments) if key is None else {**arguments, KEY_FIELD: key}
        return self._send(operation, orjson.dumps(named), hand, headers)

    def say(self, operation: Operation, text: bytes, hand: Hand, arguments: Mapping[str, Any]) -> Told:
        return self._send(operation, text, hand, {})

    def _send(self, operation: Operation, text: bytes, hand: Hand, headers: dict[str, str]) -> Told:
        params: dict[str, Any] = {"name": operation.name, "arguments": "@arguments@"}
        sent = {
            "content-type": "application/json",
            "accept": "application/json, text/event-stream",
            "mcp-protocol-version": self._version,
            **hand.bearer,
            **headers,
        }
        if self._version == MODERN:
            sent |= {"mcp-method": "tools/call", "mcp-name": operation.name}
            params["_meta"] = {
                "io.modelcontextprotocol/protocolVersion": MODERN,
                "io.modelcontextprotocol/clientCapabilities": {},
            }
        message = orjson.dumps({"jsonrpc": "2.0", "id": 7, "method": "tools/call", "params": params})
        return _heard(self._http.post("/v1/mcp", headers=as_bytes(sent), content=message.replace(HOLE, text)))


def _heard(answer: httpx2.Response) -> Told:
    message = message_of(answer)
    if "error" in message:
        error = message["error"]
        envelope = error.get("data") or {"code": error["code"], "message": error["message"]}
        return Told(answer.status_code, envelope, True, False, answer)
    result = message["result"]
    body = dict(result["structuredContent"])
    replayed = body.pop("replayed", False)
    if not result.get("isError"):
        return Told(answer.status_code, body, False, replayed, answer)
    body.pop("retry_after", None)
    return Told(body["status_code"], body, True, replayed, answer)


def message_of(answer: httpx2.Response) -> dict[str, Any]:
    """The JSON-RPC message, alone or as the last event of a stream."""
    text = answer.text
    if answer.headers["content-type"].startswith("text/event-stream"):
        text = [line.removeprefix("data:") for line in text.splitlines() if line.startswith("data:")][-1]
    message: dict[str, Any] = orjson.loads(text)
    return message


def as_bytes(headers: dict[str, str]) -> httpx2.Headers:
    """Whatever a caller may send, not only ASCII."""
    return httpx2.Headers(headers, encoding="latin-1")


def path_names(operation: Operation) -> list[str]:
    return PARAMETER.findall(operation.rest.path)


def serves(door: DoorName, operation: Operation) -> bool:
    return door == "rest" or operation.tool


def every(
    *doors: DoorName, where: Callable[[Operation], bool] = lambda operation: True
) -> Callable[[Callable[..., None]], Any]:
    """Parametrize a test with `operation` and `door_name`: the registry, and the doors that serve each operation."""
    cases = [
        pytest.param(operation, door, id=f"{operation.name}-{door}")
        for operation in registry.all_operations()
        for door in doors
        if where(operation) and serves(door, operation)
    ]
    return pytest.mark.parametrize(("operation", "door_name"), cases)


def is_write(operation: Operation) -> bool:
    return not operation.is_read


TABLES = [getattr(models, name)._meta.db_table for name in models.__all__] + [IdempotencyRecord._meta.db_table]


def counts() -> dict[str, int]:
    """Rows that a refused call must leave alone."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT " + ", ".join(f'(SELECT count(*) FROM "{table}")' for table in TABLES))
        return dict(zip(TABLES, cursor.fetchone(), strict=True))


@dataclass
class Stage:
    """ana and bo travel, aviare and kestrel are partners; scout's tokens work on both doors."""

    origin: str
    http: httpx2.Client
    ana: User = field(default_factory=partial(factories.traveler, "ana@example.com"))
    bo: User = field(default_factory=partial(factories.traveler, "bo@example.com"))
    aviare: Partner = field(default_factory=partial(factories.partner, "aviare"))
    kestrel: Partner = field(default_factory=partial(factories.partner, "kestrel"))
    scout: Application = field(default_factory=partial(factories.application, "scout"))

    def __post_init__(self) -> None:
        self._doors: dict[DoorName, Door] = {
            "rest": RestDoor(self.http),
            "mcp": McpDoor(self.http, MODERN),
            "mcp-legacy": McpDoor(self.http, LEGACY),
        }
        self.token = cache(self._token)
        self.arguments = cache(self.fresh_arguments)
        self._keys = {partner.pk: factories.api_key(partner) for partner in (self.aviare, self.kestrel)}
        self.as_ana, self.as_bo = self._hand(self.ana), self._hand(self.bo)

    def door(self, name: DoorName) -> Door:
        return self._doors[name]

    def _hand(self, traveler: User) -> Hand:
        own = factories.application("aviare-web", of=self.aviare)
        token = factories.token(traveler, sorted(SCOPES), own)
        return Hand(self.token(traveler), self.key(self.aviare), token)

    def _token(self, traveler: User, scopes: frozenset[str] = frozenset(SCOPES)) -> str:
        return factories.token(traveler, sorted(scopes), self.scout)

    def key(self, partner: Partner) -> str:
        return self._keys[partner.pk]

    def world(self, traveler: User | None = None) -> World:
        """A new one of ana's at aviare, or of another traveler there."""
        return World(by_key_and_token(traveler or self.ana, self.aviare))

    def fresh_arguments(self, operation: Operation, traveler: User | None = None) -> dict[str, Any]:
        """Valid arguments, made now. `arguments` keeps the first it made, for calls that will be refused."""
        return arguments_for(operation.name, self.world(traveler))

    def call(self, door: DoorName, operation: Operation, arguments: Mapping[str, Any], **changes: Any) -> Told:
        """A call of ana's with a new idempotency key where one is needed; `hand` and `key` may be others.

        Whatever ana is asked to approve, she says yes to.
        """
        hand = changes.pop("hand", self.as_ana)
        if not operation.is_read:
            changes.setdefault("key", str(uuid4()))
        call = partial(self.door(door).call, operation, arguments, hand, **changes)
        told = call()
        return call() if is_asked(told.body) else told

    def refused(self, door: DoorName, operation: Operation, arguments: Mapping[str, Any], **changes: Any) -> Told:
        """The same, for a call that must be refused and change nothing."""
        return untouched(lambda: self.call(door, operation, arguments, **changes))

    def refused_text(self, door: DoorName, operation: Operation, text: bytes) -> Told:
        arguments = self.arguments(operation)
        return untouched(lambda: self.door(door).say(operation, text, self.as_ana, arguments))


def untouched(call: Callable[[], Told]) -> Told:
    """The refusal that the call ends with: in the envelope, under the request's id, without a changed row."""
    before = counts()
    told = call()
    assert told.is_refusal, told.body
    assert counts() == before
    assert told.body["request_id"] == told.answer.headers["x-request-id"]
    assert told.body["message"]
    assert told.body["hint"]
    assert told.body["status_code"] == told.status
    return told


@pytest.fixture(scope="module", name="transactional_db")
def committed_rows(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    """pytest-django's fixture, for a whole module: rows stay from test to test.

    It has the name of the other because pytest-django makes a test database only where it sees that name.
    """
    with django_db_blocker.unblock():
        yield
        emptying.empty()
        connection.close()


@pytest.fixture(scope="module", name="stage")
def the_stage(transactional_db: None) -> Iterator[Stage]:
    with set_stage(NOON) as stage:
        yield stage


@contextmanager
def set_stage(at: datetime) -> Iterator[Stage]:
    installed = providers.provider("sandbox")
    providers.install_sandbox(SandboxAirline(seats_per_flight=PLENTY))
    try:
        unasked = override_settings(MOVMO_APPROVALS_WAITING=PLENTY, MOVMO_APPROVALS_AN_HOUR=PLENTY)
        with (
            unasked,
            stopped_at(at),
            live_server(application) as origin,
            httpx2.Client(base_url=origin, timeout=30) as http,
        ):
            yield Stage(origin, http)
    finally:
        providers._providers["sandbox"] = installed


def ids_in(operation: Operation) -> list[str]:
    """The names of the fields that hold an id."""
    fields: Iterable[tuple[str, Any]] = operation.request_model.model_fields.items()
    return [name for name, declared in fields if declared.annotation is not None and _is_id(declared.annotation)]


def _is_id(annotation: Any) -> bool:
    return getattr(annotation, "__name__", "") == "UUID"
