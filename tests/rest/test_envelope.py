"""Every refusal leaves in the one envelope, with the status of its kind and a request id."""

from typing import Any

import pytest
from django.core.exceptions import SuspiciousOperation
from django.test import Client
from structlog.testing import capture_logs

from movmo.kit.errors import Kind
from movmo.kit.http import STATUS_BY_KIND
from movmo.operations.models import AuditEvent
from tests.rest import toys
from tests.rest.toys import ToyCredentials

PLANES = "/v1/users/me/planes"


@pytest.mark.parametrize("kind", list(Kind))
def test_every_kind_has_its_status(client: Client, kind: Kind) -> None:
    answer = client.get(f"/v1/refusals?kind={kind}")
    assert answer.status_code == STATUS_BY_KIND[kind]
    assert answer.json() == {
        "message": "No: the toy is tired.",
        "status_code": STATUS_BY_KIND[kind],
        "code": f"toy_{kind}",
        "details": {"why": "the toy is tired"},
        "hint": "Wait.",
        "retryable": False,
        "request_id": answer["X-Request-Id"],
    }
    assert answer["Retry-After"] == "7"
    assert answer["Cache-Control"] == "no-store"
    assert ("WWW-Authenticate" in answer) == (kind is Kind.UNAUTHENTICATED)


def test_a_crash_in_an_operation_tells_the_log_and_not_the_caller(client: Client) -> None:
    with capture_logs() as logs:
        answer = client.get("/v1/refusals?kind=rule&crash=true", headers={"X-Request-Id": "crash-in-operation"})
    _assert_no_detail(answer, "crash-in-operation")
    assert [line["request_id"] for line in logs if line["log_level"] == "error"] == ["crash-in-operation"]


def test_a_crash_before_the_pipeline_tells_the_log_and_not_the_caller(
    client: Client, credentials: ToyCredentials
) -> None:
    credentials.breaks = True
    with capture_logs() as logs:
        answer = client.get(f"{PLANES}/{toys.ANA}", headers={"X-Request-Id": "crash-in-door"})
    _assert_no_detail(answer, "crash-in-door")
    assert [(line["request_id"], str(line["exc_info"])) for line in logs] == [("crash-in-door", "the secret detail")]


def test_a_crash_outside_the_view_tells_the_log_and_not_the_caller(client: Client, settings: Any) -> None:
    settings.MIDDLEWARE = ["tests.rest.test_envelope.crash", *settings.MIDDLEWARE]
    with capture_logs() as logs:
        answer = client.get(f"{PLANES}/{toys.ANA}", headers={"X-Request-Id": "crash-in-middleware"})
    _assert_no_detail(answer, "crash-in-middleware")
    assert [line["request_id"] for line in logs] == ["crash-in-middleware"]


def crash(get_response: Any) -> Any:
    """A middleware that breaks."""

    def middleware(request: Any) -> Any:
        raise RuntimeError("the secret detail")

    return middleware


def suspect(get_response: Any) -> Any:
    """A middleware that takes every request for an attack."""

    def middleware(request: Any) -> Any:
        raise SuspiciousOperation("the secret detail")

    return middleware


def _assert_no_detail(answer: Any, request_id: str) -> None:
    assert answer.status_code == 500
    assert answer.json()["code"] == "internal_error"
    assert answer.json()["request_id"] == answer["X-Request-Id"] == request_id
    assert b"secret" not in answer.content


@pytest.mark.parametrize("offered", ["short", "x" * 65, "with spaces in it", "new\nline-here"])
def test_an_indecent_request_id_is_replaced(client: Client, offered: str) -> None:
    answer = client.get("/v1/refusals?kind=rule", HTTP_X_REQUEST_ID=offered)
    assert answer["X-Request-Id"] != offered
    assert len(answer["X-Request-Id"]) == 36


def test_the_callers_request_id_reaches_the_audit_trail(client: Client) -> None:
    client.get("/v1/refusals?kind=rule", headers={"X-Request-Id": "partner.call-0001"})
    assert AuditEvent.objects.get().request_id == "partner.call-0001"


def test_an_unknown_path_is_refused_in_json(client: Client) -> None:
    answer = client.get("/v1/nowhere")
    assert (answer.status_code, answer["Content-Type"]) == (404, "application/json")
    assert answer.json()["code"] == "route_unknown"
    assert answer.json()["request_id"] == answer["X-Request-Id"]


def test_an_unknown_path_outside_the_api_is_a_page(client: Client) -> None:
    answer = client.get("/nowhere")
    assert answer.status_code == 404
    assert answer["Content-Type"].startswith("text/html")


def test_a_suspicious_page_is_refused_with_a_page(client: Client) -> None:
    answer = client.get("/docs", headers={"host": "evil.example"})
    assert (answer.status_code, answer["Content-Type"].partition(";")[0]) == (400, "text/html")


def test_a_crashed_page_is_a_page(client: Client, settings: Any) -> None:
    settings.MIDDLEWARE = ["tests.rest.test_envelope.crash"]
    with capture_logs() as logs:
        answer = client.get("/docs")
    assert (answer.status_code, answer["Content-Type"].partition(";")[0]) == (500, "text/html")
    assert [line["event"] for line in logs] == ["request.crashed"]


def test_an_unknown_host_is_refused_in_json(client: Client) -> None:
    answer = client.get("/v1/refusals", headers={"host": "evil.example"})
    assert (answer.status_code, answer.json()["code"]) == (421, "host_not_allowed")
    assert answer.json()["request_id"] == answer["X-Request-Id"]


def test_whatever_else_django_finds_suspicious_is_refused_in_json(client: Client, settings: Any) -> None:
    settings.MIDDLEWARE = ["tests.rest.test_envelope.suspect"]
    answer = client.get("/v1/refusals")
    assert (answer.status_code, answer.json()["code"]) == (400, "validation_failed")


def test_a_wrong_method_names_the_right_ones(client: Client) -> None:
    answer = client.delete(PLANES)
    assert (answer.status_code, answer.json()["code"]) == (405, "method_not_allowed")
    assert answer["Allow"] == "POST"
    assert client.get("/v1/refusals?kind=rule").status_code == 422
    assert client.options("/v1/refusals")["Allow"] == "GET, HEAD"


@pytest.mark.parametrize("accept", ["text/html", "application/json;q=0", "application/xml, text/*"])
def test_a_caller_who_takes_no_json_gets_406(client: Client, accept: str) -> None:
    answer = client.get("/v1/refusals?kind=rule", headers={"Accept": accept})
    assert (answer.status_code, answer.json()["code"]) == (406, "not_acceptable")


@pytest.mark.parametrize("accept", ["*/*", "text/html, application/json;q=0.5", "application/*", "Application/JSON"])
def test_a_caller_who_takes_json_among_others_gets_it(client: Client, accept: str) -> None:
    assert client.get("/v1/refusals?kind=rule", headers={"Accept": accept}).status_code == 422


def test_no_key_and_no_token(anonymous: Client) -> None:
    answer = anonymous.get(f"{PLANES}/{toys.ANA}")
    assert (answer.status_code, answer.json()["code"]) == (401, "api_key_missing")
    assert answer["WWW-Authenticate"] == "Bearer error=None scope=flights:read resource=rest"


def test_a_key_without_the_token_the_operation_needs(anonymous: Client) -> None:
    answer = anonymous.get(f"{PLANES}/{toys.ANA}", headers={"x-api-key": "aviare"})
    assert (answer.status_code, answer.json()["code"]) == (401, "token_missing")
    assert "error=None" in answer["WWW-Authenticate"]


def test_a_bad_token_is_called_so_in_the_challenge(client: Client) -> None:
    answer = client.get(f"{PLANES}/{toys.ANA}", headers={"Authorization": "bearer of-nobody"})
    assert (answer.status_code, answer.json()["code"]) == (401, "token_of_toy_bad")
    assert "error=invalid_token" in answer["WWW-Authenticate"]


def test_a_missing_scope_is_named_in_the_challenge(client: Client, credentials: ToyCredentials) -> None:
    credentials.scopes = frozenset({"flights:read"})
    answer = client.post(PLANES, {"name": "Swift"}, content_type="application/json")
    assert (answer.status_code, answer.json()["code"]) == (403, "insufficient_scope")
    assert answer.json()["details"]["required"] == ["offers:write"]
    assert answer["WWW-Authenticate"] == "Bearer error=insufficient_scope scope=offers:write resource=rest"
