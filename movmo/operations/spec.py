"""The shape of a declaration: everything a door needs to know about an operation, said once."""

import inspect
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum
from functools import cached_property
from typing import Any, TypedDict, Unpack, get_type_hints
from uuid import UUID

from movmo.kit.errors import DomainError
from movmo.kit.http import MAX_BODY
from movmo.operations import registry
from movmo.operations.approval.proposal import Proposal
from movmo.operations.context import Context, Request, Stream, View


class Effect(StrEnum):
    READ = "read"
    WRITE = "write"
    IRREVERSIBLE = "irreversible"


class Credentials(StrEnum):
    """What REST demands. MCP always and only knows the traveler's token."""

    KEY = "key"
    KEY_AND_USER = "key_and_user"
    KEY_MAYBE_USER = "key_maybe_user"


class Idempotency(StrEnum):
    """NONE for reads; OPTIONAL writes accept a key (MCP demands it), REQUIRED writes refuse to run without."""

    NONE = "none"
    OPTIONAL = "optional"
    REQUIRED = "required"


@dataclass(frozen=True, slots=True)
class Deprecation:
    """A version that is on its way out: which operation follows it, since when, and until when it is served (UTC)."""

    successor: str
    since: date
    sunset: date


@dataclass(frozen=True, slots=True)
class Route:
    method: str
    path: str
    status: int


def GET(path: str) -> Route:
    return Route("GET", path, 200)


def POST(path: str, *, status: int = 201) -> Route:
    return Route("POST", path, status)


def PUT(path: str) -> Route:
    return Route("PUT", path, 200)


def DELETE(path: str) -> Route:
    return Route("DELETE", path, 204)


@dataclass(frozen=True, slots=True)
class Rows:
    """What a list is good for beside being read: its rows complete arguments, and stand for resources.

    `field` of a row is the value, `title` a format over the row's fields that tells it to a person. `of` are the
    arguments that it completes, where they are not called like the field. `query` is the list's own argument for what
    was typed so far, and then its answer tells the `total`; a list without one is looked through whole.
    """

    field: str
    title: str
    of: tuple[str, ...] = ()
    query: str | None = None

    @property
    def completes(self) -> tuple[str, ...]:
        return self.of or (self.field,)


Handler = Callable[..., Any]
Ask = Callable[[Context, Any], Any]
Advance = Callable[[Context, UUID], View]
Propose = Callable[[Context, Any], Proposal]
Whole = Callable[[Context, Any], Stream]


@dataclass(frozen=True)
class Operation:
    """One capability behind every door. Built by `@operation`, read from the registry."""

    name: str
    handler: Handler
    rest: Route
    needs: Credentials
    scopes: tuple[str, ...]
    effect: Effect
    idempotency: Idempotency
    cost: int = 1
    per_minute: int = 60
    resource: str | None = None
    errors: tuple[type[DomainError], ...] = ()
    tool: bool = True
    open_world: bool = False
    advance: Advance | None = None
    ask: Ask | None = None
    propose: Propose | None = None
    deprecated: Deprecation | None = None
    audited: bool = False
    readable: bool = False
    listenable: bool = False
    rows: Rows | None = None
    in_batches: bool = True
    whole: Whole | None = None
    max_body: int = MAX_BODY

    @cached_property
    def request_model(self) -> type[Request]:
        parameters = list(inspect.signature(self.handler).parameters)
        model: type[Request] = get_type_hints(self.handler)[parameters[1]]
        return model

    @cached_property
    def result_model(self) -> type[View]:
        model: type[View] = get_type_hints(self.advance or self.handler)["return"]
        return model

    @property
    def title(self) -> str:
        return self._docstring.partition("\n")[0].strip()

    @property
    def description(self) -> str:
        described = self._docstring.partition("\n")[2].strip()
        if self.deprecated is None:
            return described
        return f"Deprecated: use {self.deprecated.successor}, removed after {self.deprecated.sunset}. {described}"

    @property
    def _docstring(self) -> str:
        return inspect.getdoc(self.handler) or ""

    @property
    def is_read(self) -> bool:
        return self.effect is Effect.READ

    @property
    def is_irreversible(self) -> bool:
        return self.effect is Effect.IRREVERSIBLE

    @property
    def is_resource(self) -> bool:
        """Agents read it by its URI."""
        return self.is_read and self.resource is not None and (self.tool or self.readable)

    @property
    def is_saga(self) -> bool:
        """A provider is called: the handler reserves in one transaction, `advance` goes on with none open."""
        return self.advance is not None

    @cached_property
    def as_whole(self) -> "Operation":
        """The same list, answered by all of its rows."""
        assert self.whole is not None
        return replace(self, handler=self.whole)

    @property
    def needs_user(self) -> bool:
        return self.needs is Credentials.KEY_AND_USER


class Options(TypedDict, total=False):
    """What a declaration may leave out."""

    idempotency: Idempotency
    cost: int
    per_minute: int
    resource: str | None
    errors: tuple[type[DomainError], ...]
    tool: bool
    open_world: bool
    advance: Advance | None
    ask: Ask | None
    propose: Propose | None
    deprecated: Deprecation | None
    audited: bool
    readable: bool
    listenable: bool
    rows: Rows | None
    in_batches: bool
    whole: Whole | None
    max_body: int


def operation(
    name: str,
    *,
    rest: Route,
    needs: Credentials,
    scopes: tuple[str, ...],
    effect: Effect,
    **options: Unpack[Options],
) -> Callable[[Handler], Handler]:
    """Declare an operation. The docstring is public: its first line is the title, the rest the description.

    A saga gives `advance`: its handler only reserves, inside the transaction that claims the idempotency key, the row
    whose id is `ctx.resource_id`; `advance(ctx, id)` drives it on, may be repeated, and returns the view.
    `resource` is the URI template of what the operation reads or makes; a write is replayed through the read of the
    same resource. A write that needs to know something of a provider first, and sends nothing that matters if it is
    lost, gives `ask`: it runs with no transaction open, and its answer is the handler's third argument.
    What cannot be undone gives `propose`: asked by an agent, it is put to the agent's person, told by what the handler
    has written in the transaction that is open; without their word nothing of that stays.
    `per_minute`: how often one agent may call the tool for one traveler, unless staff say otherwise for that agent.
    `open_world`: a provider is asked or told. `audited`: a read that leaves a line over every door.
    `readable`: agents have no tool for this read, and read its resource by URI all the same.
    `listenable`: agents may ask to be told when what this read reads has changed. The one id in the URI of its resource
    is that of a subject of events.
    `rows`: what a list's rows complete.
    `in_batches`: whether it may be a line of a batch. Not what opens a page for a person, gives out a file or a
    secret, or is about batches itself.
    `whole`: all rows of a list instead of a page, for whoever takes JSON Lines over REST.
    `max_body`: the bytes that its body may have over REST; more than others' for a path without parameters only.
    `deprecated`: the next version of it is served beside it, until the day it names.
    `idempotency` is OPTIONAL for writes unless they say otherwise.
    """
    options.setdefault("idempotency", Idempotency.NONE if effect is Effect.READ else Idempotency.OPTIONAL)

    def declare(handler: Handler) -> Handler:
        registry.register(
            Operation(name=name, handler=handler, rest=rest, needs=needs, scopes=scopes, effect=effect, **options)
        )
        return handler

    return declare
