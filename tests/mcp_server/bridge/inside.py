"""A bridge in the test's own process: its real parts, with lists where a process has stdin and stdout."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import httpx2

from mcp_server.bridge import vaults, wire
from mcp_server.bridge.address import Server
from mcp_server.bridge.authorization import AuthorizationServer, Grant
from mcp_server.bridge.credentials import Credentials
from mcp_server.bridge.pipe import Pipe
from mcp_server.bridge.sign_in import SignIn
from mcp_server.bridge.store import Store
from tests.mcp_server.bridge.scripted import Scripted

PATIENCE = 10
VERSION = "io.modelcontextprotocol/protocolVersion"
Message = dict[str, Any]


@dataclass
class Inside:
    pipe: Pipe
    store: Store
    credentials: Credentials
    authorization: AuthorizationServer
    written: list[bytes] = field(default_factory=list)

    async def send(self, *messages: Message) -> None:
        for message in messages:
            await self.pipe.take(json.dumps(message).encode())

    async def told(self, *messages: Message) -> list[Message]:
        """Everything that reaches the host once these are answered."""
        await self.send(*messages)
        await self.pipe.finish(PATIENCE)
        return self.heard

    @property
    def heard(self) -> list[Message]:
        return [json.loads(line) for line in self.written]

    async def until(self, condition: Callable[[], Any]) -> None:
        async with asyncio.timeout(PATIENCE):
            while not condition():
                await asyncio.sleep(0.005)


@dataclass
class Ana:
    """Answers the question of a sign-in by herself: `says` are the parameters of her answer, `asked` all questions."""

    server: Scripted
    says: dict[str, str] = field(default_factory=dict)
    asked: list[dict[str, str]] = field(default_factory=list)
    pages: list[httpx2.Response] = field(default_factory=list)
    at_work: set[asyncio.Task[None]] = field(default_factory=set)

    def __call__(self, address: str) -> None:
        question = dict(parse_qsl(urlsplit(address).query))
        self.asked.append(question)
        task = asyncio.get_running_loop().create_task(self._answer(question))
        self.at_work.add(task)
        task.add_done_callback(self.at_work.discard)

    async def _answer(self, question: dict[str, str]) -> None:
        right = {"code": self.server.code, "state": question["state"], "iss": self.server.origin}
        answer = {name: value for name, value in (right | self.says).items() if value}
        async with httpx2.AsyncClient(trust_env=False) as browser:
            self.pages.append(await browser.get(f"{question['redirect_uri']}?{urlencode(answer)}"))


def nobody(address: str) -> None:
    """Is there to sign in."""


@asynccontextmanager
async def inside(
    server: Scripted, home: Path, show: Callable[[str], None] = nobody, *, patience: float = PATIENCE
) -> AsyncIterator[Inside]:
    place = home / "movmo-mcp"
    vaults.prepare(place)
    store = Store(vaults.File(place / vaults.file_name(server.origin)), place, server.origin)
    written: list[bytes] = []

    async def write(line: bytes) -> None:
        written.append(line)

    async with wire.client(server.origin) as http:
        authorization = AuthorizationServer(http, Server(server.origin))
        credentials = Credentials(store, authorization, SignIn(authorization, show, patience))
        pipe = Pipe(http, authorization.server.endpoint, credentials, write)
        yield Inside(pipe, store, credentials, authorization, written)
        await pipe.stop()
        await credentials.close()


async def keep(bridge: Inside, server: Scripted, *, seconds: float = 3600, scope: str = "flights:read") -> Grant:
    """Somebody signed in before."""
    server.issued += 1
    grant = Grant(
        "bridge-1",
        f"access-{server.issued}",
        f"refresh-{server.issued}",
        time.time() + seconds,
        frozenset(scope.split()),
    )
    await bridge.store.write(grant)
    return grant


def call(tool: str = "look", message_id: Any = 1, *, version: str | None = None, **arguments: Any) -> Message:
    params: Message = {"name": tool, "arguments": arguments}
    if version is not None:
        params["_meta"] = {VERSION: version}
    return {"jsonrpc": "2.0", "id": message_id, "method": "tools/call", "params": params}
