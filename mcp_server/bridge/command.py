"""The command line: `movmo-mcp [run|login|logout|status] --server ADDRESS`.

Exit status: 0 done, 1 not signed in or trouble (said on stderr), 2 wrong arguments, 128 + n ended by signal n.
"""

import argparse
import asyncio
import os
import signal
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Any

import httpx2

from mcp_server.bridge import address, sign_in, stdio, vaults, wire
from mcp_server.bridge.address import Server
from mcp_server.bridge.authorization import AuthorizationServer, Grant
from mcp_server.bridge.credentials import Credentials
from mcp_server.bridge.pipe import Pipe
from mcp_server.bridge.store import Store, servers_kept
from mcp_server.bridge.trouble import AddressRefused, Trouble, say

FINISH_SECONDS = 5
"""For what is under way when the host closes its end. Most hosts end their commands sooner than that."""
SERVER_VARIABLE = "MOVMO_SERVER"


@dataclass(frozen=True, slots=True)
class Setup:
    http: httpx2.AsyncClient
    server: Server
    store: Store
    authorization: AuthorizationServer
    credentials: Credentials


def main(argv: Sequence[str] | None = None, *, transport: httpx2.AsyncBaseTransport | None = None) -> int:
    """`transport` is for tests, whose server is not where its address says."""
    arguments = _parser().parse_args(argv)
    try:
        return asyncio.run(_run(arguments, transport))
    except Trouble as trouble:
        say(str(trouble))
        return 2 if isinstance(trouble, AddressRefused) else 1
    except KeyboardInterrupt:
        return 128 + signal.SIGINT


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="movmo-mcp", description="Movmo's tools for agent hosts that speak MCP over stdin and stdout."
    )
    parser.add_argument("command", nargs="?", default="run", choices=["run", "login", "logout", "status"])
    parser.add_argument("--server", metavar="ADDRESS", help=f"https://movmo.example; or set {SERVER_VARIABLE}")
    parser.add_argument("--no-browser", action="store_true", help="only say which address to open for signing in")
    parser.add_argument("--scope", default="", help='for login: what to be granted, as "flights:read bookings:read"')
    return parser


async def _run(arguments: argparse.Namespace, transport: httpx2.AsyncBaseTransport | None) -> int:
    ends = stdio.claim()
    async with _set_up(arguments, transport) as setup:
        if arguments.command == "run":
            return await _serve(setup, *ends)
        if arguments.command == "login":
            return await _login(setup, frozenset(arguments.scope.split()))
        return await (_logout(setup) if arguments.command == "logout" else _status(setup))


@asynccontextmanager
async def _set_up(arguments: argparse.Namespace, transport: httpx2.AsyncBaseTransport | None) -> AsyncIterator[Setup]:
    named = arguments.server or os.environ.get(SERVER_VARIABLE, "")
    server = address.parse(named) if named else None
    place = vaults.folder()
    vaults.prepare(place)
    server = server or _only_one(servers_kept(place) if arguments.command in ("status", "logout") else [])
    store = Store(vaults.vault(server.origin, place), place, server.origin)
    show = sign_in.on_paper if arguments.no_browser else sign_in.in_browser
    async with wire.client(server.origin, transport) as http:
        authorization = AuthorizationServer(http, server)
        credentials = Credentials(store, authorization, sign_in.SignIn(authorization, show))
        try:
            yield Setup(http, server, store, authorization, credentials)
        finally:
            await credentials.close()


def _only_one(kept: list[Server]) -> Server:
    """Where nobody says which."""
    if len(kept) == 1:
        return kept[0]
    known = f" Stored are {', '.join(server.origin for server in kept)}." if kept else ""
    shown = kept[0].origin if kept else "https://movmo.example"
    raise AddressRefused(
        f"Which Movmo server?{known}", f"Add --server {shown}, or set {SERVER_VARIABLE} to that address."
    )


async def _serve(setup: Setup, read_from: int, write_to: int) -> int:
    """Until the host closes its end, or a signal says so."""
    if os.isatty(read_from):
        say(f"An agent host starts this command and speaks to it here. To sign in: {setup.server.login()}")
    say(f"Passing messages on to {setup.server.origin}; tokens are kept in {setup.store.place}.")
    writer = stdio.Writer(write_to)
    pipe = Pipe(setup.http, setup.server.endpoint, setup.credentials, writer.write)
    signalled = _signals()
    reading = asyncio.create_task(_read(pipe, read_from))
    gone = asyncio.create_task(writer.gone.wait())
    try:
        await _any(reading, gone, signalled)
        setup.credentials.stop_asking()
        if not (gone.done() or signalled.done()):
            finishing = asyncio.create_task(pipe.finish(FINISH_SECONDS))
            await _any(finishing, signalled)
            finishing.cancel()
    finally:
        gone.cancel()
        await pipe.stop()
        writer.close(1)
    if reading.done():
        reading.result()
    return 128 + signalled.result() if signalled.done() else 0


async def _any(*ways: asyncio.Future[Any]) -> None:
    await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)


async def _read(pipe: Pipe, descriptor: int) -> None:
    with suppress(stdio.HostGone):
        async for line in stdio.lines(descriptor):
            await pipe.take(line)


def _signals() -> "asyncio.Future[int]":
    """Has the number of the first signal that asks to end."""
    loop = asyncio.get_running_loop()
    came: asyncio.Future[int] = loop.create_future()

    def note(number: int) -> None:
        if not came.done():
            came.set_result(number)

    for number in (signal.SIGTERM, signal.SIGINT):
        with suppress(NotImplementedError):  # Windows ends its commands without asking
            loop.add_signal_handler(number, note, number)
    return came


async def _login(setup: Setup, scopes: frozenset[str]) -> int:
    grant = await setup.credentials.signed_in(scopes)
    say(f"Signed in to {setup.server.origin} for {_told(grant)}. Tokens are kept in {setup.store.place}.")
    return 0


async def _logout(setup: Setup) -> int:
    """Here in any case; at the server, if it can be reached and what is kept can be trusted."""
    try:
        async with setup.store.alone("tokens"):
            try:
                kept = await setup.store.read()
            finally:
                await setup.store.delete()
        if kept is None or not kept.refresh_token:
            say(f"Nobody was signed in to {setup.server.origin}.")
            return 0
        await setup.authorization.revoke(kept)
    except Trouble as trouble:
        apps = f"{setup.server.origin}/accounts/apps/"
        say(f"The tokens are deleted here, and not revoked: {trouble} Disconnect movmo-mcp at {apps}")
        return 1
    say(f"Signed out of {setup.server.origin}.")
    return 0


async def _status(setup: Setup) -> int:
    kept = await setup.store.read()
    if kept is None or not kept.refresh_token:
        say(f"Not signed in to {setup.server.origin}: {setup.server.login()}")
        return 1
    fresh = "good" if kept.is_fresh(time.time()) else "to be refreshed with the next call"
    say(f"Signed in to {setup.server.origin} for {_told(kept)}; the token is {fresh}. Kept in {setup.store.place}.")
    return 0


def _told(grant: Grant) -> str:
    return ", ".join(sorted(grant.scopes))
