"""subscriptions/listen: a stream that says when a resource has changed, for as long as its reader may read it.

Who may listen is who may read: each URI is read once, as resources/read would, before the stream is acknowledged. From
then on every change is told, with the URI and nothing else: what it became, the client reads. The token is looked at
again before each word and every RECHECK_SECONDS; the stream ends when it does. A reader that is slow finds one word for
each resource waiting, however often that has changed.

Lists do not change while a server runs: who asks to hear of them is promised so, and hears nothing.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import ExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any
from uuid import UUID

import anyio
import structlog
from django.db import Error
from mcp.server import Server, ServerRequestContext
from mcp.shared.subscriptions import SUBSCRIPTION_ID_META_KEY, ResourceUpdated, event_to_notification
from mcp_types import (
    SubscriptionFilter,
    SubscriptionsAcknowledgedNotification,
    SubscriptionsAcknowledgedNotificationParams,
    SubscriptionsListenRequestParams,
    SubscriptionsListenResult,
)
from pydantic import BaseModel

from mcp_server import addresses
from mcp_server.answering import answer
from mcp_server.callers import caller_of
from mcp_server.errors import ResourceNotFound, protocol_error
from mcp_server.stopping import when_stopping
from mcp_server.streams import SLOT, Mailbox, Say
from movmo.kit.errors import DomainError, InvalidArguments, Kind
from movmo.kit.threads import DatabaseThreads
from movmo.operations import bulletin, scopes
from movmo.operations.context import Caller
from movmo.operations.scopes import InsufficientScope
from movmo.operations.spec import Operation

log = structlog.get_logger()

METHOD = "subscriptions/listen"
VERIFY = "movmo.verify"
"""Where the gate leaves, in the ASGI scope, the way to verify the caller anew."""

RECHECK_SECONDS = 20.0
AWAY_SECONDS = 1.0
MOST_URIS = 20
MOST_STREAMS_OF_ONE = 20
MOST_STREAMS = 1_000
"""Of one worker, whose other connections are for calls."""

FIELD = "/notifications/resourceSubscriptions"


class TooManyStreams(DomainError):
    kind = Kind.LIMITED
    code = "too_many_streams"
    message = "Too many streams are open: at most {of_one} for one traveler, and {of_all} on one server."
    hint = "End a stream that you no longer read, or listen to up to 20 resources on one. Until then, read instead."
    retryable = True

    def __init__(self) -> None:
        super().__init__(of_one=MOST_STREAMS_OF_ONE, of_all=MOST_STREAMS, retry_after=int(RECHECK_SECONDS))


@dataclass(frozen=True, slots=True)
class Resource:
    """A URI that can be listened to, and the read that answers for it."""

    uri: str
    reader: Operation
    named: dict[str, str]

    @property
    def subject_id(self) -> UUID:
        """Of the events that tell of its changes."""
        (value,) = self.named.values()
        return UUID(value)


class Listening:
    """The streams of one process."""

    def __init__(self, threads: DatabaseThreads) -> None:
        self._threads = threads
        self._open: Counter[UUID | None] = Counter()
        self._mailboxes: set[Mailbox] = set()

    @asynccontextmanager
    async def lifespan(self, server: Server[Any]) -> AsyncIterator[None]:
        """The SDK's, around all that the server does. A server that is to stop does not wait for those who listen."""
        with when_stopping(self._end_all):
            yield

    def _end_all(self) -> None:
        for mailbox in self._mailboxes:
            mailbox.end()

    async def listen(
        self, ctx: ServerRequestContext[Any], params: SubscriptionsListenRequestParams
    ) -> SubscriptionsListenResult:
        """Opens the stream, and leaves it to `streams.serve`, which withholds what is returned here."""
        assert ctx.request is not None
        honoured = _honoured(params.notifications)
        mailbox = Mailbox()
        with ExitStack() as opened:
            opened.enter_context(self._place(ctx))
            found = await answer(self._threads, ctx, partial(_read_all, honoured.resource_subscriptions or []))
            listen = partial(bulletin.listen, [one.subject_id for one in found], mailbox.put)
            # Whoever leaves just now must not stay on the bulletin.
            with anyio.CancelScope(shield=True):
                opened.callback(await answer(self._threads, ctx, lambda caller: listen()))
            self._mailboxes.add(mailbox)
            opened.callback(self._mailboxes.discard, mailbox)
            stream = _Stream(ctx, honoured, found, mailbox, leave=opened.pop_all().close)
        ctx.request.scope[SLOT].stream = stream
        return SubscriptionsListenResult(_meta={SUBSCRIPTION_ID_META_KEY: ctx.request_id})

    @contextmanager
    def _place(self, ctx: ServerRequestContext[Any]) -> Iterator[None]:
        """Raises MCPError."""
        caller = caller_of(ctx)
        if self._open[caller.user_id] >= MOST_STREAMS_OF_ONE or self._open.total() >= MOST_STREAMS:
            raise protocol_error(TooManyStreams(), caller.request_id, ctx.protocol_version)
        self._open[caller.user_id] += 1
        try:
            yield
        finally:
            self._open[caller.user_id] -= 1
            self._open += Counter()  # forgets those who have none


class _Stream:
    """An open one. Of the request it keeps what it needs: there may be a thousand."""

    def __init__(
        self,
        ctx: ServerRequestContext[Any],
        honoured: SubscriptionFilter,
        found: list[Resource],
        mailbox: Mailbox,
        *,
        leave: Callable[[], None],
    ) -> None:
        assert ctx.request is not None
        self.mailbox = mailbox
        self.leave = leave
        self._id = ctx.request_id
        self._revision = ctx.protocol_version
        self._request_id = caller_of(ctx).request_id
        self._verify: Callable[[], Awaitable[Caller]] = ctx.request.scope[VERIFY]
        self._honoured = honoured
        self._uris = {one.subject_id: one.uri for one in found}
        self._readers = tuple({one.reader.name: one.reader for one in found}.values())

    async def run(self, say: Say, ping: Callable[[], Awaitable[None]]) -> None:
        """Until the client goes away, its token does, or the server."""
        meta = {SUBSCRIPTION_ID_META_KEY: self._id}
        acknowledged = SubscriptionsAcknowledgedNotificationParams(notifications=self._honoured, _meta=meta)
        await say(_told(SubscriptionsAcknowledgedNotification(params=acknowledged)))
        while await self.mailbox.wait(RECHECK_SECONDS):
            try:
                changed = self.mailbox.empty() if await self._may_still_hear() else []
            except DomainError as refusal:
                error = protocol_error(refusal, self._request_id, self._revision).error
                return await say({"id": self._id, "error": _told(error)})
            for subject_id in changed:
                await say(_told(event_to_notification(ResourceUpdated(uri=self._uris[subject_id]), meta)))
            if not changed:
                await ping()
        return await say({"id": self._id, "result": _told(SubscriptionsListenResult(_meta=meta))})

    async def _may_still_hear(self) -> bool:
        """False while that cannot be known: nothing is told unchecked. Raises DomainError once it is known that not."""
        try:
            caller = await self._verify()
        except Error as failure:
            log.warning("listening.unchecked", error=type(failure).__name__, request_id=self._request_id)
            await asyncio.sleep(AWAY_SECONDS)
            return False
        for reader in self._readers:
            if lacking := scopes.missing(reader, caller):
                raise InsufficientScope(missing=" ".join(lacking), required=list(reader.scopes))
        return True


def _told(model: BaseModel) -> dict[str, Any]:
    """As it goes over the wire."""
    return model.model_dump(mode="json", by_alias=True, exclude_none=True)


def readers_named(params: dict[str, Any]) -> list[Operation]:
    """The reads that a request to listen asks for, as far as it names any. Any JSON may stand in `params`."""
    wanted = params.get("notifications")
    uris = wanted.get("resourceSubscriptions") if isinstance(wanted, dict) else None
    named = uris[:MOST_URIS] if isinstance(uris, list) else []
    found = [_found(uri) for uri in named if isinstance(uri, str)]
    return list({one.reader.name: one.reader for one in found if one is not None}.values())


def _honoured(wanted: SubscriptionFilter) -> SubscriptionFilter:
    """What was asked for, as the acknowledgment has it: what is not promised is left out."""
    return SubscriptionFilter(
        tools_list_changed=wanted.tools_list_changed or None,
        prompts_list_changed=wanted.prompts_list_changed or None,
        resources_list_changed=wanted.resources_list_changed or None,
        resource_subscriptions=list(dict.fromkeys(wanted.resource_subscriptions or [])) or None,
    )


def _found(uri: str) -> Resource | None:
    """None for what is no URI of a resource that can be listened to."""
    found = addresses.reader_at(uri)
    if found is None or not found[0].listenable:
        return None
    return Resource(uri, *found)


def _read_all(uris: list[str], caller: Caller) -> list[Resource]:
    """What the URIs stand for, each of which was read. Raises ResourceNotFound, or what a read refuses besides."""
    if len(uris) > MOST_URIS:
        raise InvalidArguments({FIELD: f"At most {MOST_URIS} URIs; open another stream for more."})
    return [_read(uri, caller) for uri in uris]


def _read(uri: str, caller: Caller) -> Resource:
    found = _found(uri)
    if found is None:
        raise ResourceNotFound
    addresses.read(uri, caller)
    return found
