"""A traveler signs in: the authorization code flow with PKCE, in the browser of this computer."""

import asyncio
import base64
import hashlib
import secrets
import threading
import webbrowser
from collections.abc import Callable
from dataclasses import dataclass

from mcp_server.bridge import loopback
from mcp_server.bridge.authorization import AuthorizationServer, Grant
from mcp_server.bridge.trouble import SignInFailed, Trouble, say

PATIENCE = 300
"""Seconds that a person has for it."""


@dataclass(frozen=True, slots=True)
class SignIn:
    authorization: AuthorizationServer
    show: Callable[[str], None]
    """Brings an address before the person's eyes."""
    patience: float = PATIENCE

    async def __call__(self, client_id: str | None, scopes: frozenset[str]) -> Grant:
        """Asks for `scopes`, or for the least that the server knows. Registers where no `client_id` is known yet."""
        await self.authorization.discover()
        client_id = client_id or await self.authorization.register()
        state = secrets.token_urlsafe(32)
        async with loopback.listening(state) as callback:
            try:
                grant = await self._asked(callback, client_id, scopes or self.authorization.baseline, state)
            except Trouble as trouble:
                callback.show("You are not signed in", str(trouble))
                raise
            callback.show("You are signed in", "Your agent goes on by itself. You may close this tab.")
        return grant

    async def _asked(self, callback: loopback.Callback, client_id: str, scopes: frozenset[str], state: str) -> Grant:
        verifier = secrets.token_urlsafe(32)
        challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
        redirect_uri = callback.redirect_uri
        self.show(
            self.authorization.question(
                client_id=client_id, redirect_uri=redirect_uri, scopes=scopes, state=state, challenge=challenge
            )
        )
        try:
            async with asyncio.timeout(self.patience):
                code = self._code_of(await callback.answer())
        except TimeoutError:
            minutes = round(self.patience / 60)
            raise SignInFailed(f"Nobody signed in within {minutes} minutes.", "Call again to be asked again.") from None
        return await self.authorization.redeem(
            client_id=client_id, code=code, redirect_uri=redirect_uri, verifier=verifier
        )

    def _code_of(self, answer: dict[str, str]) -> str:
        # RFC 9207: an answer of another server, brought here to have its code redeemed at ours or ours at theirs.
        if answer.get("iss") != self.authorization.server.origin:
            raise SignInFailed("The answer came from another authorization server.", "It was not used.")
        if answer.get("error") == "access_denied":
            raise SignInFailed("You declined, so nothing was granted.", "Call again to be asked again.")
        if error := answer.get("error"):
            raise SignInFailed(f"Signing in ended with {error}.", answer.get("error_description", ""))
        if not answer.get("code"):
            raise SignInFailed("The answer holds no code.", "Call again to be asked again.")
        return answer["code"]


def in_browser(address: str) -> None:
    say(f"Sign in to Movmo in your browser. If none opens, open {address}")
    # A thread, because a browser of the terminal keeps its caller until it is closed.
    threading.Thread(target=_open, args=(address,), name="browser", daemon=True).start()


def on_paper(address: str) -> None:
    say(f"Sign in to Movmo: open {address} in a browser of this computer.")


def _open(address: str) -> None:
    try:
        webbrowser.open(address)
    except (webbrowser.Error, OSError) as failure:
        say(f"No browser could be opened: {failure}")
