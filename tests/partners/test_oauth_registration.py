"""How a client registers itself (RFC 7591), and what it may not be."""

import json
from threading import Event
from typing import Any

import pytest
from django.db import transaction
from django.test import Client
from oauth2_provider.models import AccessToken

from movmo.kit import clock
from partners.oauth.models import Application
from tests.operations.together import PATIENCE, together

RIGHT = {
    "client_name": "Trip agent",
    "redirect_uris": ["http://127.0.0.1:51234/callback"],
    "grant_types": ["authorization_code", "refresh_token"],
    "token_endpoint_auth_method": "none",
    "scope": "flights:read",
}


def register(client: Client, **changes: Any) -> Any:
    return client.post("/v1/oauth/register", RIGHT | changes, content_type="application/json")


@pytest.mark.django_db
def test_a_public_client_registers(client: Client) -> None:
    response = register(client)
    assert response.status_code == 201
    answer = response.json()
    assert answer["token_endpoint_auth_method"] == "none"
    assert answer["response_types"] == ["code"]
    assert "bookings:write" in answer["scope"]  # the first wish is no ceiling
    assert "client_secret" not in answer
    application = Application.objects.get(client_id=answer["client_id"])
    assert application.registration_source == "dcr"
    assert not application.is_verified


@pytest.mark.django_db
def test_a_confidential_client_gets_a_secret_that_is_kept_hashed(client: Client) -> None:
    changes = {"token_endpoint_auth_method": "client_secret_basic", "redirect_uris": ["https://a.example/cb"]}
    answer = register(client, **changes).json()
    assert answer["client_secret_expires_at"] == 0
    assert Application.objects.get().client_secret.startswith("sha256_token$")
    assert answer["client_secret"] not in Application.objects.get().client_secret


@pytest.mark.django_db
def test_addresses_come_from_the_origin_not_from_the_host(client: Client) -> None:
    forged = client.post("/v1/oauth/register", RIGHT, content_type="application/json", headers={"Host": "localhost"})
    assert forged.json()["registration_client_uri"].startswith("http://127.0.0.1:8000/v1/oauth/register/")


@pytest.mark.django_db
@pytest.mark.parametrize(
    "changes",
    [
        {"grant_types": ["client_credentials"]},
        {"grant_types": ["password"]},
        {"grant_types": ["implicit"]},
        {"redirect_uris": []},
        {"redirect_uris": ["http://elsewhere.example/callback"]},
        {"redirect_uris": ["http://127.0.0.1.elsewhere.example/callback"]},
        {"redirect_uris": ["javascript:alert(1)"]},
        {"redirect_uris": ["data:text/html,x"]},
        {"redirect_uris": ["https://a.example/cb#fragment"]},
        {"redirect_uris": ["https://*.example/cb"]},
        {"redirect_uris": [f"https://a.example/{n}" for n in range(11)]},
        {"token_endpoint_auth_method": "client_secret_basic"},  # a secret on a loopback address
        {"token_endpoint_auth_method": "private_key_jwt"},
        {"redirect_uris": ["https://gro\u00dfbank.example/cb"]},  # browsers go there, others read grossbank.example
        {"redirect_uris": ["https://mov\u200dmo.example/cb"]},
        {"redirect_uris": ["https://movmo.example@agents.example/cb"]},
        {"redirect_uris": ["https://agents.example\\@movmo.example/cb"]},
        {"redirect_uris": ["https://movmo.example%2f.agents.example/cb"]},
        {"redirect_uris": ["http://localhost@127.0.0.1/cb"]},
        {"client_name": None},
        {"client_name": ["Trip agent"]},
        {"client_name": "x" * 256},
        {"client_name": "x" * 10_000},
    ],
)
def test_what_a_client_may_not_be(client: Client, changes: dict[str, Any]) -> None:
    response = register(client, **changes)
    assert (response.status_code, response.json()["error"]) == (400, "invalid_client_metadata")
    assert not Application.objects.exists()


@pytest.mark.django_db
@pytest.mark.parametrize("body", [b"", b"[]", b"{", b"null", b"[" * 8_000, b'{"client_name":' + b"[" * 8_000])
def test_a_body_that_is_no_object_is_refused(client: Client, body: bytes) -> None:
    refused = client.post("/v1/oauth/register", body, content_type="application/json")
    assert (refused.status_code, refused.json()["error"]) == (400, "invalid_client_metadata")


@pytest.mark.django_db
@pytest.mark.parametrize("query", ["n=4242424242424242", "n=4242%34242%342424242", "n=" + "%2534%2532" * 8])
def test_a_card_number_in_an_address_is_not_kept(client: Client, query: str) -> None:
    refused = register(client, redirect_uris=[f"https://a.example/cb?{query}"])
    assert (refused.status_code, refused.json()["error"]) == (400, "invalid_client_metadata")
    assert not Application.objects.exists()


@pytest.mark.django_db
def test_a_client_may_manage_its_own_registration_only(client: Client) -> None:
    mine, other = register(client).json(), register(client).json()
    authorization = {"Authorization": f"Bearer {mine['registration_access_token']}"}
    own = client.get(f"/v1/oauth/register/{mine['client_id']}", headers=authorization)
    assert own.json()["client_name"] == "Trip agent"
    assert client.get(f"/v1/oauth/register/{other['client_id']}", headers=authorization).status_code == 401
    evil = RIGHT | {"redirect_uris": ["http://elsewhere.example/"]}
    changed = client.put(
        f"/v1/oauth/register/{mine['client_id']}", evil, content_type="application/json", headers=authorization
    )
    assert changed.status_code == 400


def padded(size: int) -> bytes:
    """A right registration of so many bytes."""
    body = json.dumps(RIGHT).encode()
    return body + b" " * (size - len(body))


@pytest.mark.django_db
def test_a_registration_has_at_most_8192_bytes(client: Client) -> None:
    def post(body: bytes) -> Any:
        return client.post("/v1/oauth/register", body, content_type="application/json")

    registered = post(padded(8_192))
    assert registered.status_code == 201
    refused = post(padded(8_193))
    assert (refused.status_code, refused.json()["error_description"]) == (400, "More than 8192 bytes.")

    own = f"/v1/oauth/register/{registered.json()['client_id']}"
    bearer = {"Authorization": f"Bearer {registered.json()['registration_access_token']}"}
    assert client.put(own, padded(8_193), content_type="application/json", headers=bearer).status_code == 400
    assert client.put(own, padded(8_192), content_type="application/json", headers=bearer).status_code == 200


@pytest.mark.django_db
def test_what_holds_a_registrations_token_is_not_cached(client: Client) -> None:
    registered = register(client)
    own = f"/v1/oauth/register/{registered.json()['client_id']}"
    bearer = {"Authorization": f"Bearer {registered.json()['registration_access_token']}"}
    read = client.get(own, headers=bearer)
    assert read.status_code == 200
    changed = client.put(own, RIGHT, content_type="application/json", headers=bearer)
    for answer in (registered, read, changed):
        assert answer["Cache-Control"] == "no-store"
    assert client.get(own, headers=bearer).status_code == 401  # a change gives a new token
    fresh = {"Authorization": f"Bearer {changed.json()['registration_access_token']}"}
    assert client.delete(own, headers=fresh).status_code == 204
    assert not Application.objects.exists()


@pytest.mark.django_db
def test_the_token_of_a_registration_is_not_kept_and_opens_nothing_else(client: Client) -> None:
    token = register(client).json()["registration_access_token"]
    assert AccessToken.objects.get().token == ""
    assert client.get("/v1/oauth/userinfo", headers={"Authorization": f"Bearer {token}"}).status_code == 401


@pytest.mark.django_db
def test_a_client_that_registered_itself_cannot_make_itself_more(client: Client) -> None:
    """Fields that are not its own to set are ignored."""
    wishes = {"partner": "aviare", "registration_source": "manual", "skip_authorization": True, "algorithm": "HS256"}
    answer = register(client, **wishes, client_id="scout", allowed_scopes="everything").json()
    made = Application.objects.get()
    assert answer["client_id"] == made.client_id != "scout"
    assert (made.partner, made.registration_source, made.skip_authorization) == (None, "dcr", False)
    assert (made.algorithm, made.allowed_scopes, made.is_verified) == ("RS256", "", False)


def of(registered: Any) -> tuple[str, dict[str, str]]:
    """Where a client manages its registration, and by what."""
    answer = registered.json()
    return f"/v1/oauth/register/{answer['client_id']}", {
        "Authorization": f"Bearer {answer['registration_access_token']}"
    }


@pytest.mark.django_db
@pytest.mark.parametrize("method", ["get", "put", "delete"])
def test_a_disabled_client_is_no_longer_its_own(client: Client, method: str) -> None:
    own, bearer = of(register(client))
    Application.objects.update(disabled_at=clock.now())
    body = {"data": RIGHT, "content_type": "application/json"} if method == "put" else {}
    refused = getattr(client, method)(own, headers=bearer, **body)
    assert (refused.status_code, refused.json()["error"]) == (401, "invalid_token")
    assert refused["WWW-Authenticate"].startswith("Bearer")
    assert Application.objects.get().disabled_at


@pytest.mark.django_db(transaction=True)
def test_a_client_that_changes_itself_undoes_nothing_that_staff_do_meanwhile(client: Client) -> None:
    own, bearer = of(register(client))
    narrowed = Event()

    def change() -> int:
        assert narrowed.wait(PATIENCE)
        return client.put(
            own, RIGHT | {"client_name": "Scout"}, content_type="application/json", headers=bearer
        ).status_code

    def narrow() -> None:
        with transaction.atomic():
            Application.objects.update(allowed_scopes="flights:read")
            narrowed.set()
            Event().wait(0.5)  # for the client to come as far as it gets

    assert together(change, narrow) == [200, None]
    changed = Application.objects.get()
    assert (changed.name, changed.allowed_scopes) == ("Scout", "flights:read")
