"""A grant between two starts, and between the processes that share it.

Hosts start a bridge each. A refresh token is spent once: who refreshes holds the lock, and looks again first.
"""

import asyncio
import json
import os
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any, Literal

from mcp_server.bridge import address, vaults
from mcp_server.bridge.address import Server
from mcp_server.bridge.authorization import Grant
from mcp_server.bridge.trouble import AddressRefused, StoreRefused, say

if sys.platform == "win32":
    import msvcrt
else:
    import fcntl

TOKENS_LOCK = ".tokens.lock"
AGAIN = 0.05  # seconds
PATIENCE = {"tokens": 60.0, "sign-in": 330.0}
"""Seconds that a lock is waited for: a refresh, or a person at another bridge."""


class Store:
    def __init__(self, vault: vaults.Vault, folder: Path, origin: str) -> None:
        self.place = vault.name
        self._vault = vault
        self._origin = origin
        self._lock = folder / vaults.file_name(origin)

    async def read(self) -> Grant | None:
        text = await asyncio.to_thread(self._vault.read)
        if text is None:
            return None
        try:
            kept = json.loads(text)
            return Grant(
                client_id=str(kept["client_id"]),
                access_token=str(kept["access_token"]),
                refresh_token=str(kept["refresh_token"]),
                expires_at=float(kept["expires_at"]),
                scopes=frozenset(map(str, kept["scopes"])),
            )
        except (ValueError, TypeError, KeyError, RecursionError):
            say(f"What {self.place} holds cannot be read, so it is as if nobody had signed in.")
            return None

    async def write(self, grant: Grant) -> None:
        kept = {
            "server": self._origin,
            "client_id": grant.client_id,
            "access_token": grant.access_token,
            "refresh_token": grant.refresh_token,
            "expires_at": grant.expires_at,
            "scopes": sorted(grant.scopes),
        }
        await asyncio.to_thread(self._vault.write, json.dumps(kept))

    async def delete(self) -> None:
        await asyncio.to_thread(self._vault.delete)

    @asynccontextmanager
    async def alone(self, what: Literal["tokens", "sign-in"]) -> AsyncIterator[None]:
        """Held against every other bridge of this user; the system lets go when a process ends. Raises StoreRefused."""
        path = self._lock.with_suffix(f".{what}.lock")
        try:
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0), vaults.PRIVATE_FILE)
        except OSError as failure:
            raise StoreRefused(f"{path} cannot be opened: {failure.strerror}.") from None
        try:
            if not _locked(descriptor):
                await self._wait(descriptor, path, what)
            yield
        finally:
            os.close(descriptor)

    async def _wait(self, descriptor: int, path: Path, what: Literal["tokens", "sign-in"]) -> None:
        if what == "sign-in":
            say("Another movmo-mcp is waiting for you to sign in; this one goes on when you have.")
        deadline = time.monotonic() + PATIENCE[what]
        while not _locked(descriptor):
            if time.monotonic() > deadline:
                raise StoreRefused(f"Another movmo-mcp holds {path} and does not let go.", "End it and try again.")
            await asyncio.sleep(AGAIN)


def servers_kept(folder: Path, keyring: Any = None) -> list[Server]:
    """Those that something is kept for. A keyring does not list what it holds; the locks tell what to look for."""
    named = {path.name.removesuffix(end) for end in (".json", TOKENS_LOCK) for path in folder.glob(f"*{end}")}
    return [
        server
        for origin in sorted(map(vaults.origin_of, named))
        if (server := _server(origin)) and _holds(vaults.vault(server.origin, folder, keyring))
    ]


def _server(origin: str) -> Server | None:
    """None where a file of that name is none of ours."""
    with suppress(AddressRefused):
        return address.parse(origin)
    return None


def _holds(vault: vaults.Vault) -> bool:
    try:
        return vault.read() is not None
    except StoreRefused:  # there is something; whoever uses it says what is wrong with it
        return True


def _locked(descriptor: int) -> bool:
    with suppress(OSError):
        if sys.platform == "win32":
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        else:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return True
    return False
