"""Attacks on the authorization endpoint, the metadata and the doors that need no account of their own."""

from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import jwt
import pytest
from django.test import Client
from oauth2_provider.models import AccessToken

from movmo.accounts.models import User
from partners.oauth.models import Application
from partners.partner.models import Partner
from tests import factories
from tests.partners.conftest import VERIFIER, Browser, arrived, authorize_query, redeem
from tests.partners.test_oauth_registration import RIGHT

ORIGIN = "http://127.0.0.1:8000"
WEB = "https://aviare.example/callback"


@pytest.fixture
def web(scout: Application) -> Application:
    """scout on the web, where the port counts."""
    Application.objects.update(redirect_uris=WEB)
    return scout


@pytest.mark.parametrize(
    "target",
    [
        "https://aviare.example/callback/",
        "https://aviare.example/Callback",
        "https://aviare.example/callback/../elsewhere",
        "https://aviare.example/callback%2f..%2felsewhere",
        "https://aviare.example/callback?to=elsewhere",
        "https://aviare.example/callback#fragment",
        "https://aviare.example:8443/callback",
        "https://aviare.example.evil.example/callback",
        "https://evil.example/callback",
        "https://aviare.example@evil.example/callback",
        "https://ana@aviare.example/callback",
        "https://aviare.example\\@evil.example/callback",
        "https://aviare.example%40evil.example/callback",
        "http://aviare.example/callback",
        "//aviare.example/callback",
        "/callback",
        "javascript:alert(1)//aviare.example/callback",
        "data:text/html,aviare.example/callback",
        "com.aviare:/callback",
        " https://evil.example/callback",
        "https://aviare.example/callback\n",
        "https://aviare.example/call\nback",
        "https://aviare.example/callback ",
    ],
)
def test_a_redirect_address_that_differs_in_anything_gets_no_answer(web: None, browser: Browser, target: str) -> None:
    assert browser.authorize(redirect_uri=WEB).status_code == 200
    page = browser.authorize(redirect_uri=target)
    assert page.status_code == 400
    assert "Location" not in page


@pytest.mark.parametrize(
    "target",
    [
        "http://localhost:51234/callback",
        "http://[::1]:51234/callback",
        "http://127.0.0.2:51234/callback",
        "http://127.0.0.1.evil.example:51234/callback",
        "https://127.0.0.1:51234/callback",
        "http://127.0.0.1:51234/",
        "http://ana@127.0.0.1:51234/callback",
    ],
)
def test_of_a_loopback_address_only_the_port_may_differ(browser: Browser, target: str) -> None:
    assert browser.authorize(redirect_uri="http://127.0.0.1:2/callback").status_code == 200
    assert browser.authorize(redirect_uri=target).status_code == 400


@pytest.mark.parametrize("name", ["client_id", "redirect_uri", "scope", "state", "code_challenge", "response_type"])
def test_a_parameter_sent_twice_is_refused(browser: Browser, name: str) -> None:
    query = urlencode([*authorize_query().items(), (name, authorize_query()[name])])
    page = browser.client.get(f"/v1/oauth/authorize?{query}")
    assert page.status_code == 400
    assert f"{name} is there more than once" in page.content.decode()


def test_a_parameter_sent_twice_to_the_token_endpoint_is_refused(browser: Browser, client: Client) -> None:
    code = browser.approve()["code"]
    fields = {"grant_type": "authorization_code", "code": code, "client_id": "scout", "code_verifier": VERIFIER}
    for name, value in fields.items():
        refused = client.post("/v1/oauth/token", fields | {name: [value, value]})
        assert (refused.status_code, refused.json()["error"]) == (400, "invalid_request")
    assert redeem(client, code).status_code == 200


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"scope": "everything"}, "invalid_scope"),
        ({"resource": "https://elsewhere.example"}, "invalid_target"),
        ({"code_challenge": "short"}, "invalid_request"),
        ({"response_type": "token"}, "unauthorized_client"),
        ({"prompt": "none", "scope": "openid flights:read"}, "consent_required"),
    ],
)
def test_every_refusal_names_its_issuer(browser: Browser, changes: dict[str, str], error: str) -> None:
    answer = arrived(browser.authorize(**changes))
    assert (answer["error"], answer["iss"], answer["state"]) == (error, ORIGIN, "s-1")


def test_the_refusal_of_a_stranger_names_its_issuer(scout: Application, client: Client) -> None:
    answer = arrived(client.get("/v1/oauth/authorize", authorize_query(prompt="none", scope="openid flights:read")))
    assert (answer["error"], answer["iss"]) == ("consent_required", ORIGIN)


def test_consent_and_refusal_name_their_issuer(browser: Browser) -> None:
    assert browser.approve()["iss"] == ORIGIN
    declined = arrived(browser.submit(browser.authorize().wsgi_request.get_full_path()))
    assert (declined["error"], declined["iss"]) == ("access_denied", ORIGIN)


def test_an_issuer_planted_in_the_redirect_address_is_replaced(browser: Browser) -> None:
    planted = "https://aviare.example/callback?iss=https://evil.example"
    Application.objects.update(redirect_uris=planted)
    page = browser.authorize(redirect_uri=planted, scope="everything")
    assert parse_qs(urlsplit(page["Location"]).query)["iss"] == [ORIGIN]


@pytest.mark.parametrize("resource", ["", f"{ORIGIN}/v1", f"{ORIGIN}/v1/mcp"])
def test_a_token_is_for_this_server_and_nothing_else_whatever_was_asked(
    browser: Browser, client: Client, resource: str
) -> None:
    token = redeem(client, browser.approve(resource=resource)["code"], resource=resource).json()["access_token"]
    claims = jwt.decode(token, options={"verify_signature": False})
    assert claims["aud"] == [f"{ORIGIN}/v1/mcp", f"{ORIGIN}/v1"]
    assert AccessToken.objects.get().resource == claims["aud"]


def test_one_foreign_resource_among_ours_is_refused(browser: Browser, client: Client) -> None:
    query = [*authorize_query().items(), ("resource", "https://elsewhere.example")]
    assert arrived(browser.client.get(f"/v1/oauth/authorize?{urlencode(query)}"))["error"] == "invalid_target"
    fields: dict[str, Any] = {"resource": [f"{ORIGIN}/v1", "https://elsewhere.example"]}
    assert redeem(client, browser.approve()["code"], **fields).json()["error"] == "invalid_target"


@pytest.mark.parametrize(
    "path",
    [
        "/.well-known/oauth-authorization-server",
        "/.well-known/openid-configuration",
        "/.well-known/oauth-protected-resource",
        "/.well-known/oauth-protected-resource/v1/mcp",
        "/v1/oauth/authorize",
    ],
)
def test_a_host_that_is_not_ours_is_refused(client: Client, path: str) -> None:
    for forged in ({"Host": "evil.example"}, {"Host": "127.0.0.1:8000@evil.example"}):
        assert client.get(path, headers=forged).status_code in (400, 421)


@pytest.mark.parametrize(
    "forged",
    [
        {"Host": "localhost"},
        {"Host": "127.0.0.1:9"},
        {"X-Forwarded-Host": "evil.example"},
        {"X-Forwarded-Proto": "https"},
        {"Forwarded": "host=evil.example;proto=https"},
    ],
)
def test_no_header_moves_an_address_that_is_given_out(client: Client, db: None, forged: dict[str, str]) -> None:
    documents = [
        client.get(f"/.well-known/{name}", headers=forged).content.decode()
        for name in ("oauth-authorization-server", "openid-configuration", "oauth-protected-resource/v1")
    ]
    registered = client.post("/v1/oauth/register", RIGHT, content_type="application/json", headers=forged)
    documents.append(registered.json()["registration_client_uri"])
    for document in documents:
        assert ORIGIN in document
        assert "evil" not in document
        assert "localhost" not in document
        assert "127.0.0.1:9" not in document
        assert "https:" not in document


def test_a_token_in_the_address_is_no_credential(ana: User, aviare: Partner, client: Client) -> None:
    token, key = factories.token(ana, ["bookings:read"]), factories.api_key(aviare)
    mine = f"/v1/users/{ana.pk}/bookings"
    by_header = {"x-api-key": key, "Authorization": f"Bearer {token}"}
    assert client.get(mine, headers=by_header).status_code == 200
    for query in ({"access_token": token}, {"token": token}, {"authorization": f"Bearer {token}"}):
        assert client.get(mine, query, headers={"x-api-key": key}).status_code in (400, 401)
    in_body = client.generic("GET", mine, urlencode({"access_token": token}), headers={"x-api-key": key})
    assert in_body.status_code in (400, 401)
