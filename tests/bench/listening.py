"""What it costs to have a thousand agents listen at one worker, and how soon they hear of a change made elsewhere."""

from __future__ import annotations

import asyncio
import resource
from collections.abc import Callable
from pathlib import Path
from subprocess import Popen

import orjson

from tests.bench.report import Figure, Scale
from tests.bench.stage import HOST, BenchBroke, Server, Stage, free_port

STREAMS_OF_ONE = 20
AT_ONCE = 20
OPEN_FILES = 8_192
PATIENCE = 60.0
ACKNOWLEDGED, UPDATED = b"notifications/subscriptions/acknowledged", b"notifications/resources/updated"


class Ear(asyncio.Protocol):
    """One open stream; `heard` are the times at which it was told of a change."""

    def __init__(self, request: bytes) -> None:
        self._request = request
        self.is_open = asyncio.get_running_loop().create_future()
        self.heard: list[float] = []
        self._first = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        transport.write(self._request)

    def data_received(self, data: bytes) -> None:
        if not self.is_open.done():
            self._first += data
            if ACKNOWLEDGED in self._first:
                self.is_open.set_result(None)
        elif UPDATED in data:
            self.heard.append(asyncio.get_running_loop().time())

    def connection_lost(self, failure: Exception | None) -> None:
        if not self.is_open.done():
            self.is_open.set_exception(BenchBroke(f"a stream was refused: {self._first[-500:].decode()}"))


def measure(stage: Stage, database: str, scale: Scale, say: Callable[[str], None]) -> list[Figure]:
    """Raises BenchBroke."""
    _allow_open_files()
    cast = stage.step("tests.bench.listening_cast", scale.listeners // STREAMS_OF_ONE)
    with stage.server("movmo.asgi:application", free_port()) as server:
        server.wait_until_ready()
        with stage.process("tests.bench.listening_cast") as writer:
            run = _Run(server, writer, cast, scale)
            delays = asyncio.run(asyncio.wait_for(run.go(), 4 * PATIENCE))
    one, p50, p99 = (run.full - run.idle) / scale.listeners, delays[len(delays) // 2], delays[len(delays) * 99 // 100]
    grown = f"{run.idle:.0f} MB with one, {run.full:.0f} MB with all, {run.after:.0f} MB when all were told"
    say(f"{scale.listeners} listeners on {database}: {grown}")
    what = f"change heard, {database}"
    return [
        Figure(f"{scale.listeners:,} listeners, {database}", "the whole worker", run.after, at_most=200, unit=" MB"),
        Figure(f"one listener, {database}", "beside an idle worker", one * 1_000, unit=" kB"),
        Figure(f"{what}, p50", "its commit in another process", p50 * 1_000, unit=" ms"),
        Figure(f"{what}, p99", "its commit in another process", p99 * 1_000, at_most=1_000, unit=" ms"),
    ]


class _Run:
    """`idle`, `full` and `after` are the worker's megabytes: with one listener, with all, and when all were told."""

    def __init__(self, server: Server, writer: Popen[str], cast: list[tuple[str, str]], scale: Scale) -> None:
        self._server = server
        self._writer = writer
        self._cast = cast
        self._scale = scale

    async def go(self) -> list[float]:
        """The seconds from commit to stream, sorted: of every change, for each who listens to it."""
        (await self._open(*self._cast[0])).transport.close()
        self.idle = _megabytes(self._server)
        ears = await self._open_all()
        self.full = _megabytes(self._server)
        delays = []
        for number in range(self._scale.changes):
            _, booking = self._cast[number % len(self._cast)]
            delays += await self._change(booking, ears[booking])
        self.after = _megabytes(self._server)
        for ear in (one for some in ears.values() for one in some):
            ear.transport.close()
        return sorted(delays)

    async def _open_all(self) -> dict[str, list[Ear]]:
        gate = asyncio.Semaphore(AT_ONCE)

        async def one(token: str, booking: str) -> Ear:
            async with gate:
                return await self._open(token, booking)

        ears = {}
        for token, booking in self._cast:
            ears[booking] = await asyncio.gather(*[one(token, booking) for _ in range(STREAMS_OF_ONE)])
        return ears

    async def _open(self, token: str, booking: str) -> Ear:
        request = _request(token, booking)
        loop = asyncio.get_running_loop()
        _, ear = await loop.create_connection(lambda: Ear(request), "127.0.0.1", self._server.port)
        await asyncio.wait_for(ear.is_open, PATIENCE)
        return ear

    async def _change(self, booking: str, ears: list[Ear]) -> list[float]:
        before = [len(ear.heard) for ear in ears]
        at = await asyncio.to_thread(self._happen, booking)
        ends_at = at + PATIENCE
        while any(len(ear.heard) == count for ear, count in zip(ears, before, strict=True)):
            if asyncio.get_running_loop().time() > ends_at:
                raise BenchBroke("a change was not heard")
            await asyncio.sleep(0.005)
        return [ear.heard[-1] - at for ear in ears]

    def _happen(self, booking: str) -> float:
        assert self._writer.stdin is not None
        assert self._writer.stdout is not None
        self._writer.stdin.write(f"{booking}\n")
        self._writer.stdin.flush()
        return float(self._writer.stdout.readline())


def _request(token: str, booking: str) -> bytes:
    """As a client of 2026-07-28 writes it."""
    meta = {"io.modelcontextprotocol/protocolVersion": "2026-07-28", "io.modelcontextprotocol/clientCapabilities": {}}
    params = {"notifications": {"resourceSubscriptions": [f"bookings://v1/{booking}"]}, "_meta": meta}
    body = orjson.dumps({"jsonrpc": "2.0", "id": 1, "method": "subscriptions/listen", "params": params})
    head = [
        "POST /v1/mcp HTTP/1.1",
        f"host: {HOST}",
        f"authorization: Bearer {token}",
        "accept: application/json, text/event-stream",
        "content-type: application/json",
        f"content-length: {len(body)}",
        "mcp-protocol-version: 2026-07-28",
        "mcp-method: subscriptions/listen",
    ]
    return "\r\n".join([*head, "", ""]).encode() + body


def _megabytes(server: Server) -> float:
    """Resident, of the server's process."""
    for line in Path(f"/proc/{server.process.pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1_000
    raise BenchBroke("the server is gone")


def _allow_open_files() -> None:
    """Of this process and of the server that it starts. As many as the machine allows, at most OPEN_FILES."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = OPEN_FILES if hard == resource.RLIM_INFINITY else min(OPEN_FILES, hard)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, wanted), hard))
