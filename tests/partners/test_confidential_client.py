"""A partner's back end as a client: a secret, sent in the header or in the body, wherever one is asked for."""

import base64
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit

import pytest
from django.test import Client
from oauth2_provider.models import AccessToken, RefreshToken

from movmo.accounts.models import User
from partners.oauth.models import Application
from partners.partner.models import Partner
from tests import factories
from tests.partners.conftest import VERIFIER, Browser

CALLBACK = "https://aviare.example/callback"
SECRET = "generated: with a colon, a % and a + in it"


def registered(client_id: str, partner: Partner | None, secret: str = SECRET) -> Application:
    made: Application = Application.objects.create(
        client_id=client_id,
        client_secret=secret,
        client_type=Application.CLIENT_CONFIDENTIAL,
        authorization_grant_type=Application.GRANT_AUTHORIZATION_CODE,
        redirect_uris=CALLBACK,
        partner=partner,
    )
    return made


@pytest.fixture
def aviares(aviare: Partner) -> Application:
    return registered("aviare-web", aviare)


class BackEnd:
    """Calls an endpoint with its credentials where `method` puts them."""

    def __init__(self, method: str, client_id: str = "aviare-web", secret: str = SECRET) -> None:
        self.method, self.client_id, self.secret = method, client_id, secret
        self.http = Client()

    def post(self, endpoint: str, **fields: str) -> Any:
        headers = {}
        if self.method == "client_secret_basic":
            # RFC 6749, section 2.3.1: each encoded as in a form, then joined.
            joined = f"{quote(self.client_id, safe='')}:{quote(self.secret, safe='')}"
            headers["Authorization"] = "Basic " + base64.b64encode(joined.encode()).decode()
        elif self.method == "client_secret_post":
            fields |= {"client_id": self.client_id, "client_secret": self.secret}
        else:
            fields |= {"client_id": self.client_id}
        return self.http.post(f"/v1/oauth/{endpoint}", fields, headers=headers)

    def redeem(self, code: str) -> Any:
        fields = {"grant_type": "authorization_code", "code": code, "redirect_uri": CALLBACK, "code_verifier": VERIFIER}
        return self.post("token", **fields)

    def refresh(self, token: str) -> Any:
        return self.post("token", grant_type="refresh_token", refresh_token=token)


METHODS = ["client_secret_basic", "client_secret_post"]


@pytest.fixture
def code(browser: Browser, aviares: Application) -> str:
    page = browser.authorize(client_id="aviare-web", redirect_uri=CALLBACK)
    assert page.status_code == 200, page.content
    location = browser.submit(page.wsgi_request.get_full_path(), allow="true")["Location"]
    return str(parse_qs(urlsplit(location).query)["code"][0])


@pytest.mark.parametrize("method", METHODS)
def test_the_secret_opens_every_endpoint_by_either_method(method: str, code: str) -> None:
    back_end = BackEnd(method)
    bought = back_end.redeem(code)
    assert bought.status_code == 200, bought.content
    fresh = back_end.refresh(bought.json()["refresh_token"])
    assert fresh.status_code == 200, fresh.content
    seen = back_end.post("introspect", token=fresh.json()["access_token"]).json()
    assert (seen["active"], seen["client_id"]) == (True, "aviare-web")
    assert back_end.post("revoke", token=fresh.json()["refresh_token"]).status_code == 200
    assert back_end.post("introspect", token=fresh.json()["access_token"]).json() == {"active": False}


@pytest.mark.parametrize("method", [*METHODS, "none"])
@pytest.mark.parametrize("secret", ["", "wrong", SECRET + " "])
def test_without_the_secret_nothing_is_redeemed_refreshed_or_revoked(method: str, secret: str, code: str) -> None:
    impostor, back_end = BackEnd(method, secret=secret), BackEnd("client_secret_post")
    refused = impostor.redeem(code)
    assert (refused.status_code, refused.json()["error"]) == (401, "invalid_client")
    bought = back_end.redeem(code).json()
    assert impostor.refresh(bought["refresh_token"]).status_code == 401
    assert impostor.post("revoke", token=bought["refresh_token"]).status_code == 401
    assert impostor.post("introspect", token=bought["access_token"]).status_code == 401
    assert RefreshToken.objects.get().revoked is None
    assert back_end.post("introspect", token=bought["access_token"]).json()["active"] is True


@pytest.mark.parametrize("method", METHODS)
def test_another_clients_secret_opens_nothing_of_aviares(method: str, code: str, kestrel: Partner) -> None:
    registered("kestrel-web", kestrel, "another")
    kestrels = BackEnd(method, "kestrel-web", "another")
    assert kestrels.redeem(code).json()["error"] == "invalid_grant"
    bought = BackEnd("client_secret_basic").redeem(code).json()
    assert kestrels.refresh(bought["refresh_token"]).json()["error"] == "invalid_grant"
    assert kestrels.post("introspect", token=bought["access_token"]).json() == {"active": False}
    for token in (bought["access_token"], bought["refresh_token"]):
        assert kestrels.post("revoke", token=token).status_code == 200  # RFC 7009: it tells nobody what exists
    assert BackEnd("client_secret_post").post("introspect", token=bought["access_token"]).json()["active"] is True


def test_who_sent_no_good_credentials_is_told_how_to(code: str) -> None:
    for endpoint in ("token", "revoke", "introspect"):
        fields = {"grant_type": "refresh_token", "refresh_token": "t", "token": "t"}
        refused = BackEnd("client_secret_basic", secret="wrong").post(endpoint, **fields)
        assert refused.status_code == 401
        assert refused["WWW-Authenticate"].startswith("Basic"), endpoint  # RFC 6749, section 5.2
        assert (refused["Content-Type"], refused["Cache-Control"]) == ("application/json", "no-store")


def test_a_client_with_a_secret_needs_pkce_as_well(browser: Browser, aviares: Application) -> None:
    page = browser.authorize(client_id="aviare-web", redirect_uri=CALLBACK, code_challenge="", code_challenge_method="")
    assert parse_qs(urlsplit(page["Location"]).query)["error"] == ["invalid_request"]


def test_introspection_of_a_deactivated_travelers_token_says_inactive(code: str) -> None:
    back_end = BackEnd("client_secret_basic")
    token = back_end.redeem(code).json()["access_token"]
    User.objects.update(is_active=False)
    assert back_end.post("introspect", token=token).json() == {"active": False}


def test_introspection_says_inactive_of_what_is_no_access_token(code: str, ana: User, aviares: Application) -> None:
    back_end = BackEnd("client_secret_basic")
    bought = back_end.redeem(code).json()
    ended = factories.token(ana, ["flights:read"], aviares)
    AccessToken.objects.filter(refresh_token=None).update(expires="2020-01-01T00:00:00Z")
    for token in (bought["refresh_token"], ended, "noise", ""):
        assert back_end.post("introspect", token=token).json() == {"active": False}
