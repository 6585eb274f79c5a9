"""The load generator: a process of its own that keeps some connections busy and counts what comes back.

It reads one JSON `Run` a line from standard input and answers each with one JSON `Count`. The requests are complete
HTTP messages, sent as they are, so that the generator costs as little as it can.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from dataclasses import asdict
from itertools import cycle
from typing import Any, cast

import httptools
import uvloop

from tests.bench.records import Count, Run


class Tally:
    """What all connections of one run share."""

    def __init__(self, run: Run) -> None:
        self.requests = cycle([request.encode("latin-1") for request in run.requests])
        self.expect = run.expect.encode()
        self.answers = 0
        self.failed = 0
        self.sample = b""
        self.stop_at = time.perf_counter() + run.seconds

    def count(self, status: int, body: bytes) -> None:
        self.answers += 1
        if status != 200 or self.expect not in body:
            self.failed += 1
            self.sample = body
        elif not self.sample:
            self.sample = body


class Connection(asyncio.Protocol):
    """One request at a time, the next as soon as an answer is whole."""

    def __init__(self, tally: Tally, done: asyncio.Future[None]) -> None:
        self._tally = tally
        self._done = done
        self._body: list[bytes] = []
        self._parser: Any = httptools.HttpResponseParser(self)
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._transport.write(next(self._tally.requests))

    def data_received(self, data: bytes) -> None:
        self._parser.feed_data(data)

    def on_body(self, body: bytes) -> None:
        self._body.append(body)

    def on_message_complete(self) -> None:
        assert self._transport is not None
        self._tally.count(self._parser.get_status_code(), b"".join(self._body))
        self._body.clear()
        self._parser = httptools.HttpResponseParser(self)
        if time.perf_counter() < self._tally.stop_at:
            self._transport.write(next(self._tally.requests))
        else:
            self._transport.close()

    def connection_lost(self, failure: Exception | None) -> None:
        if not self._done.done():
            self._done.set_result(None)


async def _execute(run: Run) -> Count:
    loop = asyncio.get_running_loop()
    tally, started = Tally(run), time.perf_counter()
    ends: list[asyncio.Future[None]] = [loop.create_future() for _ in range(run.connections)]
    for end in ends:
        await loop.create_connection(lambda end=end: Connection(tally, end), "127.0.0.1", run.port)  # type: ignore[misc]
    await asyncio.wait_for(asyncio.gather(*ends), run.seconds + 30)
    elapsed = time.perf_counter() - started
    return Count(tally.answers, tally.failed, elapsed, tally.sample.decode())


def main() -> None:
    for line in sys.stdin:
        count = uvloop.run(_execute(Run(**json.loads(line))))
        sys.stdout.write(json.dumps(asdict(count)) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
