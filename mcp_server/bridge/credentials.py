"""Which token a call carries: the one that is kept, a refreshed one, or one that the traveler is asked for."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, TypeVar

from mcp_server.bridge.authorization import AuthorizationServer, Grant
from mcp_server.bridge.store import Store
from mcp_server.bridge.trouble import SignInFailed, StoreRefused, TokenRefused, Trouble, say

MARGIN = 30
"""Seconds before its end in which a token is refreshed rather than sent."""
ROTATION_SECONDS = 10
# RFC 6749, section 5.2: after these no refresh can help. Whatever else is refused, the tokens may still be good.
ENDINGS = ("invalid_grant", "invalid_client", "unauthorized_client", "invalid_scope")

Ask = Callable[[str | None, frozenset[str]], Awaitable[Grant]]
Answer = TypeVar("Answer")


class Credentials:
    """What is under way here belongs to all calls: one that is cancelled takes nothing with it."""

    def __init__(self, store: Store, authorization: AuthorizationServer, ask: Ask) -> None:
        self._store = store
        self._authorization = authorization
        self._ask = ask
        self._grant: Grant | None = None
        self._turn = asyncio.Lock()
        self._under_way: set[asyncio.Task[Any]] = set()
        self._asking: asyncio.Task[Grant] | None = None
        self._refused: tuple[float, Trouble] | None = None
        self._is_closing = False

    async def token(self) -> str | None:
        """The one to send now; None sends the call without, and the server says what it wants."""
        if self._grant is None:
            self._grant = await self._store.read()
        grant = self._grant
        if grant is None or not (grant.access_token or grant.refresh_token):
            return None
        if grant.is_fresh(time.time(), MARGIN):
            return grant.access_token
        return await self.renewed(grant.access_token, frozenset())

    async def renewed(self, spent: str | None, scopes: frozenset[str]) -> str:
        """Another token than `spent`, which is good no more. `scopes` are asked for if it comes to asking."""
        return await self._apart(self._renew(spent, scopes))

    async def widened(self, narrow: str | None, scopes: frozenset[str]) -> str:
        """A token that reaches as far as `scopes`, and as far as `narrow` did."""
        return await self._apart(self._widen(narrow, scopes))

    async def signed_in(self, scopes: frozenset[str]) -> Grant:
        """A grant that reaches as far as `scopes`, kept if there is a good one, asked for if not."""
        token = await self.token()
        if token is None or self._grant is None or not scopes <= self._grant.scopes:
            await self.widened(token, scopes)
        assert self._grant is not None
        return self._grant

    def stop_asking(self) -> None:
        """Nobody is there any more to use what a sign-in would bring."""
        self._is_closing = True
        if self._asking is not None:
            self._asking.cancel()

    async def close(self) -> None:
        """A token that was rotated at the server and not kept would be lost, and its replay ends the sign-in."""
        self.stop_asking()
        if self._under_way:
            await asyncio.wait(self._under_way, timeout=ROTATION_SECONDS)

    async def _apart(self, work: Coroutine[Any, Any, Answer]) -> Answer:
        task = asyncio.create_task(work)
        self._under_way.add(task)
        task.add_done_callback(self._done)
        return await asyncio.shield(task)

    def _done(self, task: asyncio.Task[Any]) -> None:
        self._under_way.discard(task)
        if not task.cancelled():
            task.exception()  # whoever waited has it; if nobody does any more, nobody need hear of it

    async def _renew(self, spent: str | None, scopes: frozenset[str]) -> str:
        since = time.monotonic()
        async with self._turn:
            if self._grant and self._reaches(self._grant, spent, frozenset()):
                return self._grant.access_token
            grant = await self._rotated(spent) or await self._asked(spent, scopes, since)
            return grant.access_token

    async def _widen(self, narrow: str | None, scopes: frozenset[str]) -> str:
        since = time.monotonic()
        async with self._turn:
            if self._grant and self._reaches(self._grant, narrow, scopes):
                return self._grant.access_token
            return (await self._asked(narrow, scopes, since)).access_token

    async def _rotated(self, spent: str | None) -> Grant | None:
        """What another bridge has brought meanwhile, or what the refresh token brings; None if there is none."""
        async with self._store.alone("tokens"):
            kept = await self._store.read()
            if kept and self._reaches(kept, spent, frozenset()):
                self._grant = kept
                return kept
            if kept is None or not kept.refresh_token:
                self._grant = None
                return None
            try:
                fresh = await self._authorization.refresh(kept)
            except TokenRefused as refusal:
                if refusal.error not in ENDINGS:
                    raise
                await self._give_up(kept, refusal)
                return None
            await self._keep(fresh)
            return fresh

    async def _give_up(self, kept: Grant, refusal: TokenRefused) -> None:
        """A client that the server does not know any more has to register anew."""
        say(f"The sign-in has ended ({refusal.error}).")
        self._grant = None
        if refusal.error == "invalid_client":
            await self._store.delete()
        else:
            await self._store.write(kept.without_tokens())

    async def _asked(self, useless: str | None, scopes: frozenset[str], since: float) -> Grant:
        if self._refused and self._refused[0] >= since:
            raise self._refused[1]  # one answer for all that waited for it
        self._asking = asyncio.create_task(self._ask_alone(useless, scopes))
        if self._is_closing:
            self._asking.cancel()
        known = self._grant.scopes if self._grant else frozenset()
        try:
            return await _unless_given_up(self._asking, self._authorization.server.login(known | scopes))
        except Trouble as trouble:
            self._refused = (time.monotonic(), trouble)
            say(str(trouble))
            raise
        finally:
            self._asking = None

    async def _ask_alone(self, useless: str | None, scopes: frozenset[str]) -> Grant:
        """One bridge asks; the others wait for the same person's answer and share it."""
        async with self._store.alone("sign-in"):
            kept = await self._store.read()
            if kept and self._reaches(kept, useless, scopes):
                self._grant = kept
                return kept
            known = kept.scopes if kept else frozenset()
            grant = await self._ask(kept.client_id if kept else None, known | scopes)
            async with self._store.alone("tokens"):
                await self._keep(grant)
            say(f"Signed in: {', '.join(sorted(grant.scopes))}.")
            return grant

    async def _keep(self, grant: Grant) -> None:
        """In memory at least: what could not be written down is still good for this process."""
        self._grant = grant
        try:
            await self._store.write(grant)
        except StoreRefused as trouble:
            say(f"{trouble} Until that is mended, every start asks to sign in.")

    def _reaches(self, grant: Grant, useless: str | None, scopes: frozenset[str]) -> bool:
        is_another = grant.access_token != useless
        return is_another and scopes <= grant.scopes and grant.is_fresh(time.time(), MARGIN)


async def _unless_given_up(asking: asyncio.Task[Grant], login: str) -> Grant:
    try:
        return await asking
    except asyncio.CancelledError:
        if not asking.cancelled():
            raise
        raise SignInFailed("Nobody signed in: the host has left.", f"Sign in first: {login}") from None
