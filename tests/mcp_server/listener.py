"""A client that listens: one open stream, read by a thread, message by message."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from queue import SimpleQueue
from typing import Any

import httpx2
import orjson

MODERN = "2026-07-28"
PATIENCE = 20.0
ID = "listen-1"
GONE: dict[str, Any] = {"gone": True}
"""The server has ended the stream."""


class Stream:
    def __init__(self, answer: httpx2.Response) -> None:
        self.answer = answer
        self._heard: SimpleQueue[dict[str, Any]] = SimpleQueue()
        self._reading = threading.Thread(target=self._read, daemon=True)
        self._reading.start()

    def _read(self) -> None:
        try:
            for line in self.answer.iter_lines():
                if line.startswith("data:"):
                    self._heard.put(orjson.loads(line.removeprefix("data:")))
        except httpx2.HTTPError:
            pass
        self._heard.put(GONE)

    def next(self, seconds: float = PATIENCE) -> dict[str, Any]:
        """Raises queue.Empty when nothing comes."""
        return self._heard.get(timeout=seconds)

    def leave(self) -> None:
        """Closing it would not wake the thread that reads."""
        with suppress(OSError):
            self.answer.extensions["network_stream"].get_extra_info("socket").shutdown(socket.SHUT_RDWR)
        self._reading.join(PATIENCE)

    def acknowledged(self) -> dict[str, Any]:
        message = self.next()
        assert message["method"] == "notifications/subscriptions/acknowledged", message
        filter_: dict[str, Any] = message["params"]["notifications"]
        return filter_


@contextmanager
def listening(origin: str, token: str | None, *uris: str, **wanted: Any) -> Iterator[Stream]:
    """Ask, and keep the stream open for as long as the block lasts."""
    with httpx2.Client(base_url=origin, timeout=httpx2.Timeout(PATIENCE, read=None), trust_env=False) as http:
        request = http.build_request("POST", "/v1/mcp", headers=_headers(token), content=asking(*uris, **wanted))
        answer = http.send(request, stream=True)
        stream = Stream(answer)
        try:
            yield stream
        finally:
            stream.leave()


def asked(origin: str, token: str | None, *uris: str, **wanted: Any) -> httpx2.Response:
    """The whole answer to a request to listen that is not granted."""
    with httpx2.Client(base_url=origin, timeout=PATIENCE, trust_env=False) as http:
        request = http.build_request("POST", "/v1/mcp", headers=_headers(token), content=asking(*uris, **wanted))
        answer = http.send(request, stream=True)
        assert answer.headers["content-type"] == "application/json", "it was granted"
        answer.read()
        return answer


def asking(*uris: str, **wanted: Any) -> bytes:
    notifications = {"resourceSubscriptions": list(uris), **wanted} if uris else wanted
    meta = {"io.modelcontextprotocol/protocolVersion": MODERN, "io.modelcontextprotocol/clientCapabilities": {}}
    params = {"notifications": notifications, "_meta": meta}
    return orjson.dumps({"jsonrpc": "2.0", "id": ID, "method": "subscriptions/listen", "params": params})


def _headers(token: str | None) -> dict[str, str]:
    return {
        "authorization": f"Bearer {token}",
        "content-type": "application/json",
        "accept": "application/json, text/event-stream",
        "mcp-protocol-version": MODERN,
        "mcp-method": "subscriptions/listen",
    }
