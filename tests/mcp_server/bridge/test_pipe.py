"""What the pipe does with a message and with every kind of answer. The server on the other end is a real one."""

import asyncio
import json
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from mcp_server.bridge.stdio import LineTooLong
from tests.live import live_server
from tests.mcp_server.bridge.inside import Inside, Message, call, inside, keep
from tests.mcp_server.bridge.scripted import (
    DOOR,
    Answer,
    Asked,
    Scripted,
    as_json,
    events,
    result,
    too_narrow,
    unauthorized,
)

MODERN, LEGACY = "2026-07-28", "2025-11-25"
HELLO = {"jsonrpc": "2.0", "id": 0, "method": "initialize", "params": {"protocolVersion": LEGACY}}

Run = Callable[[Callable[[Inside], Awaitable[Any]]], Any]


@pytest.fixture
def run(server: Scripted, tmp_path: Path) -> Run:
    """A conversation through a bridge whose traveler has signed in."""

    def run(conversation: Callable[[Inside], Awaitable[Any]]) -> Any:
        async def signed_in() -> Any:
            async with inside(server, tmp_path) as bridge:
                await keep(bridge, server)
                return await conversation(bridge)

        return asyncio.run(signed_in())

    return run


def error_of(run: Run, *messages: Message) -> Message:
    [told] = run(lambda bridge: bridge.told(*(messages or (call(),))))
    assert told["id"] == 1
    return dict(told["error"])


def test_a_message_goes_on_byte_for_byte(run: Run, server: Scripted) -> None:
    line = b'{"jsonrpc":"2.0", "id":1,"method":"tools/call","params":{"name":"look","n":1.50e3,"x":"\xc5\xbc"} }'

    async def conversation(bridge: Inside) -> None:
        await bridge.pipe.take(line)
        await bridge.pipe.finish(5)

    run(conversation)
    assert [asked.body for asked in server.posts()] == [line]


def test_an_answer_comes_back_on_one_line_as_it_was_written(run: Run, server: Scripted) -> None:
    pretty = (
        b'{\n  "jsonrpc": "2.0",\r\n  "id": 1,\n  "result": {"price": 10.10, "line": "a\\nb", "sep": "\xe2\x80\xa8"}\n}'
    )
    server.at[DOOR] = lambda asked: Answer(200, {"content-type": "application/json"}, [pretty])

    async def conversation(bridge: Inside) -> bytes:
        await bridge.told(call())
        [line] = bridge.written
        return line

    line = run(conversation)
    assert b"\n" not in line
    assert b"10.10" in line
    assert json.loads(line) == json.loads(pretty)


def test_a_modern_message_is_mirrored_in_headers(run: Run, server: Scripted) -> None:
    run(lambda bridge: bridge.told(call("żaden", version=MODERN)))
    headers = server.posts()[0].headers
    assert headers["mcp-protocol-version"] == MODERN
    assert headers["mcp-method"] == "tools/call"
    assert headers["mcp-name"] == "=?base64?xbxhZGVu?="


def test_after_a_handshake_the_agreed_version_is_named(run: Run, server: Scripted) -> None:
    server.at[DOOR] = lambda asked: events(result(asked, protocolVersion="2025-06-18"))

    async def conversation(bridge: Inside) -> None:
        await bridge.told(HELLO)
        await bridge.told(call())
        await bridge.told({**HELLO, "id": 2})

    run(conversation)
    assert [asked.headers.get("mcp-protocol-version") for asked in server.posts()] == [None, "2025-06-18", None]
    assert not any("mcp-method" in asked.headers for asked in server.posts())


def test_progress_passes_before_the_result(run: Run, server: Scripted) -> None:
    progress = {"jsonrpc": "2.0", "method": "notifications/progress", "params": {"progressToken": 1, "progress": 1}}
    server.at[DOOR] = lambda asked: events(progress, result(asked))
    assert [told.get("method", "result") for told in run(lambda bridge: bridge.told(call()))] == [
        "notifications/progress",
        "result",
    ]


def test_what_comes_early_is_not_held_back(run: Run, server: Scripted) -> None:
    server.at[DOOR] = lambda asked: events({"jsonrpc": "2.0", "method": "notifications/first"}, stays=True)

    async def conversation(bridge: Inside) -> None:
        await bridge.send({"jsonrpc": "2.0", "id": 1, "method": "subscriptions/listen", "params": {}})
        await bridge.until(lambda: bridge.written)
        await bridge.pipe.finish(10)  # a stream that only listens does not hold the end back

    run(conversation)
    assert server.left.wait(5)


def test_many_requests_are_under_way_at_once(run: Run, server: Scripted) -> None:
    async def conversation(bridge: Inside) -> list[Message]:
        return await bridge.told(*[call(message_id=number) for number in range(50)])

    assert sorted(told["id"] for told in run(conversation)) == list(range(50))


def test_one_and_the_text_one_are_two_ids(run: Run, server: Scripted) -> None:
    server.at[DOOR] = lambda asked: events({"jsonrpc": "2.0", "method": "notifications/first"}, stays=True)
    gone = {"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": "1"}}

    async def conversation(bridge: Inside) -> bool:
        await bridge.send(call(version=MODERN))
        await bridge.until(lambda: bridge.written)
        await bridge.send(gone)
        return server.left.wait(0.2)

    assert not run(conversation)


def test_a_modern_request_is_cancelled_by_closing_its_stream(run: Run, server: Scripted) -> None:
    server.at[DOOR] = lambda asked: events({"jsonrpc": "2.0", "method": "notifications/first"}, stays=True)

    async def conversation(bridge: Inside) -> list[Message]:
        await bridge.send(call(version=MODERN))
        await bridge.until(lambda: bridge.written)
        await bridge.send({"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": 1}})
        await bridge.until(server.left.is_set)
        return bridge.heard

    assert [told["method"] for told in run(conversation)] == ["notifications/first"]
    assert len(server.posts()) == 1


def test_a_legacy_request_is_cancelled_by_the_message(run: Run, server: Scripted) -> None:
    def door(asked: Asked) -> Answer:
        if "id" not in asked.message:
            return Answer(202)
        told = result(asked, protocolVersion=LEGACY)
        return (
            events({"jsonrpc": "2.0", "method": "notifications/first"}, stays=True)
            if asked.message["id"]
            else (events(told))
        )

    server.at[DOOR] = door

    async def conversation(bridge: Inside) -> bool:
        await bridge.told(HELLO)
        await bridge.send(call())
        await bridge.until(lambda: len(bridge.written) == 2)
        await bridge.send({"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": 1}})
        await bridge.until(lambda: len(server.posts()) == 3)
        return server.left.is_set()

    assert not run(conversation)
    assert server.posts()[2].message["method"] == "notifications/cancelled"


@pytest.mark.parametrize("status", [400, 404, 413, 429, 500, 503])
def test_the_servers_own_refusal_reaches_the_host(run: Run, server: Scripted, status: int) -> None:
    refusal = {"code": -32000, "message": "Slower, please. Wait 3 seconds.", "data": {"code": "rate_limited"}}
    server.at[DOOR] = lambda asked: as_json({"jsonrpc": "2.0", "id": None, "error": refusal}, status)
    assert error_of(run) == refusal


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (
            Answer(200, {"content-type": "text/html"}, [b"<h1>Welcome to the hotel</h1>"]),
            "with text/html, not with MCP",
        ),
        (Answer(502, {"content-type": "text/html"}, [b"<h1>Bad gateway</h1>"]), "answered 502 with text/html"),
        (Answer(200, {}, [b""]), "no media type"),
        (Answer(202), "ended its answer without a result"),
        (events({"jsonrpc": "2.0", "method": "notifications/first"}), "ended its answer without a result"),
        (Answer(200, {"content-type": "application/json"}, [b"{"]), "not MCP"),
        (Answer(200, {"content-type": "application/json"}, [b"[" * 100_000]), "not MCP"),
        (as_json({"detail": "no JSON-RPC"}), "not MCP"),
        (as_json({"jsonrpc": "2.0", "id": 1}), "ended its answer without a result"),
        (Answer(200, {"content-type": "text/event-stream"}, [b"data: <p>\n\n"]), "not MCP"),
        (events({"jsonrpc": "2.0", "method": "notifications/first"}, breaks=True), "repeat it with the same"),
        (Answer(200, {"content-type": "application/json"}, [b" " * 1_048_576] * 17), "more than 16777216 bytes"),
        (Answer(200, {"content-type": "text/event-stream"}, [b"data: " + b"x" * 1_048_576] * 17), "broke"),
        (Answer(403, {"content-type": "text/plain"}, [b"no"]), "answered 403"),
    ],
)
def test_an_answer_that_is_none_becomes_an_error_in_words(
    run: Run, server: Scripted, answer: Answer, words: str
) -> None:
    server.at[DOOR] = lambda asked: answer
    told = run(lambda bridge: bridge.told(call()))[-1]
    assert told["id"] == 1
    assert words in told["error"]["message"]
    assert told["error"]["data"]["code"] in ("not_movmo", "unreachable")


def test_a_token_never_follows_a_redirect(run: Run, server: Scripted) -> None:
    elsewhere = Scripted()
    with live_server(elsewhere) as there:
        server.at[DOOR] = lambda asked: Answer(307, {"location": f"{there}/v1/mcp"})
        error = error_of(run)
    assert f"redirects to {there}/v1/mcp, which is not followed" in error["message"]
    assert elsewhere.asked == []


def test_a_server_that_is_away_is_told(run: Run, server: Scripted, tmp_path: Path) -> None:
    away = Scripted()
    away.origin = "http://127.0.0.1:9"

    async def conversation() -> list[Message]:
        async with inside(away, tmp_path) as bridge:
            return await bridge.told(call(), {"jsonrpc": "2.0", "method": "notifications/initialized"})

    [told] = asyncio.run(conversation())
    assert "cannot be reached" in told["error"]["message"]
    assert told["error"]["data"] == {"code": "unreachable", "retryable": True}


@pytest.mark.parametrize(
    ("line", "code"),
    [
        (b"garbage", -32700),
        (b"\xff\xfe", -32700),
        (b"[" * 100_000, -32700),
        (b'[{"jsonrpc":"2.0","id":1,"method":"ping"}]', -32600),
        (b'"text"', -32600),
        (b"null", -32600),
        (LineTooLong(), -32600),
    ],
)
def test_a_line_that_is_no_message_is_answered_at_once(
    run: Run, server: Scripted, line: bytes | LineTooLong, code: int
) -> None:
    async def conversation(bridge: Inside) -> list[Message]:
        await bridge.pipe.take(line)
        return await bridge.told(call())

    wrong, right = run(conversation)
    assert (wrong["id"], wrong["error"]["code"]) == (None, code)
    assert right["result"] == {"bearer": "access-1"}
    assert len(server.posts()) == 1


@pytest.mark.parametrize(
    "message",
    [
        {},
        {"id": 1},
        {"method": 7, "id": 1},
        {"method": "tools/call", "params": [], "id": 1},
        {"method": "tools/call", "params": {"_meta": []}, "id": 1},
        {
            "method": "tools/call",
            "params": {"_meta": {"io.modelcontextprotocol/protocolVersion": "a\r\nb: c"}},
            "id": 1,
        },
        {"method": "notifications/cancelled", "params": {"requestId": {}}},
        {"jsonrpc": "2.0", "id": 1, "result": {}},
        {"method": "a\nb", "id": {"x": 1}},
    ],
)
def test_odd_messages_are_for_the_server_to_judge(run: Run, server: Scripted, message: Message) -> None:
    run(lambda bridge: bridge.told(message))
    assert [asked.message for asked in server.posts() if asked.message != message] == []


def test_a_refused_notification_is_told_to_the_person(
    run: Run, server: Scripted, capfd: pytest.CaptureFixture[str]
) -> None:
    refusal = {"jsonrpc": "2.0", "id": None, "error": {"code": -32600, "message": "No\nsuch \x1b[31mthing."}}
    server.at[DOOR] = lambda asked: as_json(refusal, 400)
    assert run(lambda bridge: bridge.told({"jsonrpc": "2.0", "method": "notifications/odd"})) == []
    assert "No such [31mthing." in capfd.readouterr().err


def test_a_token_that_is_never_good_enough_is_not_sent_for_ever(run: Run, server: Scripted) -> None:
    server.at[DOOR] = lambda asked: unauthorized()
    assert error_of(run)["message"] == "Sign in."
    assert [asked.bearer for asked in server.posts()] == ["access-1", "access-2"]


def test_a_step_up_that_nobody_answers_is_an_error_and_the_old_token_stays(server: Scripted, tmp_path: Path) -> None:
    server.at[DOOR] = lambda asked: too_narrow("flights:read bookings:read")
    started = time.monotonic()

    async def conversation() -> tuple[list[Message], Any]:
        async with inside(server, tmp_path, patience=0.1) as bridge:
            kept = await keep(bridge, server)
            return await bridge.told(call()), await bridge.store.read() == kept

    [told], is_kept = asyncio.run(conversation())
    assert "Nobody signed in" in told["error"]["message"]
    assert is_kept
    assert time.monotonic() - started < 5


def test_cancelling_one_call_does_not_end_a_sign_in_that_others_wait_for(server: Scripted, tmp_path: Path) -> None:
    shown: list[str] = []

    async def conversation() -> int:
        async with inside(server, tmp_path, shown.append) as bridge:
            await bridge.send(call(version=MODERN), call(message_id=2, version=MODERN))
            await bridge.until(lambda: shown)
            await bridge.send({"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": 1}})
            await asyncio.sleep(0)
            bridge.credentials.stop_asking()
            await bridge.pipe.finish(5)
            assert [told["id"] for told in bridge.heard] == [2]
            assert "the host has left" in bridge.heard[0]["error"]["message"]
            return len(shown)

    assert asyncio.run(conversation()) == 1


def test_many_waiting_calls_hear_one_refusal(server: Scripted, tmp_path: Path) -> None:
    shown: list[str] = []

    async def conversation() -> list[Message]:
        async with inside(server, tmp_path, shown.append, patience=0.1) as bridge:
            return await bridge.told(*[call(message_id=number) for number in range(20)])

    told = asyncio.run(conversation())
    assert len(told) == 20
    assert all("Nobody signed in" in one["error"]["message"] for one in told)
    assert len(shown) == 1
