"""The SDK's own client against a real server, in both protocol eras: it validates every result against our schemas."""

from functools import partial
from typing import Any

import anyio
import httpx2
import orjson
import pytest
from mcp import Client, MCPError

from movmo.operations.models import AuditEvent
from tests.mcp_server.conftest import LEGACY, Conversation, Post, legacy_call
from tests.mcp_server.toys import ANA, SECRET

pytestmark = pytest.mark.django_db(transaction=True)


def calling(tool: str, **arguments: Any) -> Conversation:
    return lambda client: client.call_tool(tool, arguments)


def refused(talk: Any, *args: Any, **options: Any) -> MCPError:
    """The protocol error that a conversation ends with, out of the task groups that wrap it."""
    with pytest.raises((MCPError, BaseExceptionGroup)) as caught:
        talk(*args, **options)
    error = caught.value
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    assert isinstance(error, MCPError)
    return error


def test_scout_lists_the_tools(talk: Any) -> None:
    async def look(client: Client) -> list[str]:
        return [tool.name for tool in (await client.list_tools()).tools]

    assert talk(look) == ["buy_kite", "look_at_kite", "odd_kite", "tear_kite"]


def test_scout_reads_data_and_text_that_say_the_same(talk: Any) -> None:
    result = talk(calling("look_at_kite", name="red"))
    assert not result.is_error
    assert result.structured_content == {"name": "red", "note": None, "seen_by": str(ANA)}
    assert orjson.loads(result.content[0].text) == result.structured_content
    assert AuditEvent.objects.get().door == "mcp"


def test_scout_repeats_a_write_and_nothing_is_done_twice(talk: Any) -> None:
    async def twice(client: Client) -> Any:
        arguments = {"name": "red", "idempotency_key": "one-intention"}
        return [(await client.call_tool("buy_kite", arguments)).structured_content for _ in range(2)]

    first, second = talk(twice)
    assert (first["replayed"], second["replayed"]) == (False, True)
    assert first["id"] == second["id"]


def test_a_refusal_teaches(talk: Any) -> None:
    result = talk(calling("look_at_kite", name="gone"))
    told = result.structured_content
    assert result.is_error
    assert (told["code"], told["retryable"], told["retry_after"]) == ("toy_sold_out", True, 7)
    assert told["message"] == f"Kite {told['details']['kite']} is sold out."
    assert told["hint"] == "Call look_at_kite with another name."
    assert told["request_id"]
    assert orjson.loads(result.content[0].text) == told


def test_bad_arguments_are_named_by_pointer(talk: Any) -> None:
    told = talk(calling("look_at_kite", name="x", colour="red")).structured_content
    assert told["code"] == "validation_failed"
    assert set(told["fields"]) == {"/name", "/colour"}


def test_a_write_without_a_key_is_told_how(talk: Any) -> None:
    assert talk(calling("buy_kite", name="red")).structured_content["code"] == "idempotency_key_missing"


@pytest.mark.parametrize("tool", ["tear_kite", "odd_kite"])
def test_a_crash_tells_nothing(talk: Any, tool: str) -> None:
    result = talk(calling(tool, name="red"))
    assert result.is_error
    assert result.structured_content["code"] == "internal_error"
    assert SECRET not in str(result)


@pytest.mark.parametrize("name", ["no_such_tool", "hidden_kite"])
def test_an_unknown_tool_is_a_protocol_error(talk: Any, name: str) -> None:
    error = refused(talk, calling(name))
    assert (error.error.code, error.error.data["code"]) == (-32602, "unknown_tool")


def test_a_narrow_token_is_refused_with_a_reason_the_client_shows(talk: Any) -> None:
    error = refused(talk, calling("buy_kite", name="red", idempotency_key="one-intention"), token="narrow")
    assert error.error.data["code"] == "insufficient_scope"
    assert error.error.data["details"]["required"] == ["bookings:read", "bookings:write"]


def test_a_partner_key_is_refused_with_a_reason_the_client_shows(talk: Any) -> None:
    error = refused(talk, calling("look_at_kite", name="red"), **{"x-api-key": "mvm_live_anything"})
    assert "Remove the `x-api-key` header" in error.error.message


def test_many_calls_at_once_keep_their_answers_apart(talk: Any) -> None:
    async def many(client: Client) -> list[str]:
        names: list[str] = []

        async def one(name: str) -> None:
            result = await client.call_tool("look_at_kite", {"name": name})
            assert result.structured_content is not None
            assert result.structured_content["name"] == name
            names.append(name)

        async with anyio.create_task_group() as group:
            for number in range(30):
                group.start_soon(partial(one, f"kite-{number}"))
        return names

    assert len(talk(many)) == 30


def test_both_spellings_of_the_path_are_the_door(origin: str) -> None:
    for path in ("/v1/mcp", "/v1/mcp/"):
        assert httpx2.post(origin + path, json={}).status_code == 401


@pytest.mark.usefixtures("toys")
@pytest.mark.parametrize(
    ("tool", "meta", "kind"),
    [
        ("look_at_kite", {}, "application/json"),
        ("look_at_kite", {"progressToken": 1}, "text/event-stream"),
        ("buy_kite", {"progressToken": 1}, "text/event-stream"),
    ],
)
def test_only_a_read_that_reports_nothing_is_answered_without_a_stream(
    knock: Post, tool: str, meta: dict[str, Any], kind: str
) -> None:
    call = legacy_call(tool, name="red", **({} if tool == "look_at_kite" else {"idempotency_key": "one-intention"}))
    call["params"]["_meta"] = meta
    assert knock(call, token="wide", mcp_protocol_version=LEGACY).headers["content-type"].startswith(kind)
