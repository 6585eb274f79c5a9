"""WSGI behind the event loop: what reaches the application, and how its answer comes back."""

import asyncio
import threading
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO
from typing import Any
from unittest.mock import AsyncMock

import httpx2
import pytest

from mcp_server.asgi import McpDoor
from movmo.asgi import Application
from movmo.kit.http import MAX_BODY
from movmo.wsgi_bridge import LONG_AT_ONCE, WSGIBridge
from tests.live import live_server
from tests.mcp_server.drip import drip
from tests.mcp_server.toys import ToyAuthority

BODY_SECONDS = 0.3
LONG = "/admin/bookings/statement/upload/"


class Streamed:
    streaming = True

    def __init__(self) -> None:
        self.closed = threading.Event()

    def __iter__(self) -> Iterator[bytes]:
        yield from (b"one ", b"two ", b"three")

    def close(self) -> None:
        self.closed.set()


class Recorder:
    """Keeps the last environ and body; answers what it was told to."""

    def __init__(self) -> None:
        self.environ: dict[str, Any] = {}
        self.body = b""
        self.answer: Iterable[bytes] = [b"an", b"swer"]
        self.file: BytesIO | None = None

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        self.environ = environ
        self.body = environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"]))
        start_response("201 Created", [("Content-Type", "text/plain"), ("X-One", "1"), ("Set-Cookie", "a=1")])
        return self.answer if self.file is None else environ["wsgi.file_wrapper"](self.file, 4096)


@pytest.fixture
def recorder() -> Recorder:
    return Recorder()


@pytest.fixture
def rest(recorder: Recorder, toys: None, settings: Any) -> Iterator[httpx2.Client]:
    settings.MOVMO_BODY_SECONDS = BODY_SECONDS
    app = Application(mcp=McpDoor(ToyAuthority()), wsgi=recorder)
    with live_server(app) as origin, httpx2.Client(base_url=origin) as client:
        yield client


def test_a_request_becomes_an_environ(rest: httpx2.Client, recorder: Recorder) -> None:
    answer = rest.post(
        "/v1/caf%C3%A9?q=%20x", content=b"body", headers=[("Accept", "a/b"), ("Accept", "c/d"), ("Content-Type", "t/x")]
    )
    assert (answer.status_code, answer.text, answer.headers["x-one"]) == (201, "answer", "1")
    assert answer.headers["content-length"] == "6"
    environ = recorder.environ
    assert environ["PATH_INFO"].encode("latin-1").decode() == "/v1/café"
    assert (environ["QUERY_STRING"], environ["REQUEST_METHOD"]) == ("q=%20x", "POST")
    assert "a/b,c/d" in environ["HTTP_ACCEPT"]
    assert (environ["CONTENT_TYPE"], environ["CONTENT_LENGTH"], recorder.body) == ("t/x", "4", b"body")
    assert environ["REMOTE_ADDR"] == "127.0.0.1"


def test_headers_with_underscores_do_not_pass_for_others(rest: httpx2.Client, recorder: Recorder) -> None:
    rest.get("/", headers={"X_Api_Key": "forged", "Proxy": "http://evil.example"})
    assert "HTTP_X_API_KEY" not in recorder.environ
    assert "HTTP_PROXY" not in recorder.environ


def test_a_chunked_body_arrives_whole_and_measured(rest: httpx2.Client, recorder: Recorder) -> None:
    pieces = [b"x" * 300_000] * 3
    assert rest.post("/", content=iter(pieces)).status_code == 201
    assert recorder.environ["CONTENT_LENGTH"] == "900000"
    assert recorder.body == b"".join(pieces)


def test_an_endless_body_is_cut_off_before_the_application(rest: httpx2.Client, recorder: Recorder) -> None:
    try:
        answer = rest.post("/", content=iter([b"x" * 300_000] * 5))
    except (httpx2.WriteError, httpx2.ReadError, httpx2.RemoteProtocolError):
        pass  # the server closed while we were still sending
    else:
        assert (answer.status_code, answer.json()["code"]) == (413, "body_too_large")
        assert answer.json()["request_id"] == answer.headers["x-request-id"]
    assert recorder.environ == {}


def test_a_declared_excess_is_refused_unread(rest: httpx2.Client, recorder: Recorder) -> None:
    head = f"POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: {MAX_BODY + 1}\r\n\r\n".encode()
    status, refusal = drip(str(rest.base_url), head)
    assert (status, refusal["code"]) == (413, "body_too_large")
    assert recorder.environ == {}


def test_a_body_that_drips_is_cut_off(rest: httpx2.Client, recorder: Recorder) -> None:
    """Every piece of it comes in time; the whole does not."""
    status, refusal = drip(str(rest.base_url), b"POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 1000\r\n\r\n")
    assert (status, refusal["code"], refusal["details"]) == (408, "request_timeout", {"seconds": BODY_SECONDS})
    assert recorder.environ == {}


def test_long_bodies_wait_for_a_place_before_they_are_read(rest: httpx2.Client, recorder: Recorder) -> None:
    """Nobody has shown yet who sends them, and each would be held in memory: hundreds at once were the whole of it."""
    head = f"POST {LONG} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 2000000\r\n\r\n".encode()
    with ThreadPoolExecutor(LONG_AT_ONCE + 2) as pool:
        told = list(pool.map(lambda _: drip(str(rest.base_url), head), range(LONG_AT_ONCE + 2)))
    assert {(status, refusal["code"]) for status, refusal in told} == {(408, "request_timeout")}
    assert rest.post(LONG, content=b"x" * 2_000_000).status_code == 201  # every place was given back
    assert len(recorder.body) == 2_000_000


def test_no_more_long_bodies_are_read_at_once_than_there_are_places() -> None:
    reading = 0

    async def endless() -> dict[str, Any]:
        nonlocal reading
        reading += 1
        await asyncio.Event().wait()
        raise AssertionError

    async def many() -> int:
        bridge = WSGIBridge(Recorder(), threads=None, body_seconds=0.2, largest_body=lambda _: 9_000_000)  # type: ignore[arg-type]
        scope = {"path": "/long", "headers": [(b"content-length", b"2000000")]}
        asking = [asyncio.create_task(bridge(scope, endless, AsyncMock())) for _ in range(LONG_AT_ONCE + 3)]
        await asyncio.sleep(0.1)
        at_once = reading
        await asyncio.gather(*asking)
        return at_once

    assert asyncio.run(many()) == LONG_AT_ONCE


def test_a_streamed_answer_comes_piece_by_piece_and_is_closed(rest: httpx2.Client, recorder: Recorder) -> None:
    streamed = Streamed()
    recorder.answer = streamed
    assert rest.get("/").text == "one two three"
    assert streamed.closed.is_set()


def test_a_file_is_sent_whole_and_closed(rest: httpx2.Client, recorder: Recorder) -> None:
    recorder.file = BytesIO(b"x" * 600_000)
    assert len(rest.get("/").content) == 600_000
    assert recorder.file.closed


def test_head_has_no_body(rest: httpx2.Client) -> None:
    answer = rest.head("/")
    assert (answer.status_code, answer.content) == (201, b"")


def test_a_broken_application_is_a_500(recorder: Recorder, rest: httpx2.Client) -> None:
    class Broken:
        streaming = False

        def __iter__(self) -> Iterator[bytes]:
            raise RuntimeError("broken")

    recorder.answer = Broken()
    assert rest.get("/").status_code == 500


def test_django_answers_through_the_bridge(toys: None) -> None:
    from movmo.wsgi import application

    with live_server(Application(mcp=McpDoor(ToyAuthority()), wsgi=application)) as origin:
        assert httpx2.get(origin + "/no-such-page").status_code == 404
