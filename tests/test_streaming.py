"""What is streamed holds a thread: a client that stops reading is given up, and what was opened for it is closed."""

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest

from movmo import wsgi_bridge
from movmo.kit.threads import DatabaseThreads
from movmo.wsgi_bridge import WSGIBridge


class Download:
    """Of more blocks than anybody takes."""

    closed = False

    def __iter__(self) -> Iterator[bytes]:
        while True:
            yield b"block"

    def close(self) -> None:
        self.closed = True


class Reader:
    """Takes so many messages, and no more."""

    def __init__(self, most: int) -> None:
        self.taken: list[dict[str, Any]] = []
        self._most = most

    async def send(self, message: Any) -> None:
        if len(self.taken) == self._most:
            await asyncio.Event().wait()
        self.taken.append(message)


async def receive() -> dict[str, Any]:
    return {"type": "http.request", "body": b"", "more_body": False}


@pytest.mark.parametrize("most", [0, 1, 4])
def test_a_reader_that_stops_is_given_up(monkeypatch: pytest.MonkeyPatch, most: int) -> None:
    monkeypatch.setattr(wsgi_bridge, "SEND_SECONDS", 0.1)
    download, reader, threads = Download(), Reader(most), DatabaseThreads("streaming", 1)

    def application(env: dict[str, Any], start: Any) -> Any:
        start("200 OK", [])
        return download

    scope: dict[str, Any] = {"type": "http", "http_version": "1.1", "scheme": "http", "method": "GET", "path": "/file"}
    scope |= {"query_string": b"", "headers": []}
    bridge = WSGIBridge(application, threads=threads, body_seconds=1)
    asyncio.run(asyncio.wait_for(bridge(scope, receive, reader.send), 10))
    assert download.closed
    assert len(reader.taken) == most
    assert threads.begin(lambda: "free").result(10) == "free"
    threads.close()
