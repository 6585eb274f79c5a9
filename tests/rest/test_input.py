"""What cannot be read is refused with the documented code and the field's pointer, and changes nothing."""

from collections.abc import Iterator
from io import BytesIO
from typing import Any

import orjson
import pytest
from django.test import Client

from movmo.kit.http import MAX_BODY, MAX_DEPTH
from movmo.operations.models import AuditEvent
from tests.rest import toys

PLANES = "/v1/users/me/planes"
PLANE = f"{PLANES}/{toys.SWIFT}"


@pytest.fixture(autouse=True)
def _nothing_changes(client: Client) -> Iterator[None]:
    toys.hangar[toys.SWIFT] = "Swift"
    yield
    assert toys.hangar == {toys.SWIFT: "Swift"}


def refusal(answer: Any) -> tuple[int, str, list[str]]:
    assert answer["X-Request-Id"] == answer.json()["request_id"]
    return answer.status_code, answer.json()["code"], sorted(answer.json().get("fields", {}))


def post(client: Client, body: bytes | dict[str, Any], content_type: str = "application/json", **extra: Any) -> Any:
    text = body if isinstance(body, bytes) else orjson.dumps(body)
    return client.generic("POST", PLANES, text, content_type=content_type, **extra)


@pytest.mark.parametrize(
    "body",
    [
        b'{"name": ',
        b'{"name": NaN}',
        b'{"name": Infinity}',
        b'{"name": "\xff"}',
        b'{"name": "\\ud800"}',
        b"[]",
        b'"name"',
        b"null",
        b'{"a":' * 5000 + b"1" + b"}" * 5000,
        b'{"name": "Swift"} {}',
    ],
    ids=["cut", "nan", "infinity", "not utf-8", "lone surrogate", "list", "string", "null", "deep", "two"],
)
def test_a_body_that_is_no_json_object_is_malformed(client: Client, body: bytes) -> None:
    assert refusal(post(client, body)) == (400, "malformed_json", [])


@pytest.mark.parametrize("inner", [(b"[", b"]"), (b'{"a":', b"}")], ids=["lists", "objects"])
def test_nesting_has_a_limit(client: Client, inner: tuple[bytes, bytes]) -> None:
    def nested(levels: int) -> bytes:
        return b'{"name":' + inner[0] * (levels - 1) + b"1" + inner[1] * (levels - 1) + b"}"

    assert refusal(post(client, nested(MAX_DEPTH))) == (400, "validation_failed", ["/name"])
    assert refusal(post(client, nested(MAX_DEPTH + 1))) == (400, "malformed_json", [])


def test_many_brackets_are_not_deep_by_themselves(client: Client) -> None:
    body = {"name": 7, "sails": [{"colour": "red", "metres": 1} for _ in range(200)], "title": "[" * 200}
    assert refusal(post(client, body))[1] == "validation_failed"


def test_an_unknown_field_is_pointed_at(client: Client) -> None:
    body = {"name": "Swift", "sails": [{"colour": "red", "metres": 1, "a/b": 1}]}
    assert refusal(post(client, body)) == (400, "validation_failed", ["/sails/0/a~1b"])


def test_wrong_types_are_pointed_at(client: Client) -> None:
    body = {"name": 7, "sails": [{"colour": "green", "metres": "1"}]}
    assert refusal(post(client, body)) == (
        400,
        "validation_failed",
        ["/name", "/sails/0/colour", "/sails/0/metres"],
    )


def test_a_missing_field_is_pointed_at_even_without_a_body(client: Client) -> None:
    assert refusal(post(client, b"")) == (400, "validation_failed", ["/name"])


def test_a_body_over_the_limit_is_refused_by_its_declared_length(client: Client) -> None:
    assert refusal(post(client, b"{}", CONTENT_LENGTH=str(MAX_BODY + 1)))[:2] == (413, "body_too_large")
    assert refusal(post(client, b"{}", CONTENT_LENGTH="9" * 5000))[:2] == (413, "body_too_large")
    assert not AuditEvent.objects.exists()  # refused before anybody was asked who calls


def test_a_body_over_the_limit_without_a_declared_length(client: Client) -> None:
    body = b'{"name": "' + b"x" * MAX_BODY + b'"}'
    assert refusal(post_chunked(client, body))[:2] == (413, "body_too_large")


def test_a_body_at_the_limit_is_read(client: Client) -> None:
    body = b'{"name": "' + b"x" * (MAX_BODY - 12) + b'"}'
    assert len(body) == MAX_BODY
    assert refusal(post(client, body)) == (400, "validation_failed", ["/name"])
    assert refusal(post_chunked(client, body)) == (400, "validation_failed", ["/name"])


def test_a_chunked_body_is_read(client: Client) -> None:
    assert refusal(post_chunked(client, b'{"title": 1}')) == (400, "validation_failed", ["/name", "/title"])


def post_chunked(client: Client, body: bytes) -> Any:
    """As the server hands a chunked body on: the input ends where the body ends, and nobody said how long it is."""
    extra: Any = {"HTTP_TRANSFER_ENCODING": "chunked", "CONTENT_LENGTH": "", "wsgi.input": BytesIO(body)}
    return client.generic("POST", PLANES, b"", CONTENT_TYPE="application/json", **extra)


@pytest.mark.parametrize("content_type", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", ""])
def test_a_body_that_is_no_json_by_its_own_account(client: Client, content_type: str) -> None:
    assert refusal(post(client, b"name=Swift", content_type))[:2] == (415, "unsupported_media_type")


def test_a_body_that_contradicts_its_path(client: Client) -> None:
    body = orjson.dumps({"plane_id": str(toys.ANA), "name": "Swallow"})
    answer = client.generic("PUT", PLANE, body, content_type="application/json")
    assert refusal(answer) == (400, "validation_failed", ["/plane_id"])


def test_a_query_on_a_write(client: Client) -> None:
    answer = client.generic("POST", PLANES + "?name=Swallow", b"{}", content_type="application/json")
    assert refusal(answer) == (400, "validation_failed", ["/name"])


@pytest.mark.parametrize(
    ("query", "pointer"),
    [
        ("colour=red", "/colour"),
        ("limit=many", "/limit"),
        ("limit=0", "/limit"),
        ("limit=1&limit=2", "/limit"),
        ("as_of=soon", "/as_of"),
        (f"plane_id={toys.ANA}", "/plane_id"),
    ],
)
def test_a_query_parameter_is_pointed_at(client: Client, query: str, pointer: str) -> None:
    assert refusal(client.get(f"{PLANE}?{query}")) == (400, "validation_failed", [pointer])


def test_more_parameters_than_anything_has(client: Client) -> None:
    query = "&".join(f"p{number}=1" for number in range(2000))
    assert refusal(client.get(f"{PLANE}?{query}"))[:2] == (400, "too_many_parameters")


def test_a_bad_id_in_the_path(client: Client) -> None:
    assert refusal(client.get(f"{PLANES}/7")) == (400, "validation_failed", ["/plane_id"])


def test_another_travelers_path_is_not_found(client: Client) -> None:
    assert refusal(client.get(f"/v1/users/{toys.AVIARE}/planes/{toys.SWIFT}"))[:2] == (404, "not_found")
    assert refusal(client.get(f"{PLANE}?user_id={toys.ANA}")) == (400, "validation_failed", ["/user_id"])


def test_header_and_field_name_different_idempotency_keys(client: Client) -> None:
    body = {"name": "Swallow", "idempotency_key": "key-in-body-1"}
    answer = post(client, body, headers={"Idempotency-Key": "key-in-header-1"})
    assert refusal(answer)[:2] == (400, "idempotency_key_invalid")


def test_an_idempotency_key_that_came_twice(client: Client) -> None:
    answer = post(client, {"name": "Swallow"}, headers={"Idempotency-Key": "key-in-header-1,key-in-header-1"})
    assert refusal(answer)[:2] == (400, "idempotency_key_invalid")


def test_a_body_is_not_read_before_its_caller_is_known(anonymous: Client) -> None:
    del anonymous.defaults["HTTP_X_API_KEY"]
    assert refusal(post(anonymous, b"{"))[:2] == (401, "api_key_missing")


def test_a_malformed_body_is_audited(client: Client) -> None:
    post(client, b"{")
    assert [event.code for event in AuditEvent.objects.all()] == ["malformed_json"]
