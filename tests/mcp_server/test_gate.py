"""Who gets past the gate. Everything here ends before a tool is reached, unless a test says otherwise."""

import base64
import json
from typing import Any

import pytest
from pytest_django import DjangoAssertNumQueries

from mcp_server.asgi import McpDoor
from movmo.asgi import Application
from movmo.operations.models import AuditEvent
from partners.api_key import secret
from tests.live import live_server
from tests.mcp_server.conftest import LEGACY, MODERN, Post, legacy_call, modern_call, modern_headers
from tests.mcp_server.drip import drip
from tests.mcp_server.toys import SECRET, ToyAuthority

pytestmark = pytest.mark.django_db(transaction=True)

GOOD_KEY = secret.generate(live=True)
ERAS = [
    pytest.param(legacy_call, lambda tool: {"mcp_protocol_version": LEGACY}, id="legacy"),
    pytest.param(modern_call, modern_headers, id="modern"),
]


def told(response: Any) -> dict[str, Any]:
    """The envelope in a JSON-RPC error, after a look at what every refusal must have."""
    body = response.json()
    data: dict[str, Any] = body["error"]["data"]
    assert body["jsonrpc"] == "2.0"
    assert data["request_id"] == response.headers["x-request-id"]
    assert data["hint"]
    assert response.headers["cache-control"] == "no-store"
    return data


def test_options_is_answered_without_a_token(knock: Post, authority: ToyAuthority) -> None:
    response = knock(method="OPTIONS", token=None)
    assert (response.status_code, response.headers["allow"]) == (204, "POST, OPTIONS")
    assert authority.asked == 0


@pytest.mark.parametrize(
    ("name", "first", "second"),
    [
        ("authorization", "Bearer stolen", "Bearer wide"),
        ("host", "evil.example", "testserver"),
        ("origin", "https://evil.example", "http://127.0.0.1:8000"),
        ("content-length", "5000000", "5"),
        ("content-type", "text/plain", "application/json"),
    ],
)
def test_a_header_that_came_twice_is_refused_before_anything_else(
    knock: Post, authority: ToyAuthority, name: str, first: str, second: str
) -> None:
    call = legacy_call("look_at_kite", name="red")
    response = knock(call, again=((name.title(), second),), **{name: first})
    assert (response.status_code, told(response)["code"]) == (400, "header_repeated")
    assert told(response)["details"] == {"header": name}
    assert knock(method="OPTIONS", again=((name, second),), **{name: first}).status_code == 400
    assert authority.asked == 0


@pytest.mark.parametrize("method", ["GET", "DELETE", "PUT"])
def test_only_post_is_taken(knock: Post, method: str) -> None:
    response = knock(method=method)
    assert (response.status_code, response.headers["allow"]) == (405, "POST, OPTIONS")
    assert told(response)["code"] == "method_not_allowed"


def test_a_partner_key_gets_429_before_its_token_is_looked_at(knock: Post, authority: ToyAuthority) -> None:
    response = knock(legacy_call("look_at_kite", name="red"), x_api_key="mvm_live_anything")
    assert response.status_code == 429
    assert int(response.headers["retry-after"]) > 0
    refusal = told(response)
    assert refusal["code"] == "api_key_on_mcp"
    assert "Remove the `x-api-key` header" in refusal["hint"]
    assert "Remove the `x-api-key` header" in response.json()["error"]["message"]
    assert authority.asked == 0


@pytest.mark.parametrize("method", ["POST", "GET", "DELETE", "PUT", "HEAD", "PATCH", "OPTIONS"])
@pytest.mark.parametrize("token", [None, "narrow", "stolen"])
@pytest.mark.parametrize(
    "keys", [[""], ["anything"], [GOOD_KEY], [GOOD_KEY, GOOD_KEY]], ids=["empty", "bad", "good", "twice"]
)
def test_no_call_with_a_key_gets_in(
    knock: Post,
    authority: ToyAuthority,
    django_assert_num_queries: DjangoAssertNumQueries,
    method: str,
    token: str | None,
    keys: list[str],
) -> None:
    again = tuple(("X-Api-Key", key) for key in keys)
    with django_assert_num_queries(0):
        response = knock(legacy_call("look_at_kite", name="red"), method=method, token=token, again=again)
    assert response.status_code == 429
    assert int(response.headers["retry-after"]) > 0
    assert method == "HEAD" or told(response)["code"] == "api_key_on_mcp"
    assert (authority.asked, AuditEvent.objects.exists()) == (0, False)


@pytest.mark.parametrize(
    "query",
    ["access_token=wide", "x=1&ACCESS_TOKEN=wide", "api%5Fkey=" + GOOD_KEY],
    ids=["token", "capitals", "encoded key"],
)
def test_a_credential_in_the_address_is_refused_and_not_used(knock: Post, authority: ToyAuthority, query: str) -> None:
    for token in (None, "wide"):
        response = knock(legacy_call("look_at_kite", name="red"), token=token, query=query)
        assert (response.status_code, told(response)["code"]) == (400, "credential_in_url")
        assert "leaked" in told(response)["hint"]
        assert "wide" not in response.text
    assert authority.asked == 0


def test_a_foreign_host_gets_421(knock: Post) -> None:
    response = knock(legacy_call("look_at_kite", name="red"), host="evil.example")
    assert (response.status_code, told(response)["code"]) == (421, "host_not_allowed")


def test_a_foreign_origin_gets_403_and_our_own_is_let_in(knock: Post, settings: Any) -> None:
    response = knock(legacy_call("look_at_kite", name="red"), origin="https://evil.example")
    assert (response.status_code, told(response)["code"]) == (403, "origin_not_allowed")
    assert knock(legacy_call("look_at_kite", name="red"), origin=settings.ORIGIN).status_code == 200


def test_no_token_is_challenged_with_the_baseline_scope(knock: Post, authority: ToyAuthority, settings: Any) -> None:
    response = knock(legacy_call("look_at_kite", name="red"), token=None)
    metadata = f"{settings.ORIGIN}/.well-known/oauth-protected-resource/v1/mcp"
    assert response.status_code == 401
    assert response.headers["www-authenticate"] == f'Bearer scope="flights:read", resource_metadata="{metadata}"'
    assert told(response)["code"] == "token_missing"
    assert authority.asked == 0


@pytest.mark.parametrize("authorization", ["Basic bmFycm93", "Bearer", "Bearer   ", "narrow"])
def test_what_is_no_bearer_token_counts_as_none(knock: Post, authorization: str) -> None:
    response = knock(legacy_call("look_at_kite", name="red"), authorization=authorization)
    assert response.status_code == 401
    assert "error=" not in response.headers["www-authenticate"]


def test_a_bad_token_is_named_invalid(knock: Post) -> None:
    response = knock(legacy_call("look_at_kite", name="red"), token="stolen")
    assert response.status_code == 401
    assert response.headers["www-authenticate"].startswith('Bearer error="invalid_token", ')
    assert told(response)["code"] == "token_invalid"


@pytest.mark.parametrize(("call", "headers"), ERAS)
def test_a_narrow_token_is_told_all_scopes_the_tool_needs(knock: Post, call: Any, headers: Any) -> None:
    response = knock(call("buy_kite", name="red", idempotency_key="key-00001"), **headers("buy_kite"))
    assert response.status_code == 403
    challenge = response.headers["www-authenticate"]
    assert 'error="insufficient_scope"' in challenge
    assert 'scope="bookings:read bookings:write"' in challenge
    assert response.json()["id"] == 7
    assert told(response)["details"]["required"] == ["bookings:read", "bookings:write"]
    audited = AuditEvent.objects.get()
    assert (audited.operation, audited.code, audited.client_id) == ("buy_kite", "insufficient_scope", "scout")


def test_an_encoded_tool_name_does_not_get_around_the_scopes(knock: Post) -> None:
    encoded = f"=?base64?{base64.b64encode(b'buy_kite').decode()}?="
    response = knock(modern_call("buy_kite", name="red", idempotency_key="key-00001"), **modern_headers(encoded))
    assert (response.status_code, told(response)["code"]) == (403, "insufficient_scope")


@pytest.mark.parametrize(
    ("body_tool", "header_tool", "method", "status"),
    [
        ("buy_kite", "look_at_kite", "tools/call", 403),  # the body decides, whatever the header claims
        ("buy_kite", "buy_kite", "tools/list", 403),
        ("look_at_kite", "buy_kite", "tools/call", 400),  # and the SDK refuses headers that differ
        ("look_at_kite", "look_at_kite", "tools/list", 400),
    ],
)
def test_headers_that_differ_from_the_body_win_nothing(
    knock: Post, body_tool: str, header_tool: str, method: str, status: int
) -> None:
    response = knock(modern_call(body_tool, name="red"), **modern_headers(header_tool, method))
    assert response.status_code == status
    assert not AuditEvent.objects.filter(code="done").exists()


@pytest.mark.parametrize("version", ["", "1999-01-01", "2027-01-01", MODERN, LEGACY, "2025-03-26"])
def test_no_protocol_version_opens_a_way_around_the_scopes(knock: Post, version: str) -> None:
    response = knock(legacy_call("buy_kite", name="red", idempotency_key="key-00001"), mcp_protocol_version=version)
    assert (response.status_code, told(response)["code"]) == (403, "insufficient_scope")


@pytest.mark.parametrize("version", [LEGACY, MODERN, "2025-03-26"])
def test_a_batch_is_refused_whole(knock: Post, version: str) -> None:
    batch = [legacy_call("look_at_kite", name="red"), legacy_call("buy_kite", name="red", idempotency_key="key-00001")]
    response = knock(batch, token="wide", mcp_protocol_version=version)
    assert (response.status_code, told(response)["code"]) == (400, "invalid_message")
    assert response.json()["error"]["code"] == -32600
    assert not AuditEvent.objects.exists()


@pytest.mark.parametrize(
    "body", [b"{", b"", b"\xff\xfe", b"[" * 5000, b'{"a": NaN}', '{"jsonrpc": "2.0"}'.encode("utf-16")]
)
def test_what_is_no_json_is_a_parse_error(knock: Post, body: bytes) -> None:
    response = knock(body)
    assert (response.status_code, response.json()["error"]["code"]) == (400, -32700)
    assert told(response)["code"] == "malformed_json"


@pytest.mark.parametrize("levels", [195, 240, 900])
def test_deep_nesting_is_a_parse_error_in_our_words(knock: Post, levels: int) -> None:
    message = json.dumps(legacy_call("look_at_kite", name="deep")).encode()
    response = knock(message.replace(b'"deep"', b"[" * levels + b"]" * levels))
    assert (response.status_code, response.json()["error"]["code"]) == (400, -32700)
    assert told(response)["code"] == "malformed_json"
    assert "nested" in told(response)["message"]


@pytest.mark.parametrize(
    "message",
    [
        "text",
        None,
        {"id": 1, "method": "ping"},
        {"jsonrpc": "2.0", "id": 1},
        {"jsonrpc": "2.0", "id": 1, "result": {}},
        {"jsonrpc": "2.0", "id": True, "method": "ping"},
        {"jsonrpc": "2.0", "id": None, "method": "ping"},
        {"jsonrpc": "2.0", "id": 1, "method": ["tools/call"]},
        {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": ["buy_kite"]},
        {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": None},
    ],
)
def test_what_is_no_json_rpc_request_is_told_so(knock: Post, message: Any) -> None:
    response = knock(json.dumps(message).encode())
    assert (response.status_code, response.json()["error"]["code"]) == (400, -32600)
    assert told(response)["code"] == "invalid_message"


def test_a_body_over_a_megabyte_is_refused(knock: Post) -> None:
    response = knock(legacy_call("look_at_kite", name="x" * 1_048_576))
    assert (response.status_code, told(response)["code"]) == (413, "body_too_large")
    assert response.headers["connection"] == "close"


def test_a_body_that_hides_its_length_is_refused_as_well(knock: Post) -> None:
    response = knock(b" " * 1_048_577, content_length="5")
    assert (response.status_code, told(response)["code"]) == (413, "body_too_large")


@pytest.mark.parametrize("length", [str(1_048_577), "9" * 5000], ids=["over", "absurd"])
def test_a_declared_excess_is_refused_unread(knock: Post, length: str) -> None:
    response = knock(b"{}", content_length=length)
    assert (response.status_code, told(response)["code"]) == (413, "body_too_large")


def test_a_body_that_drips_is_cut_off(toys: None, authority: ToyAuthority, settings: Any) -> None:
    settings.MOVMO_BODY_SECONDS = 0.3
    head = (
        b"POST /v1/mcp HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n"
        b"Accept: application/json, text/event-stream\r\nAuthorization: Bearer narrow\r\n\r\n"
    )
    with live_server(Application(mcp=McpDoor(authority), wsgi=None)) as origin:  # type: ignore[arg-type]
        status, refusal = drip(origin, head)
    assert (status, refusal["error"]["data"]["code"]) == (408, "request_timeout")


def test_media_types_are_explained(knock: Post) -> None:
    response = knock(legacy_call("look_at_kite", name="red"), content_type="text/plain")
    assert (response.status_code, told(response)["code"]) == (415, "unsupported_media_type")
    response = knock(legacy_call("look_at_kite", name="red"), accept="application/json")
    assert (response.status_code, told(response)["code"]) == (406, "not_acceptable")


def test_a_crash_in_the_gate_tells_nothing(knock: Post) -> None:
    response = knock(legacy_call("look_at_kite", name="red"), token="crash")
    assert (response.status_code, told(response)["code"]) == (500, "internal_error")
    assert SECRET not in response.text


def test_the_token_is_verified_once(knock: Post, authority: ToyAuthority) -> None:
    assert knock(modern_call("look_at_kite", name="red"), **modern_headers("look_at_kite")).status_code == 200
    assert authority.asked == 1


@pytest.mark.parametrize(("call", "headers"), ERAS)
def test_an_answer_carries_a_request_id(knock: Post, call: Any, headers: Any) -> None:
    response = knock(call("look_at_kite", name="red"), **headers("look_at_kite"))
    assert response.status_code == 200
    assert response.headers["x-request-id"] == AuditEvent.objects.get().request_id


@pytest.mark.parametrize(("offered", "kept"), [("trace-0001", True), ("x", False), ("a b c d e f g h", False)])
def test_a_decent_request_id_of_the_caller_is_kept(knock: Post, offered: str, kept: bool) -> None:
    response = knock(legacy_call("look_at_kite", name="red"), x_request_id=offered)
    assert (response.headers["x-request-id"] == offered) is kept


def test_a_notification_is_taken_in_both_eras(knock: Post) -> None:
    note = {"jsonrpc": "2.0", "method": "notifications/initialized"}
    assert knock(note, mcp_protocol_version=LEGACY).status_code == 202
    assert knock(note, mcp_protocol_version=MODERN).status_code == 202


def test_a_call_without_an_id_is_not_run(knock: Post) -> None:
    call = modern_call("look_at_kite", name="red")
    del call["id"]
    assert knock(call, **modern_headers("look_at_kite")).status_code == 202
    assert knock(call, mcp_protocol_version=LEGACY).status_code == 202
    assert not AuditEvent.objects.exists()


def test_whitespace_around_a_header_is_no_part_of_it(knock: Post) -> None:
    """RFC 9110, section 5.5; the parser of the server that we run takes off only what stands before."""
    headers = modern_headers("look_at_kite") | {"mcp_name": "look_at_kite  "}
    assert knock(modern_call("look_at_kite", name="red"), **headers).status_code == 200


@pytest.mark.usefixtures("toys")
@pytest.mark.parametrize("arguments", ['{"name": "red"}', ["red"], 7])
def test_arguments_that_are_no_object_are_told_so(knock: Post, arguments: Any) -> None:
    for message in (legacy_call("look_at_kite"), modern_call("look_at_kite")):
        message["params"]["arguments"] = arguments
        sent = modern_headers("look_at_kite") if "_meta" in message["params"] else {"mcp_protocol_version": LEGACY}
        response = knock(message, **sent)
        assert response.status_code == 400
        assert "`arguments` is not an object" in response.json()["error"]["message"]
