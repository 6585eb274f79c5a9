"""Answers: the view as JSON, and the headers that tell a client where to go next."""

from types import SimpleNamespace
from typing import Any, cast
from uuid import UUID

import pytest
from django.test import Client, RequestFactory
from pydantic import create_model
from rest_framework.request import Request

from movmo.operations import registry
from movmo.operations.context import Plan, View
from movmo.operations.spec import Operation
from movmo.rest import raw
from movmo.rest.location import location_of
from tests.rest import toys

PLANES = "/v1/users/me/planes"


def post(client: Client, path: str, body: dict[str, Any], key: str | None = None) -> Any:
    headers = {"Idempotency-Key": key} if key else {}
    return client.post(path, body, content_type="application/json", headers=headers)


def test_a_read_with_typed_query_parameters(client: Client) -> None:
    toys.hangar[toys.SWIFT] = "Swift"
    answer = client.get(f"{PLANES}/{toys.SWIFT}?limit=5&as_of=2027-03-01")
    assert answer.status_code == 200
    assert answer["Content-Type"] == "application/json"
    assert answer.json() == {"plane_id": str(toys.SWIFT), "name": "Swift", "in_the_air": False}


def test_head_is_a_read_without_its_body(client: Client) -> None:
    toys.hangar[toys.SWIFT] = "Swift"
    answer = client.head(f"{PLANES}/{toys.SWIFT}")
    assert (answer.status_code, answer.content) == (200, b"")


def test_what_was_made_has_a_location_that_answers(client: Client) -> None:
    made = post(client, PLANES, {"name": "Swift"})
    assert made.status_code == 201
    assert made["Location"] == f"{PLANES}/{made.json()['plane_id']}"
    assert client.get(made["Location"]).json() == made.json()


def test_a_replay_says_so_and_makes_nothing_new(client: Client) -> None:
    first = post(client, PLANES, {"name": "Swift"}, "key-of-swift")
    again = post(client, PLANES, {"name": "Swift", "idempotency_key": "key-of-swift"})
    assert "Idempotency-Replayed" not in first
    assert again["Idempotency-Replayed"] == "true"
    assert (again.status_code, again.json(), again["Location"]) == (201, first.json(), first["Location"])
    assert len(toys.hangar) == 1


def test_a_quoted_key_is_the_same_key(client: Client) -> None:
    post(client, PLANES, {"name": "Swift"}, "key-of-swift")
    assert post(client, PLANES, {"name": "Swift"}, '"key-of-swift"')["Idempotency-Replayed"] == "true"


def test_an_undecided_outcome_is_accepted_and_can_be_polled(client: Client) -> None:
    answer = post(client, f"{PLANES}/launches", {"name": "Swift"}, "key-of-launch")
    assert answer.status_code == 202
    assert answer["Retry-After"] == "2"
    assert answer["Location"] == f"{PLANES}/{answer.json()['plane_id']}"


def test_a_required_key_is_required(client: Client) -> None:
    answer = post(client, f"{PLANES}/launches", {"name": "Swift"})
    assert (answer.status_code, answer.json()["code"]) == (400, "idempotency_key_missing")


def test_a_body_may_repeat_its_path(client: Client) -> None:
    toys.hangar[toys.SWIFT] = "Swift"
    body = {"plane_id": str(toys.SWIFT), "name": "Swallow"}
    answer = client.put(f"{PLANES}/{toys.SWIFT}", body, content_type="application/json")
    assert (answer.status_code, toys.hangar[UUID(answer.json()["plane_id"])]) == (200, "Swallow")


def test_a_deletion_says_nothing(client: Client) -> None:
    toys.hangar[toys.SWIFT] = "Swift"
    answer = client.delete(f"{PLANES}/{toys.SWIFT}")
    assert (answer.status_code, answer.content, toys.hangar) == (204, b"", {})
    assert "Content-Type" not in answer


def test_a_new_thing_without_a_reader_has_no_location(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(registry._operations, "get_plane")
    made = post(client, PLANES, {"name": "Swift"})
    assert (made.status_code, "Location" in made) == (201, False)


def test_a_location_that_cannot_be_filled_in_is_left_out(toy_registry: None) -> None:
    known = registry.get("build_plane")
    assert known is not None
    assert location_of(known, View(), {}) is None
    assert location_of(known, View(), {"plane_id": "a/b"}) == f"{PLANES}/a%2Fb"


def test_a_spent_allowance_is_told_in_headers(client: Client, credentials: toys.ToyCredentials) -> None:
    credentials.plan = Plan("slow", 1, 3)
    answers = [client.get("/v1/refusals?kind=rule") for _ in range(4)]
    assert [answer.status_code for answer in answers] == [422, 422, 422, 429]
    refused = answers[-1]
    assert refused.json()["code"] == "rate_limited"
    assert refused["RateLimit-Policy"] == '"key";q=3;w=3, "traveler";q=1000000;w=1'
    assert refused["RateLimit"] == f'"key";r=0;t={refused["Retry-After"]}'


def test_only_lists_take_a_parameter_twice() -> None:
    request = Request(RequestFactory().get("/?tags=a&tags=b&name=c"))
    known = SimpleNamespace(request_model=create_model("Tagged", tags=(list[str] | None, None), name=(str, "")))
    assert raw.from_url(cast(Operation, known), request, {}) == {"tags": ["a", "b"], "name": "c"}


def test_a_page_beside_the_operations_keeps_its_middleware(db: None) -> None:
    answer = Client().get("/docs")
    assert answer["X-Frame-Options"] == "DENY"


def test_a_call_has_nothing_of_a_page(client: Client) -> None:
    """No session, no CSRF cookie, nothing of sign-in: calls turn off before the middleware of the pages."""
    answer = client.get("/v1/refusals?kind=rule")
    assert not answer.cookies
    assert answer["Content-Length"] == str(len(answer.content))
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert "Access-Control-Allow-Origin" not in answer
