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
from statistics import quantiles
from typing import Any, cast

import httptools
import uvloop

from tests.bench.records import Count, Run


class Tally:
    """What all connections of one run share."""

    def __init__(self, run: Run) -> None:
        requests = [request.encode("latin-1") for request in run.requests]
        self._requests = iter(requests) if run.is_once else cycle(requests)
        self.expect = run.expect.encode()
        self.answers = 0
        self.failed = 0
        self.sample = b""
        self.latencies: list[float] = []
        self._stop_at = time.perf_counter() + run.seconds

    def next(self) -> bytes | None:
        """What a connection sends now, or nothing more."""
        return next(self._requests, None) if time.perf_counter() < self._stop_at else None

    def count(self, status: int, body: bytes, seconds: float) -> None:
        self.answers += 1
        self.latencies.append(seconds)
        if status >= 300 or self.expect not in body:
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
        self._sent_at = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._send()

    def data_received(self, data: bytes) -> None:
        self._parser.feed_data(data)

    def on_body(self, body: bytes) -> None:
        self._body.append(body)

    def on_message_complete(self) -> None:
        seconds = time.perf_counter() - self._sent_at
        self._tally.count(self._parser.get_status_code(), b"".join(self._body), seconds)
        self._body.clear()
        self._parser = httptools.HttpResponseParser(self)
        self._send()

    def _send(self) -> None:
        assert self._transport is not None
        request = self._tally.next()
        if request is None:
            self._transport.close()
            return
        self._sent_at = time.perf_counter()
        self._transport.write(request)

    def connection_lost(self, failure: Exception | None) -> None:
        if not self._done.done():
            self._done.set_result(None)


async def _execute(run: Run) -> Count:
    loop = asyncio.get_running_loop()
    tally, started = Tally(run), time.perf_counter()
    ends: list[asyncio.Future[None]] = [loop.create_future() for _ in range(run.connections)]
    for end, port in zip(ends, cycle(run.ports)):
        await loop.create_connection(lambda end=end: Connection(tally, end), "127.0.0.1", port)  # type: ignore[misc]
    await asyncio.wait_for(asyncio.gather(*ends), run.seconds + 30)
    elapsed = time.perf_counter() - started
    percentiles = quantiles(tally.latencies, n=100, method="inclusive")
    milliseconds = {"p50_ms": percentiles[49] * 1000, "p99_ms": percentiles[98] * 1000}
    return Count(tally.answers, tally.failed, elapsed, tally.sample.decode(), **milliseconds)


def main() -> None:
    for line in sys.stdin:
        count = uvloop.run(_execute(Run(**json.loads(line))))
        sys.stdout.write(json.dumps(asdict(count)) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
