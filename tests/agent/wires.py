"""What may stand between an agent and the server."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Mapping
from typing import Any, Protocol

import httpx2
import orjson

ASKED = (b"approval_required", b"input_required")


class Wire(Protocol):
    def there(self, request: httpx2.Request) -> httpx2.Request: ...

    async def back(self, request: httpx2.Request, response: httpx2.Response) -> httpx2.Response: ...


class Through(httpx2.AsyncBaseTransport):
    def __init__(self, wire: Wire, inner: httpx2.AsyncBaseTransport) -> None:
        self._wire, self._inner = wire, inner

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        response = await self._inner.handle_async_request(self._wire.there(request))
        return await self._wire.back(request, response)

    async def aclose(self) -> None:
        await self._inner.aclose()


class Cut:
    """The connection breaks when the server has done its part of the calls of one tool, `times` of them."""

    def __init__(self, *, tool: str, times: int = 1) -> None:
        self._tool, self._times = tool, times
        self.lost: list[bytes] = []

    def there(self, request: httpx2.Request) -> httpx2.Request:
        return request

    async def back(self, request: httpx2.Request, response: httpx2.Response) -> httpx2.Response:
        if called(request) != self._tool or not self._times:
            return response
        told = await response.aread()
        if any(word in told for word in ASKED):
            return response
        self._times -= 1
        self.lost.append(told)
        headers = {"content-type": response.headers["content-type"]}
        return httpx2.Response(response.status_code, headers=headers, stream=Broken())


class Broken(httpx2.AsyncByteStream):
    async def __aiter__(self) -> AsyncIterator[bytes]:
        raise httpx2.ReadError("the connection broke")
        yield b""


class Renamed:
    """A server that has other names for its tools and fields, and speaks of them in its texts by these."""

    def __init__(self, names: Mapping[str, str]) -> None:
        self._there = _swap({new: old for old, new in names.items()})
        self._back = _swap(names)

    def there(self, request: httpx2.Request) -> httpx2.Request:
        headers = {name: self._there(value) for name, value in request.headers.items() if name != "content-length"}
        return httpx2.Request(
            request.method,
            request.url,
            headers=headers,
            content=_in_json(request.content, self._there),
            extensions=request.extensions,
        )

    async def back(self, request: httpx2.Request, response: httpx2.Response) -> httpx2.Response:
        lines = [_in_line(line, self._back) for line in (await response.aread()).split(b"\n")]
        headers = {name: value for name, value in response.headers.items() if name == "content-type"}
        return httpx2.Response(response.status_code, headers=headers, content=b"\n".join(lines))


def called(request: httpx2.Request) -> str | None:
    """The tool that a request calls."""
    message = orjson.loads(request.content or b"{}")
    name: str | None = message.get("params", {}).get("name") if message.get("method") == "tools/call" else None
    return name


def _in_line(line: bytes, swap: Swap) -> bytes:
    """Of an answer in JSON, or of an event stream."""
    head, start, tail = line.partition(b"{")
    return head + _in_json(start + tail, swap) if start else line


def _in_json(text: bytes, swap: Swap) -> bytes:
    return orjson.dumps(_swapped(orjson.loads(text), swap)) if text else text


def _swapped(part: Any, swap: Swap) -> Any:
    if isinstance(part, dict):
        return {swap(name): _swapped(value, swap) for name, value in part.items()}
    if isinstance(part, list):
        return [_swapped(one, swap) for one in part]
    return swap(part) if isinstance(part, str) else part


class Swap(Protocol):
    def __call__(self, text: str) -> str: ...


def _swap(names: Mapping[str, str]) -> Swap:
    every = re.compile(r"(?<![A-Za-z0-9_])(" + "|".join(map(re.escape, names)) + r")(?![A-Za-z0-9_])")
    return lambda text: every.sub(lambda match: names[match.group()], text)
