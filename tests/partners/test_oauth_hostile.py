"""What the authorization server is sent by those who mean harm: refusals, never a crash."""

import base64
from typing import Any

import pytest
from django.test import Client
from oauth2_provider.models import Grant
from pytest_django import DjangoAssertNumQueries, Settings

from movmo.accounts.models import User
from movmo.operations.context import Door
from partners.authentication import TokenInvalid, authenticate
from partners.oauth.models import Application
from partners.partner.models import Partner
from tests import factories
from tests.partners.conftest import CHALLENGE, Browser, arrived, redeem, refresh
from tests.partners.test_oauth_registration import RIGHT, register

NUL = "a\0b"


@pytest.mark.parametrize("field", ["code", "client_id", "redirect_uri", "resource"])
def test_nul_at_the_token_endpoint(client: Client, scout: Application, field: str) -> None:
    response = redeem(client, **{"code": "unknown", field: NUL})
    assert (response.status_code, response.json()["error"]) == (400, "invalid_request")


@pytest.mark.parametrize("endpoint", ["revoke", "introspect"])
@pytest.mark.parametrize("field", ["client_id", "token"])
def test_nul_at_the_other_endpoints(client: Client, scout: Application, endpoint: str, field: str) -> None:
    fields = {"client_id": "scout", "token": "t", field: NUL}
    response = client.post(f"/v1/oauth/{endpoint}", fields)
    assert (response.status_code, response.json()["error"]) == (400, "invalid_request")


@pytest.mark.django_db
@pytest.mark.parametrize("endpoint", ["token", "revoke", "introspect"])
def test_nul_in_a_basic_header(client: Client, endpoint: str) -> None:
    basic = base64.b64encode(f"{NUL}:secret".encode()).decode()
    fields = {"grant_type": "authorization_code", "code": "c", "token": "t"}
    response = client.post(f"/v1/oauth/{endpoint}", fields, headers={"Authorization": f"Basic {basic}"})
    assert (response.status_code, response.json()["error"]) == (401, "invalid_client")


@pytest.mark.django_db
@pytest.mark.parametrize(
    "changes",
    [
        {"client_name": NUL},
        {"client_name": "\ud800"},
        {"redirect_uris": [f"https://a.example/{NUL}"]},
        {"redirect_uris": ["http://127.0.0.1:65536/callback"]},
        {"redirect_uris": ["https://a.example:99999/callback"]},
    ],
)
def test_what_no_client_may_be_called(client: Client, changes: dict[str, Any]) -> None:
    response = register(client, **changes)
    assert (response.status_code, response.json()["error"]) == (400, "invalid_client_metadata")


@pytest.mark.parametrize("parameter", ["client_id", "redirect_uri", "nonce", "code_challenge", "scope", "state"])
def test_nul_in_an_authorization_request(browser: Browser, parameter: str) -> None:
    page = browser.authorize(**{parameter: NUL})
    assert page.status_code == 400
    assert "This request cannot be answered" in page.content.decode()


@pytest.mark.parametrize(
    "changes",
    [
        {"code_challenge": "x" * 500},
        {"code_challenge": CHALLENGE[:-1]},
        {"code_challenge": CHALLENGE[:-1] + "="},
        {"scope": "openid flights:read", "nonce": "n" * 256},
    ],
)
def test_what_does_not_fit_is_refused_before_consent(browser: Browser, changes: dict[str, str]) -> None:
    assert arrived(browser.authorize(**changes))["error"] == "invalid_request"


def test_a_nonce_that_fits_passes(browser: Browser) -> None:
    assert browser.approve(scope="openid flights:read", nonce="n" * 255)["code"]


@pytest.mark.parametrize(
    "tampered",
    [
        {"scope": "flights:read bookings:write passengers:write"},
        {"code_challenge": "", "code_challenge_method": ""},
        {"code_challenge": "p" * 43},
        {"code_challenge_method": "plain"},
        {"code_challenge_method": ""},
        {"nonce": "another"},
        {"state": "another"},
        {"redirect_uri": "http://elsewhere.example/"},
        {"client_id": "mallory"},
        {"client_id": "nobody"},
        {"resource": "https://elsewhere.example"},
        {"response_type": "token"},
        {"scope": NUL},
        {"claims": "{}"},
    ],
)
def test_a_tampered_consent_form_grants_nothing(browser: Browser, tampered: dict[str, str]) -> None:
    factories.application("mallory")
    page = browser.authorize().wsgi_request.get_full_path()
    answer = browser.submit(page, allow="true", **tampered)
    assert answer.status_code == 400
    assert "This request cannot be answered" in answer.content.decode()
    assert not Grant.objects.exists()


def test_fewer_scopes_than_shown_may_be_granted(browser: Browser, client: Client) -> None:
    page = browser.authorize().wsgi_request.get_full_path()
    answer = arrived(browser.submit(page, allow="true", scope="flights:read"))
    assert redeem(client, answer["code"]).json()["scope"] == "flights:read"


def test_userinfo_takes_a_token_from_the_header_only(browser: Browser, client: Client, ana: User) -> None:
    token = redeem(client, browser.approve(scope="openid flights:read")["code"]).json()["access_token"]
    by_header = client.get("/v1/oauth/userinfo", headers={"Authorization": f"Bearer {token}"})
    assert by_header.json()["sub"] == str(ana.pk)
    in_address = client.get("/v1/oauth/userinfo", {"access_token": token})
    in_body = client.post("/v1/oauth/userinfo", {"access_token": token})
    assert [in_address.status_code, in_body.status_code] == [401, 401]
    assert in_address["WWW-Authenticate"] == "Bearer"


@pytest.mark.parametrize("door", list(Door))
def test_a_client_of_a_deactivated_partner_is_turned_away(
    ana: User, aviare: Partner, door: Door, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    client = factories.application("aviare-web", of=aviare)
    token = factories.token(ana, ["flights:read"], client)
    authenticate(door=door, api_key=None, bearer=token, request_id="r")  # notes that it is in use
    with django_assert_num_queries(1):
        assert authenticate(door=door, api_key=None, bearer=token, request_id="r").user_id == ana.pk
    Partner.objects.update(is_active=False)
    with pytest.raises(TokenInvalid):
        authenticate(door=door, api_key=None, bearer=token, request_id="r")


def test_a_client_of_a_deactivated_partner_gets_nothing_more(browser: Browser, client: Client, aviare: Partner) -> None:
    token = redeem(client, browser.approve()["code"]).json()
    Application.objects.update(partner=aviare)
    Partner.objects.update(is_active=False)
    assert refresh(client, token["refresh_token"]).status_code in (400, 401)


@pytest.mark.django_db
def test_registrations_of_one_network_are_limited(settings: Settings) -> None:
    settings.MOVMO_REGISTRATIONS_PER_HOUR = 6
    here, elsewhere = Client(REMOTE_ADDR="198.51.100.1"), Client(REMOTE_ADDR="198.51.100.2")
    assert [register(here).status_code for _ in range(4)] == [201, 201, 201, 429]
    refused = here.post("/v1/oauth/register", RIGHT, content_type="application/json")
    assert refused.json()["error"] == "too_many_requests"
    assert 0 < int(refused["Retry-After"]) <= 600
    assert register(elsewhere).status_code == 201
