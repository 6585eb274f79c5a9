"""What is left to a caller, in the headers of every answer that the limits had a part in."""

from datetime import UTC, datetime

import pytest
from django.http.response import HttpResponseBase
from django.test import Client

from movmo.kit.limiter.gcra import Outcome
from movmo.operations import registry
from movmo.operations.context import Plan
from movmo.rest.allowances import headers
from movmo.rest.openapi.document import build
from tests.conftest import StoppedClock
from tests.rest import toys

PLANES = "/v1/users/me/planes"
PLANE = f"{PLANES}/{toys.SWIFT}"
NAMES = ("RateLimit-Policy", "RateLimit", "Retry-After")


@pytest.fixture(autouse=True)
def a_month_s_eve(clock: StoppedClock, credentials: toys.ToyCredentials) -> None:
    clock.set(datetime(2027, 4, 30, 23, 59, tzinfo=UTC))
    credentials.plan = Plan("toys", 10, 20, month_quota=1_000)


def told(answer: HttpResponseBase) -> list[str | None]:
    return [answer.headers.get(name) for name in NAMES]


POLICY = '"key";q=20;w=2, "traveler";q=1000000;w=1, "month";q=1000;w=2592000'


def test_a_success_tells_what_is_left(client: Client) -> None:
    toys.hangar[toys.SWIFT] = "Swift"
    answer = client.get(PLANE)
    assert answer.status_code == 200
    assert told(answer) == [POLICY, '"key";r=19;t=1, "traveler";r=999999;t=1, "month";r=999;t=60', None]


def test_a_refusal_by_the_operation_tells_it_too(client: Client) -> None:
    answer = client.get("/v1/refusals?kind=rule")
    assert answer.status_code == 422
    assert told(answer)[:2] == [POLICY, '"key";r=19;t=1, "traveler";r=999999;t=1, "month";r=999;t=60']


def test_a_crash_tells_it_too(client: Client) -> None:
    answer = client.get("/v1/refusals?kind=rule&crash=true")
    assert (answer.status_code, answer["RateLimit-Policy"]) == (500, POLICY)


def test_a_refusal_for_a_scope_has_cost_one_and_no_call_of_the_month(
    client: Client, credentials: toys.ToyCredentials
) -> None:
    credentials.scopes = frozenset()
    answer = client.get(PLANE)
    assert answer.status_code == 403
    assert answer["RateLimit"] == '"key";r=19;t=1, "traveler";r=999999;t=1'


def test_a_query_that_cannot_be_read_has_cost_one(client: Client) -> None:
    answer = client.get(PLANE + "?limit=1&limit=2")
    assert (answer.status_code, answer["RateLimit"]) == (400, '"key";r=19;t=1, "traveler";r=999999;t=1')


def test_too_fast_names_the_allowance_that_is_spent(client: Client, credentials: toys.ToyCredentials) -> None:
    credentials.plan = Plan("slow", 1, 2, month_quota=1_000)
    answers = [client.get("/v1/refusals?kind=rule") for _ in range(3)]
    assert [answer.status_code for answer in answers] == [422, 422, 429]
    assert told(answers[-1]) == [
        '"key";q=2;w=2, "traveler";q=1000000;w=1, "month";q=1000;w=2592000',
        '"key";r=0;t=1',
        "1",
    ]


def test_a_used_up_month_is_told_until_it_ends(client: Client, credentials: toys.ToyCredentials) -> None:
    credentials.plan = Plan("small", 10, 20, month_quota=1)
    client.get("/v1/refusals?kind=rule")
    answer = client.get("/v1/refusals?kind=rule")
    assert (answer.status_code, answer.json()["code"]) == (429, "quota_exhausted")
    assert answer.json()["details"] == {"quota": 1, "resets_at": "2027-05-01T00:00:00Z"}
    assert told(answer)[1:] == ['"month";r=0;t=60', "60"]


def test_an_operation_that_the_plan_lacks_is_refused(client: Client, credentials: toys.ToyCredentials) -> None:
    credentials.plan = Plan("readers", 10, 20, operations=frozenset({"get_plane"}))
    answer = client.get("/v1/refusals?kind=rule")
    assert (answer.status_code, answer.json()["code"]) == (403, "operation_not_in_plan")
    assert answer.json()["details"] == {"operation": "refuse", "plan": "readers"}
    assert "WWW-Authenticate" not in answer
    assert answer["RateLimit"] == '"key";r=19;t=1, "traveler";r=999999;t=1'


def test_a_call_by_nobody_has_no_allowance(anonymous: Client) -> None:
    answer = anonymous.get("/v1/refusals?kind=rule")
    assert (answer.status_code, told(answer)) == (401, [None] * 3)


def test_a_call_that_nothing_limits_says_nothing() -> None:
    assert headers(None) == headers(Outcome([], [], None, 0, 0)) == {}


def test_the_document_names_the_headers_wherever_they_come() -> None:
    document = build(registry.all_operations())
    answers = [
        (int(status), answer)
        for path in document["paths"].values()
        for operation in path.values()
        for status, answer in operation["responses"].items()
    ]
    assert {status for status, answer in answers if "RateLimit" not in answer["headers"]} == {401}
    assert {status for status, answer in answers if "RateLimit-Policy" not in answer["headers"]} == {401}
    assert all("Retry-After" in answer["headers"] for status, answer in answers if status == 429)
    assert {"RateLimit", "RateLimit-Policy"} <= document["components"]["headers"].keys()


def test_every_operation_can_be_refused_by_the_plan() -> None:
    for path in build(registry.all_operations())["paths"].values():
        for operation in path.values():
            assert "operation_not_in_plan" in operation["responses"]["403"]["description"]
            assert "quota_exhausted" in operation["responses"]["429"]["description"]
