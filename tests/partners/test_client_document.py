"""A client whose id is the address of its document: met at the consent page, by signed-in travelers, nowhere else."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from django.core.cache import cache
from django.db import connections
from django.test import Client
from pytest_django import Settings

from movmo.accounts.models import User
from partners.oauth import client_document
from partners.oauth.models import Application
from tests import factories
from tests.conftest import StoppedClock
from tests.partners.conftest import Browser, redeem, refresh
from tests.partners.documents import ADDRESS, Host, document, published, response


@pytest.fixture
def host(tmp_path: Path, db: None) -> Iterator[Host]:
    """scout's host on the internet, where this server fetches from until the test is over."""
    cache.clear()
    with published(tmp_path) as host:
        before = client_document.install(host.fetcher())
        yield host
        client_document.install(before)


def told(page: Any) -> str:
    assert page.status_code == 400
    return str(page.content.decode())


def test_a_client_is_met_by_its_document_and_gets_a_token(host: Host, browser: Browser, client: Client) -> None:
    code = browser.approve(client_id=ADDRESS)["code"]
    answer = redeem(client, code, client_id=ADDRESS)
    assert answer.status_code == 200, answer.content
    assert refresh(client, answer.json()["refresh_token"], client_id=ADDRESS).status_code == 200
    met = Application.objects.get(client_id=ADDRESS)
    assert (met.name, met.client_type, met.is_verified) == ("Scout", "public", False)
    assert len(host.requests) == 1


def test_the_metadata_says_that_documents_are_understood(client: Client, settings: Settings) -> None:
    def supported() -> Any:
        document = client.get("/.well-known/oauth-authorization-server").json()
        return document["client_id_metadata_document_supported"]

    assert supported() is True
    settings.MOVMO_CLIENT_DOCUMENTS = False
    assert supported() is False


def test_without_documents_such_a_client_is_unknown(host: Host, browser: Browser, settings: Settings) -> None:
    settings.MOVMO_CLIENT_DOCUMENTS = False
    assert browser.authorize(client_id=ADDRESS).status_code == 400
    assert host.requests == []


@pytest.mark.parametrize("is_known", [False, True])
def test_nothing_is_fetched_but_for_a_signed_in_traveler_at_the_consent_page(
    host: Host, client: Client, scout: Application, is_known: bool, clock: StoppedClock
) -> None:
    if is_known:
        known = factories.application(ADDRESS)
        Application.objects.filter(pk=known.pk).update(registration_source="cimd", cimd_expires_at=clock.now)
    fields = {"client_id": ADDRESS, "token": "t", "code": "c", "refresh_token": "r", "client_secret": "s"}
    for prompt in ("", "none", "login", "create", "consent"):
        client.get("/v1/oauth/authorize", {**fields, "response_type": "code", "prompt": prompt})
        client.post("/v1/oauth/authorize", {**fields, "response_type": "code", "allow": "true", "prompt": prompt})
    for grant in ("authorization_code", "refresh_token", "client_credentials"):
        client.post("/v1/oauth/token", {**fields, "grant_type": grant})
    for endpoint in ("revoke", "introspect", "userinfo", "register"):
        client.post(f"/v1/oauth/{endpoint}", fields)
    client.get("/v1/oauth/userinfo", headers={"Authorization": f"Bearer {ADDRESS}"})
    client.get(f"/v1/oauth/register/{ADDRESS}")
    assert (host.dialled, host.requests) == ([], [])


def test_a_form_that_was_never_shown_fetches_nothing(host: Host, browser: Browser) -> None:
    browser.client.handler.enforce_csrf_checks = False
    browser.client.post(f"/v1/oauth/authorize?client_id={ADDRESS}", {"client_id": ADDRESS, "allow": "true"})
    assert host.requests == []


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"client_id": "https://scout.example.com/other.json"}, "its client_id is not the address"),
        ({"client_id": ADDRESS + "/"}, "its client_id is not the address"),
        ({"client_id": None}, "client_id: Field required"),
        ({"client_secret": "s"}, "client_secret has no place in a public document"),
        ({"client_secret_expires_at": 0}, "client_secret_expires_at has no place"),
        ({"redirect_uris": None}, "redirect_uris: Field required"),
        ({"redirect_uris": []}, "redirect_uris: List should have at least 1 item"),
        ({"redirect_uris": "https://a.example/cb"}, "redirect_uris: Input should be a valid list"),
        ({"redirect_uris": [1]}, "redirect_uris.0: Input should be a valid string"),
        ({"redirect_uris": [f"https://a.example/{n}" for n in range(11)]}, "At most 10 redirect URIs"),
        ({"redirect_uris": ["http://elsewhere.example/cb"]}, "http is for loopback addresses only"),
        ({"redirect_uris": ["javascript:alert(1)"]}, "redirect"),
        ({"redirect_uris": ["https://a.example/cb#fragment"]}, "redirect"),
        ({"redirect_uris": ["http://127.0.0.1:65536/callback"]}, "A port is a number"),
        ({"grant_types": ["client_credentials"]}, "must include authorization_code and code"),
        ({"response_types": ["token"]}, "must include authorization_code and code"),
        ({"token_endpoint_auth_method": "client_secret_basic"}, "token_endpoint_auth_method: Input should be"),
        ({"token_endpoint_auth_method": "private_key_jwt"}, "token_endpoint_auth_method: Input should be"),
        ({"client_name": "x" * 256}, "client_name: String should have at most 255 characters"),
        ({"client_name": "a\0b"}, "text without NUL"),
        ({"client_name": {"en": "Scout"}}, "client_name: Input should be a valid string"),
    ],
)
def test_the_traveler_is_told_what_is_wrong_with_a_document(
    host: Host, browser: Browser, changes: dict[str, Any], reason: str
) -> None:
    host.publish(document(**changes))
    page = told(browser.authorize(client_id=ADDRESS)).replace("&#x27;", "'")
    assert "The document that introduces this application cannot be used" in page
    assert reason in page
    assert not Application.objects.filter(client_id=ADDRESS).exists()


@pytest.mark.parametrize(
    ("client_id", "reason"),
    [
        ("https://127.0.0.1/client.json", "like https://app.example.com/client.json"),
        ("HTTPS://scout.example.com/client.json", "like https://app.example.com/client.json"),
        ("https://metadata.google.internal/client.json", "not on the public internet"),
    ],
)
def test_the_traveler_is_told_what_is_wrong_with_an_address(
    host: Host, browser: Browser, client_id: str, reason: str
) -> None:
    assert reason in told(browser.authorize(client_id=client_id))
    assert host.dialled == []


def test_a_document_with_more_than_this_server_offers_is_taken_for_what_it_does(host: Host, browser: Browser) -> None:
    wide = ["authorization_code", "refresh_token", "urn:ietf:params:oauth:grant-type:device_code"]
    host.publish(
        document(grant_types=wide, logo_uri="https://scout.example.com/logo.png", client_uri="https://x.example")
    )
    assert browser.approve(client_id=ADDRESS)["code"]


def test_a_failure_is_not_asked_for_again_at_once(host: Host, browser: Browser) -> None:
    host.publish({}, status="500 Internal Server Error")
    for _ in range(3):
        assert "HTTP 500" in told(browser.authorize(client_id=ADDRESS))
    assert len(host.requests) == 1
    cache.clear()  # as after BACKOFF seconds
    host.publish(document())
    assert browser.authorize(client_id=ADDRESS).status_code == 200


def test_a_changed_document_counts_once_the_old_one_has_run_out(
    host: Host, browser: Browser, clock: StoppedClock
) -> None:
    host.publish(document(), headers="Content-Type: application/json\r\nCache-Control: max-age=3600\r\n")
    assert browser.authorize(client_id=ADDRESS).status_code == 200
    host.publish(document(client_name="Scout Two", redirect_uris=["https://scout.example.com/cb"]))
    clock.forward(minutes=59)
    assert browser.authorize(client_id=ADDRESS).status_code == 200
    clock.forward(minutes=1)
    assert browser.authorize(client_id=ADDRESS).status_code == 400  # its old address is no longer one of its own
    renewed = Application.objects.get(client_id=ADDRESS)
    assert (renewed.name, renewed.redirect_uris) == ("Scout Two", "https://scout.example.com/cb")
    assert not renewed.is_verified
    assert len(host.requests) == 2


def test_an_outage_does_not_lock_a_known_client_out_for_a_day(
    host: Host, browser: Browser, clock: StoppedClock
) -> None:
    assert browser.authorize(client_id=ADDRESS).status_code == 200
    host.answers = b""
    clock.forward(days=2)
    assert browser.authorize(client_id=ADDRESS).status_code == 200
    clock.forward(seconds=1)
    cache.clear()
    assert "cannot be used" in told(browser.authorize(client_id=ADDRESS))


def test_a_known_client_whose_document_went_bad_is_stopped_at_once(
    host: Host, browser: Browser, clock: StoppedClock
) -> None:
    assert browser.authorize(client_id=ADDRESS).status_code == 200
    host.publish(document(client_id="https://elsewhere.example/client.json"))
    clock.forward(days=1)
    assert "its client_id is not" in told(browser.authorize(client_id=ADDRESS))


def test_a_client_registered_by_hand_is_not_overwritten_by_a_host(host: Host, browser: Browser) -> None:
    Application.objects.filter(pk=factories.application(ADDRESS).pk).update(name="Aviare")
    assert browser.authorize(client_id=ADDRESS).status_code == 200
    assert Application.objects.get(client_id=ADDRESS).name == "Aviare"
    assert host.requests == []


def test_a_disabled_client_stays_so_whatever_its_document_says(
    host: Host, browser: Browser, clock: StoppedClock
) -> None:
    assert browser.authorize(client_id=ADDRESS).status_code == 200
    Application.objects.filter(client_id=ADDRESS).update(disabled_at=clock.now)
    clock.forward(days=3)
    assert browser.authorize(client_id=ADDRESS).status_code == 400
    assert len(host.requests) == 1


@pytest.mark.django_db(transaction=True)
def test_what_staff_do_while_a_document_is_fetched_counts(host: Host, browser: Browser, clock: StoppedClock) -> None:
    assert browser.authorize(client_id=ADDRESS).status_code == 200
    host.publish(document(client_name="Scout Two"))
    clock.forward(days=2)

    def resolve(name: str, port: int) -> list[str]:
        Application.objects.filter(client_id=ADDRESS).update(disabled_at=clock.now, allowed_scopes="flights:read")
        connections.close_all()
        return host.resolve(name, port)

    client_document.install(host.fetcher(resolve=resolve))
    assert browser.authorize(client_id=ADDRESS).status_code == 400
    met = Application.objects.get(client_id=ADDRESS)
    assert (met.name, met.allowed_scopes) == ("Scout Two", "flights:read")
    assert met.disabled_at


def test_new_documents_of_one_network_are_limited(host: Host, ana: User, settings: Settings) -> None:
    settings.MOVMO_REGISTRATIONS_PER_HOUR = 4
    browser = Browser(client=Client(REMOTE_ADDR="198.51.100.77"))
    browser.client.force_login(ana, backend="django.contrib.auth.backends.ModelBackend")
    host.answers = b""
    pages = [told(browser.authorize(client_id=f"{ADDRESS}?{n}")) for n in range(3)]
    assert ["too many new applications" in page for page in pages] == [False, False, True]
    assert len(host.requests) == 2


@pytest.mark.django_db(transaction=True)
def test_two_travelers_who_meet_a_client_at_once_both_see_the_page(host: Host, ana: User, bo: User) -> None:
    together = threading.Barrier(2)  # neither saves before both have fetched

    def resolve(name: str, port: int) -> list[str]:
        together.wait()
        return host.resolve(name, port)

    client_document.install(host.fetcher(resolve=resolve))

    def visit(traveler: User) -> int:
        browser = Browser()
        browser.client.force_login(traveler, backend="django.contrib.auth.backends.ModelBackend")
        try:
            return int(browser.authorize(client_id=ADDRESS).status_code)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(2) as threads:
        assert list(threads.map(visit, (ana, bo))) == [200, 200]
    assert Application.objects.filter(client_id=ADDRESS).count() == 1


def test_the_answer_to_a_documents_client_names_the_issuer(host: Host, browser: Browser) -> None:
    page = browser.authorize(client_id=ADDRESS, scope="everything")
    assert parse_qs(urlsplit(page["Location"]).query)["iss"] == ["http://127.0.0.1:8000"]


def test_a_document_published_with_a_body_too_large_is_named(host: Host, browser: Browser) -> None:
    host.answers = response(b" " * 9_000)
    assert "larger than 8192 bytes" in told(browser.authorize(client_id=ADDRESS))
