"""The authorization code flow over HTTP, as a browser and a client walk it, and where it has to end."""

import re
from typing import Any

import jwt
import pytest
from django.core import mail
from django.core.cache import cache
from django.test import Client, RequestFactory
from oauth2_provider.models import AccessToken, Grant, RefreshToken
from oauth2_provider.oauth2_backends import get_oauthlib_core

from movmo.accounts.models import User
from movmo.kit import clock
from movmo.operations.context import Door
from partners.authentication import TokenInvalid, authenticate
from partners.oauth.models import Application
from partners.oauth.validator import COLLISION
from tests import factories
from tests.partners.conftest import Browser, arrived, authorize_query, let_pass, redeem, refresh


def bearer_works(token: str) -> bool:
    try:
        return authenticate(door=Door.MCP, api_key=None, bearer=token, request_id="r").user_id is not None
    except TokenInvalid:
        return False


@pytest.fixture
def granted(browser: Browser, client: Client) -> Any:
    """The token answer of a whole right flow."""
    return redeem(client, browser.approve()["code"]).json()


def test_a_new_traveler_signs_in_approves_and_the_client_gets_a_token(scout: Application, client: Client) -> None:
    cache.clear()
    browser = Browser()
    turned_away = browser.authorize()
    assert turned_away["Location"].startswith("/accounts/login/?next=/v1/oauth/authorize")
    back = browser.sign_in("carla@example.com", turned_away["Location"])
    assert back["Location"].startswith("/v1/oauth/authorize?")

    answer = arrived(browser.submit(back["Location"], allow="true"))
    assert answer["state"] == "s-1"
    assert answer["iss"] == "http://127.0.0.1:8000"

    response = redeem(client, answer["code"])
    token = response.json()
    assert response.status_code == 200
    assert response["Cache-Control"] == "no-store"
    assert token["token_type"] == "Bearer"
    assert token["expires_in"] == 3600
    assert token["scope"] == "flights:read bookings:write"
    caller = authenticate(door=Door.MCP, api_key=None, bearer=token["access_token"], request_id="r")
    assert caller.user_id == User.objects.get(email="carla@example.com").pk
    assert caller.scopes == {"flights:read", "bookings:write"}


def test_the_consent_page_says_who_what_and_where(browser: Browser) -> None:
    page = browser.authorize()
    text = page.content.decode()
    assert "Scout" in text
    assert "127.0.0.1" in text
    assert "a program on this device" in text
    assert "Book flights for you, which spends money" in text
    assert "frame-ancestors &#x27;none&#x27;" not in text
    assert "frame-ancestors 'none'" in page["Content-Security-Policy"]
    assert page["X-Frame-Options"] == "DENY"
    assert "no-store" in page["Cache-Control"]


def test_without_a_scope_only_the_baseline_is_asked_for(browser: Browser, client: Client) -> None:
    assert redeem(client, browser.approve(scope="")["code"]).json()["scope"] == "flights:read"


def test_consent_cannot_be_skipped(granted: Any, browser: Browser) -> None:
    page = browser.authorize(approval_prompt="auto")
    assert page.status_code == 200
    assert arrived(browser.authorize(prompt="none", scope="openid flights:read"))["error"] == "consent_required"


def test_a_client_may_want_the_traveler_to_show_anew_who_they_are(ana: User, scout: Application) -> None:
    """Whoever signed in just now has; others are sent a code, and what was asked for is still there afterwards."""
    browser = Browser()
    browser.sign_in(ana.email)
    query = {
        **authorize_query(prompt="login"),
        "resource": ["http://127.0.0.1:8000/v1", "http://127.0.0.1:8000/v1/mcp"],
    }
    begun = browser.client.get("/v1/oauth/authorize", query)["Location"]
    assert begun.startswith("/v1/oauth/authorize?")
    assert "prompt=login" not in begun
    assert begun.count("&resource=") == 2
    assert browser.client.get(begun).status_code == 200

    session = browser.client.session
    for record in session["account_authentication_methods"]:
        record["at"] -= 11 * 60
    session.save()
    assert browser.client.get(begun).status_code == 200
    asked = browser.client.get("/v1/oauth/authorize", query)["Location"]
    assert asked.startswith("/accounts/confirm/?next=/v1/oauth/authorize%3F")
    browser.submit(asked, action="send")
    code = re.search(r"\b\d{6}\b", str(mail.outbox[-1].body))
    assert code is not None
    assert browser.submit(asked, action="verify", code=code.group())["Location"] == begun


def test_declining_tells_the_client(browser: Browser) -> None:
    page = browser.authorize().wsgi_request.get_full_path()
    answer = arrived(browser.submit(page))
    assert answer == {"error": "access_denied", "state": "s-1", "iss": "http://127.0.0.1:8000"}


def test_consent_without_the_page_is_refused(browser: Browser) -> None:
    form = authorize_query() | {"allow": "true"}
    assert browser.client.post("/v1/oauth/authorize", form).status_code == 403
    assert not Grant.objects.exists()


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"code_challenge": "", "code_challenge_method": ""}, "invalid_request"),
        ({"code_challenge_method": "plain"}, "invalid_request"),
        ({"code_challenge_method": ""}, "invalid_request"),
        ({"resource": "https://elsewhere.example/v1"}, "invalid_target"),
        ({"resource": "http://127.0.0.1:8000"}, "invalid_target"),
        ({"scope": "everything"}, "invalid_scope"),
        ({"response_type": "token"}, "unauthorized_client"),
    ],
)
def test_a_wrong_request_is_answered_before_anybody_is_asked(
    browser: Browser, changes: dict[str, str], error: str
) -> None:
    answer = arrived(browser.authorize(**changes))
    assert answer["error"] == error
    assert answer["iss"] == "http://127.0.0.1:8000"
    assert answer["state"] == "s-1"


@pytest.mark.parametrize(
    "changes",
    [
        {"client_id": "nobody"},
        {"redirect_uri": "https://elsewhere.example/callback"},
        {"redirect_uri": "http://127.0.0.1:51234/callback/more"},
        {"redirect_uri": "http://127.0.0.1:51234/callback?next=x"},
        {"redirect_uri": "http://ana@127.0.0.1:51234/callback"},
        {"redirect_uri": "http://127.0.0.1:51234/callback#x"},
    ],
)
def test_an_unknown_destination_is_told_nothing(browser: Browser, changes: dict[str, str]) -> None:
    page = browser.authorize(**changes)
    assert page.status_code == 400
    assert "This request cannot be answered" in page.content.decode()


def test_a_loopback_client_may_come_from_another_port(browser: Browser, client: Client) -> None:
    elsewhere = "http://127.0.0.1:60000/callback"
    page = browser.authorize(redirect_uri=elsewhere).wsgi_request.get_full_path()
    location = browser.submit(page, allow="true")["Location"]
    code = dict(part.split("=") for part in location.partition("?")[2].split("&"))["code"]
    assert redeem(client, code).status_code == 400  # the port is part of what was approved
    assert redeem(client, code, redirect_uri=elsewhere).status_code == 200


@pytest.mark.parametrize("verifier", ["", "wrong-" * 10, "short"])
def test_a_code_without_its_verifier_is_worthless(browser: Browser, client: Client, verifier: str) -> None:
    response = redeem(client, browser.approve()["code"], code_verifier=verifier)
    assert response.status_code == 400
    assert response["Content-Type"] == "application/json"
    assert not AccessToken.objects.exists()


def test_a_code_is_no_use_to_another_client(browser: Browser, client: Client) -> None:
    factories.application("mallory")
    assert redeem(client, browser.approve()["code"], client_id="mallory").json()["error"] == "invalid_grant"


def test_a_foreign_resource_at_the_token_endpoint_is_refused_in_json(browser: Browser, client: Client) -> None:
    response = redeem(client, browser.approve()["code"], resource="https://elsewhere.example")
    assert (response.status_code, response["Content-Type"]) == (400, "application/json")
    assert response.json()["error"] == "invalid_target"


def test_a_code_used_twice_takes_back_what_it_bought(browser: Browser, client: Client) -> None:
    code = browser.approve()["code"]
    token = redeem(client, code).json()
    assert bearer_works(token["access_token"])
    assert redeem(client, code).json()["error"] == "invalid_grant"
    assert not bearer_works(token["access_token"])
    assert refresh(client, token["refresh_token"]).json()["error"] == "invalid_grant"


def test_a_refresh_gives_a_new_pair_and_retires_the_old(granted: Any, client: Client) -> None:
    fresh = refresh(client, granted["refresh_token"]).json()
    assert fresh["refresh_token"] != granted["refresh_token"]
    assert bearer_works(fresh["access_token"])
    assert not bearer_works(granted["access_token"])


def test_a_replayed_refresh_token_kills_its_family(granted: Any, client: Client) -> None:
    fresh = refresh(client, granted["refresh_token"]).json()
    let_pass(COLLISION)
    assert refresh(client, granted["refresh_token"]).json()["error"] == "invalid_grant"
    assert refresh(client, fresh["refresh_token"]).json()["error"] == "invalid_grant"
    assert not bearer_works(fresh["access_token"])


def test_a_refresh_cannot_widen_the_scope(granted: Any, client: Client) -> None:
    wider = refresh(client, granted["refresh_token"], scope="flights:read passengers:write")
    assert wider.json()["error"] == "invalid_scope"


def test_a_refresh_token_belongs_to_its_client(granted: Any, client: Client) -> None:
    factories.application("mallory")
    assert refresh(client, granted["refresh_token"], client_id="mallory").json()["error"] == "invalid_grant"


def test_a_deactivated_traveler_gets_nothing_more(browser: Browser, granted: Any, client: Client) -> None:
    code = browser.approve()["code"]
    User.objects.update(is_active=False)
    assert refresh(client, granted["refresh_token"]).json()["error"] == "invalid_grant"
    assert redeem(client, code).json()["error"] == "invalid_grant"


def test_a_disabled_client_gets_nothing_more(granted: Any, client: Client) -> None:
    Application.objects.update(disabled_at=clock.now())
    assert refresh(client, granted["refresh_token"]).status_code in (400, 401)


def test_refresh_tokens_are_opaque_and_hashed(granted: Any) -> None:
    assert granted["refresh_token"].startswith("mvmr_")
    assert RefreshToken.objects.get().token == ""
    assert not bearer_works(granted["refresh_token"])


@pytest.mark.parametrize(
    "grant", ["client_credentials", "password", "urn:ietf:params:oauth:grant-type:device_code", ""]
)
def test_other_grants_do_not_exist(client: Client, scout: Application, grant: str) -> None:
    response = client.post("/v1/oauth/token", {"grant_type": grant, "client_id": "scout"})
    assert (response.status_code, response.json()["error"]) == (400, "unsupported_grant_type")


def test_an_id_token_is_no_access_token(browser: Browser, client: Client, ana: User) -> None:
    answer = redeem(client, browser.approve(scope="openid flights:read")["code"]).json()
    assert jwt.decode(answer["id_token"], options={"verify_signature": False})["sub"] == str(ana.pk)
    assert not bearer_works(answer["id_token"])
    userinfo = "/v1/oauth/userinfo"
    assert client.get(userinfo, headers={"Authorization": f"Bearer {answer['id_token']}"}).status_code == 401
    mine = client.get(userinfo, headers={"Authorization": f"Bearer {answer['access_token']}", "Host": "localhost"})
    assert mine.json()["sub"] == str(ana.pk)


def test_the_library_itself_takes_access_tokens_and_no_id_tokens(browser: Browser, client: Client) -> None:
    """It tells the two apart by how they begin, and would take one for the other."""
    answer = redeem(client, browser.approve(scope="openid flights:read")["code"]).json()

    def is_taken(token: str) -> bool:
        headers = {"Authorization": f"Bearer {token}", "Host": "127.0.0.1:8000"}
        request = RequestFactory().get("/v1/mcp", headers=headers)
        return bool(get_oauthlib_core().verify_request(request, scopes=["flights:read"])[0])  # type: ignore[no-untyped-call]

    assert is_taken(answer["access_token"])
    assert not is_taken(answer["id_token"])
    assert not is_taken(answer["refresh_token"])


def test_disconnecting_by_revocation_kills_both_tokens(granted: Any, client: Client) -> None:
    revoked = client.post("/v1/oauth/revoke", {"token": granted["refresh_token"], "client_id": "scout"})
    assert revoked.status_code == 200
    assert not bearer_works(granted["access_token"])


def test_nobody_revokes_another_clients_token(granted: Any, client: Client) -> None:
    factories.application("mallory")
    client.post("/v1/oauth/revoke", {"token": granted["refresh_token"], "client_id": "mallory"})
    assert bearer_works(granted["access_token"])


def test_introspection_is_for_a_clients_own_tokens(granted: Any, client: Client, ana: User) -> None:
    form = {"token": granted["access_token"], "client_id": "scout"}
    assert client.post("/v1/oauth/introspect", form).status_code == 401
    device = form | {"grant_type": "urn:ietf:params:oauth:grant-type:device_code"}
    assert client.post("/v1/oauth/introspect", device).status_code == 401

    backend = Application.objects.create(
        client_id="backend",
        client_secret="long-generated-secret",
        client_type=Application.CLIENT_CONFIDENTIAL,
        authorization_grant_type=Application.GRANT_AUTHORIZATION_CODE,
        redirect_uris="https://backend.example/callback",
    )
    credentials = {"client_id": "backend", "client_secret": "long-generated-secret"}
    foreign = client.post("/v1/oauth/introspect", credentials | {"token": granted["access_token"]})
    assert foreign.json() == {"active": False}
    own = factories.token(ana, ["flights:read"], backend)
    answer = client.post("/v1/oauth/introspect", credentials | {"token": own}).json()
    assert (answer["active"], answer["scope"]) == (True, "flights:read")
