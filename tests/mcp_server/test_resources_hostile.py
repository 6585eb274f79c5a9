"""Attacks on resources: URIs that look like others, headers that lie, tokens that are too narrow, crashes that tell."""

import base64
from collections.abc import Iterator
from dataclasses import replace
from typing import Any
from uuid import UUID, uuid4

import pytest

from movmo.kit.errors import DomainError
from movmo.operations import registry
from movmo.operations.context import Context, View
from movmo.operations.models import AuditEvent
from movmo.operations.spec import Operation
from tests.contract.doors import Stage, committed_rows, the_stage
from tests.contract.world import the
from tests.mcp_server.speaking import ERAS, Era, error, read, result, say, token_of
from tests.mcp_server.toys import SECRET

__all__ = ["committed_rows", "the_stage"]

pytestmark = pytest.mark.parametrize("era", ERAS)

READ_SCOPES = {
    "users://v1/me": "profile:read",
    "passengers://v1/{}": "passengers:read",
    "offers://v1/{}": "flights:read",
    "bookings://v1/{}": "bookings:read",
}


@pytest.fixture(scope="module")
def booking_id(stage: Stage) -> UUID:
    return stage.world().booking().booking_id


@pytest.mark.parametrize(
    "disguise",
    [
        "BOOKINGS://v1/{}",
        "Bookings://V1/{}",
        "bookings:v1/{}",
        "bookings:/v1/{}",
        "bookings:///v1/{}",
        "bookings://v1//{}",
        "bookings://v1/{}/",
        "bookings://v1/./{}",
        "bookings://v1/x/../{}",
        "bookings://v1/%2e%2e/{}",
        "bookings://v2/{}",
        "bookings://v1:443/{}",
        "bookings://ana@v1/{}",
        "bookings://ana:secret@v1/{}",
        "bookings://v1/{}?x=1",
        "bookings://v1/{}#part",
        "bookings://v1/{}%00",
        "bookings://v1/{}\0",
        "bookings://v1/{}\n",
        " bookings://v1/{}",
        "bookings://v1/{} ",
        "bookings://v1/{{{}}}",
        "bookings://v1/urn:uuid:{}",
        "bookings%3A//v1/{}",
        "users://v1/{}",
        "http://127.0.0.1/v1/users/me/bookings/{}",
        "file:///etc/passwd?{}",
        "\N{FULLWIDTH LATIN SMALL LETTER B}ookings://v1/{}",
        "bookings://v1/{}" + "x" * 10_000,
        "bookings://v1/" + "a" * 10_000 + "{}",
    ],
)
def test_a_uri_in_disguise_is_no_resource(stage: Stage, era: Era, booking_id: UUID, disguise: str) -> None:
    before = AuditEvent.objects.count()
    header = base64.b64encode(disguise.format(booking_id).encode()).decode()
    headers = {"mcp-name": f"=?base64?{header}?="} if era == "modern" else {}
    answer = read(stage, era, disguise.format(booking_id), headers=headers)
    assert error(answer)["data"]["code"] == "resource_not_found"
    assert "record_locator" not in answer.text
    assert len(answer.text) < 3_000
    assert AuditEvent.objects.count() == before


@pytest.mark.parametrize("change", [str.upper, lambda text: text.replace("-", ""), lambda text: text[:-1] + "٣"])
def test_an_id_in_another_spelling_is_no_resource(stage: Stage, era: Era, booking_id: UUID, change: Any) -> None:
    uri = f"bookings://v1/{change(str(booking_id))}"
    header = base64.b64encode(uri.encode()).decode()
    headers = {"mcp-name": f"=?base64?{header}?="} if era == "modern" else {}
    assert error(read(stage, era, uri, headers=headers))["data"]["code"] == "resource_not_found"


@pytest.mark.parametrize("template", READ_SCOPES)
def test_a_narrow_token_is_told_the_scope_whether_the_thing_exists_or_not(
    stage: Stage, era: Era, booking_id: UUID, template: str
) -> None:
    scope = READ_SCOPES[template]
    other = "flights:read" if scope != "flights:read" else "profile:read"
    token = token_of(stage, stage.ana, other)
    for named in (booking_id, uuid4()):
        answer = read(stage, era, template.format(named), token=token)
        assert answer.status_code == 403
        assert 'error="insufficient_scope"' in answer.headers["www-authenticate"]
        assert f'scope="{scope}"' in answer.headers["www-authenticate"]
        assert error(answer)["data"]["details"]["required"] == [scope]
    line = AuditEvent.objects.order_by("-pk")[0]
    assert (line.code, line.client_id, line.user_id) == ("insufficient_scope", "scout", stage.ana.pk)


def test_guides_need_no_scope_beside_the_first(stage: Stage, era: Era) -> None:
    result(read(stage, era, "guides://v1/booking", token=token_of(stage, stage.ana, "flights:read")))


def test_a_name_in_the_params_is_not_what_is_read(stage: Stage, era: Era, booking_id: UUID) -> None:
    """A client that sends both gets what the method takes, and the gate looked at that one too."""
    token = token_of(stage, stage.ana, "flights:read")
    answer = say(stage, era, "resources/read", token=token, uri=f"bookings://v1/{booking_id}", name="list_providers")
    assert answer.status_code == 403
    answer = say(stage, era, "tools/call", token=token, name="get_booking", uri="guides://v1/booking", arguments={})
    assert answer.status_code == 403


@pytest.mark.parametrize("first", [True, False], ids=["first", "last"])
def test_a_uri_that_came_twice_opens_nothing(stage: Stage, era: Era, booking_id: UUID, first: bool) -> None:
    wanted = (f'"uri": "bookings://v1/{booking_id}"', '"uri": "guides://v1/booking"')
    params = ", ".join(wanted if first else reversed(wanted))
    token = token_of(stage, stage.ana, "flights:read")
    headers = {
        "authorization": f"Bearer {token}",
        "accept": "application/json, text/event-stream",
        "content-type": "application/json",
    }
    body = f'{{"jsonrpc": "2.0", "id": 7, "method": "resources/read", "params": {{{params}}}}}'
    assert str(booking_id) not in stage.http.post("/v1/mcp", content=body, headers=headers).text


@pytest.mark.parametrize("uri", [None, 7, ["bookings://v1/x"], {"uri": "guides://v1/booking"}, True])
def test_what_is_no_text_is_no_uri(stage: Stage, era: Era, uri: Any) -> None:
    headers = {"mcp-name": "guides://v1/booking"} if era == "modern" else {}
    answer = say(stage, "legacy" if era == "legacy" else era, "resources/read", headers=headers, uri=uri)
    assert answer.status_code in (200, 400)
    assert "error" in answer.text
    assert "Traceback" not in answer.text


@pytest.mark.parametrize(
    "claimed", ["guides://v1/booking", "=?base64?Z3VpZGVzOi8vdjEvYm9va2luZw==?=", "=?base64?%%%?=", ""]
)
def test_a_header_that_names_another_resource_wins_nothing(
    stage: Stage, era: Era, booking_id: UUID, claimed: str
) -> None:
    if era == "legacy":
        claimed_headers = {"mcp-name": claimed, "mcp-method": "resources/read"}
    else:
        claimed_headers = {"mcp-name": claimed}
    uri = f"bookings://v1/{booking_id}"
    narrow = read(stage, era, uri, token=token_of(stage, stage.ana, "flights:read"), headers=claimed_headers)
    assert narrow.status_code == 403
    wide = read(stage, era, uri, headers=claimed_headers)
    assert (wide.status_code == 400) is (era == "modern")


def test_an_encoded_header_does_not_get_around_the_scopes(stage: Stage, era: Era, booking_id: UUID) -> None:
    uri = f"bookings://v1/{booking_id}"
    encoded = f"=?base64?{base64.b64encode(uri.encode()).decode()}?="
    narrow = token_of(stage, stage.ana, "flights:read")
    assert read(stage, era, uri, token=narrow, headers={"mcp-name": encoded}).status_code == 403
    assert str(booking_id) in read(stage, era, uri, headers={"mcp-name": encoded}).text


def test_what_is_bo_s_is_not_there_for_ana(stage: Stage, era: Era) -> None:
    of_bo = stage.world(stage.bo)
    uris = [
        f"bookings://v1/{of_bo.booking().booking_id}",
        f"offers://v1/{of_bo.offer().offer_id}",
        f"offers://v1/{of_bo.mapped_offer().offer_id}",
        f"passengers://v1/{of_bo.passenger().passenger_id}",
    ]
    for uri in uris:
        answer = read(stage, era, uri)
        assert error(answer)["data"]["code"] == "resource_not_found"
        line = AuditEvent.objects.order_by("-pk")[0]
        assert (line.code, line.user_id) == ("not_found", stage.ana.pk)
        assert "Andersson" not in answer.text


@pytest.mark.parametrize(
    "uri",
    ["identity-documents://v1/{0}/{0}", "payment-methods://v1/{0}", "payment_methods://v1/{0}", "webhooks://v1/{0}"],
)
def test_what_agents_have_no_business_with_has_no_uri(stage: Stage, era: Era, uri: str) -> None:
    assert error(read(stage, era, uri.format(uuid4())))["data"]["code"] == "resource_not_found"


class Torn(View):
    def document(self) -> str:
        raise RuntimeError(SECRET)


@pytest.fixture
def torn(stage: Stage) -> Iterator[None]:
    """Reading a guide crashes, in the operation; reading the profile crashes after it."""
    kept = dict(registry._operations)

    def crash(ctx: Context, request: Any) -> View:
        raise RuntimeError(SECRET)

    registry._operations["read_semantic_resource"] = _with(the("read_semantic_resource"), crash)
    registry._operations["get_user_profile"] = _with(the("get_user_profile"), lambda ctx, request: Torn())
    yield
    registry._operations.update(kept)


def _with(operation: Operation, handler: Any) -> Operation:
    torn = replace(operation, handler=handler)
    torn.__dict__["request_model"] = operation.request_model
    return torn


@pytest.mark.parametrize("uri", ["guides://v1/booking", "users://v1/me"])
def test_a_crash_tells_nothing(stage: Stage, era: Era, torn: None, uri: str) -> None:
    answer = read(stage, era, uri)
    told = error(answer)
    assert (told["code"], told["data"]["code"]) == (-32000, "internal_error")
    assert SECRET not in answer.text


def test_a_read_without_an_id_runs_nothing(stage: Stage, era: Era, booking_id: UUID) -> None:
    before = AuditEvent.objects.filter(operation="get_booking").count()
    message = {"jsonrpc": "2.0", "method": "resources/read", "params": {"uri": f"bookings://v1/{booking_id}"}}
    headers = {"authorization": f"Bearer {stage.as_ana.token}", "accept": "application/json, text/event-stream"}
    assert stage.http.post("/v1/mcp", json=message, headers=headers).status_code == 202
    assert AuditEvent.objects.filter(operation="get_booking").count() == before


def test_no_refusal_of_a_resource_is_anything_but_a_domain_error(era: Era) -> None:
    for reader in registry.resources():
        assert all(issubclass(error_, DomainError) for error_ in reader.errors)
        assert reader.is_read
