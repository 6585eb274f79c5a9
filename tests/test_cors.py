"""Browsers on other sites read nothing of ours, a partner's site neither: only pages that Movmo hosts itself do."""

from collections.abc import Iterator

import httpx2
import pytest
from django.test import Client
from pytest_django import Settings

from mcp_server.asgi import McpDoor
from movmo import env
from movmo.accounts.models import User
from movmo.asgi import Application
from movmo.wsgi import application as pages_and_rest
from partners import authentication
from partners.oauth.models import Application as OAuthClient
from tests import factories
from tests.live import live_server
from tests.partners.conftest import Browser, redeem

AVIARES_SITE = "https://www.aviare.example"
CHECKOUT = "https://checkout.movmo.example"
REST = ("/v1/flights/providers", "/v1/flights/search", "/v1/users/me/bookings")
OAUTH = ("/v1/oauth/token", "/v1/oauth/revoke", "/v1/oauth/register", "/v1/oauth/userinfo")
DOCUMENTS = ("/.well-known/oauth-authorization-server", "/.well-known/jwks.json", "/openapi.json")
FOR_PEOPLE = ("/", "/accounts/", "/admin/", "/v1/oauth/authorize", "/healthz")


@pytest.fixture
def live(transactional_db: None) -> Iterator[httpx2.Client]:
    with (
        live_server(Application(mcp=McpDoor(authentication), wsgi=pages_and_rest)) as origin,
        httpx2.Client(base_url=origin) as client,
    ):
        yield client


@pytest.fixture
def hosted(settings: Settings) -> None:
    settings.CORS_ALLOWED_ORIGINS = [CHECKOUT]


def preflight(live: httpx2.Client, address: str, origin: str) -> httpx2.Response:
    asks = {
        "Origin": origin,
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "authorization, x-api-key, idempotency-key",
    }
    return live.options(address, headers=asks)


def cors(answer: httpx2.Response) -> dict[str, str]:
    return {name: value for name, value in answer.headers.items() if name.lower().startswith("access-control")}


@pytest.mark.parametrize("origin", [AVIARES_SITE, "null", "https://movmo.example.evil.example", f"{CHECKOUT}:8443"])
def test_a_partners_site_gets_no_header_anywhere(live: httpx2.Client, hosted: None, origin: str) -> None:
    for address in (*REST, *OAUTH, *DOCUMENTS, *FOR_PEOPLE, "/v1/mcp"):
        assert cors(preflight(live, address, origin)) == {}, address
        assert cors(live.get(address, headers={"Origin": origin})) == {}, address
        assert cors(live.post(address, headers={"Origin": origin})) == {}, address


def test_with_a_key_and_a_token_neither(live: httpx2.Client, hosted: None) -> None:
    ana, aviare = factories.traveler("ana@example.com"), factories.partner("aviare")
    credentials = {
        "x-api-key": factories.api_key(aviare),
        "Authorization": f"Bearer {factories.token(ana, ['bookings:read'])}",
    }
    answer = live.get("/v1/users/me/bookings", headers={**credentials, "Origin": AVIARES_SITE})
    assert (answer.status_code, cors(answer)) == (200, {})
    answer = live.get("/v1/users/me/bookings", headers={**credentials, "Origin": CHECKOUT})
    assert cors(answer)["access-control-allow-origin"] == CHECKOUT
    assert "X-Request-Id" in cors(answer)["access-control-expose-headers"]


def test_movmos_own_checkout_is_let_in_without_cookies(live: httpx2.Client, hosted: None) -> None:
    for address in (*REST, "/v1/oauth/token", *DOCUMENTS):
        allowed = cors(preflight(live, address, CHECKOUT))
        assert allowed["access-control-allow-origin"] == CHECKOUT, address
        assert "x-api-key" in allowed["access-control-allow-headers"]
        assert "access-control-allow-credentials" not in allowed
    for address in (*FOR_PEOPLE, "/v1/mcp"):
        assert cors(preflight(live, address, CHECKOUT)) == {}, address


def test_by_default_nobody_is(live: httpx2.Client) -> None:
    assert cors(preflight(live, "/v1/flights/search", CHECKOUT)) == {}


@pytest.mark.django_db
def test_a_clients_own_list_of_origins_opens_nothing(ana: User, scout: OAuthClient) -> None:
    """The library would let its origins read the token endpoint's answers."""
    OAuthClient.objects.filter(pk=scout.pk).update(allowed_origins=AVIARES_SITE)
    traveler = Browser()
    traveler.client.force_login(ana, backend="django.contrib.auth.backends.ModelBackend")
    answer = redeem(Client(headers={"origin": AVIARES_SITE}), traveler.approve()["code"])
    assert answer.status_code == 200
    assert [name for name in answer.headers if name.lower().startswith("access-control")] == []


@pytest.mark.parametrize("value", ["*", "checkout.movmo.example", "https://movmo.example/", "https://*.movmo.example"])
def test_an_origin_is_named_whole(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    monkeypatch.setenv("MOVMO_HOSTED_ORIGINS", f"https://a.example,{value}")
    with pytest.raises(env.Misconfigured, match="MOVMO_HOSTED_ORIGINS must be like"):
        env.hosted_origins()


def test_no_origin_is_named_unless_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MOVMO_HOSTED_ORIGINS", raising=False)
    assert env.hosted_origins() == []
    monkeypatch.setenv("MOVMO_HOSTED_ORIGINS", f"{CHECKOUT}, https://pay.movmo.example")
    assert env.hosted_origins() == [CHECKOUT, "https://pay.movmo.example"]
