"""`manage.py purge_oauth`: what goes, and what must not."""

import io
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection, connections
from django.test import Client
from django.utils import timezone
from oauth2_provider.models import AccessToken, Grant, IDToken, RefreshToken

from movmo.accounts.models import User
from partners.oauth.models import Application, Connection
from partners.oauth.purge import UNUSED_AFTER, purge
from partners.partner.models import Partner
from tests import factories
from tests.partners.conftest import Browser, redeem, refresh
from tests.partners.test_oauth_registration import register

MONTH = timedelta(days=30)
HOUR = timedelta(hours=1)
SECOND = timedelta(seconds=1)


@pytest.fixture
def granted(browser: Browser, client: Client) -> Any:
    return redeem(client, browser.approve(scope="openid flights:read")["code"]).json()


def purged(after: timedelta = timedelta(), batch: int = 2) -> dict[str, int]:
    return {kind: count for kind, count in purge(now=timezone.now() + after, batch=batch).items() if count}


def test_what_is_in_use_stays(granted: Any, client: Client) -> None:
    refresh(client, granted["refresh_token"])
    assert purged() == {}
    assert (RefreshToken.objects.count(), AccessToken.objects.count()) == (2, 1)


def test_an_access_token_stays_for_its_refresh_token_and_goes_with_it(granted: Any) -> None:
    assert purged(HOUR + MONTH - timedelta(minutes=1)) == {}
    assert purged(HOUR + MONTH) == {"refresh tokens": 1, "access tokens": 1, "ID tokens": 1}
    assert not (RefreshToken.objects.exists() or AccessToken.objects.exists() or IDToken.objects.exists())
    assert Connection.objects.exists()


def test_a_rotated_refresh_token_stays_while_it_could_be_replayed(granted: Any, client: Client) -> None:
    fresh = refresh(client, granted["refresh_token"]).json()
    assert "refresh tokens" not in purged(MONTH - timedelta(minutes=1))
    assert purged(MONTH)["refresh tokens"] == 1
    assert RefreshToken.objects.get().revoked is None
    assert refresh(client, fresh["refresh_token"]).status_code == 200


def test_a_refresh_token_without_its_access_token_goes(granted: Any) -> None:
    AccessToken.objects.all().delete()
    assert purged()["refresh tokens"] == 1


def test_tokens_without_a_refresh_token_go_when_they_end(ana: User, scout: Application) -> None:
    for _ in range(5):
        factories.token(ana, ["flights:read"])
    assert purged(HOUR - timedelta(minutes=1)) == {}
    assert purged(HOUR) == {"access tokens": 5}


def test_codes_go_when_they_end(browser: Browser) -> None:
    browser.approve()
    assert purged() == {}
    assert purged(timedelta(seconds=60)) == {"codes": 1}
    assert not Grant.objects.exists()


@pytest.mark.django_db
def test_a_registration_that_nobody_used_goes_with_its_token(client: Client) -> None:
    for _ in range(3):
        register(client)
    assert purged(UNUSED_AFTER - timedelta(minutes=1)) == {}
    assert purged(UNUSED_AFTER + SECOND) == {"clients": 3}
    assert not (Application.objects.exists() or AccessToken.objects.exists())


@pytest.mark.django_db
def test_the_token_of_a_registration_ends_after_ninety_days(client: Client, ana: User) -> None:
    register(client)
    Connection.objects.create(user=ana, application=Application.objects.get(), scopes="flights:read")
    assert purged(3 * MONTH) == {"access tokens": 1}
    assert Application.objects.exists()


def self_registered(source: str, **changes: Any) -> Application:
    client = factories.application("https://scout.example.com/client.json")
    Application.objects.filter(pk=client.pk).update(registration_source=source, **changes)
    return client


@pytest.mark.django_db
@pytest.mark.parametrize("source", ["dcr", "cimd"])
def test_a_client_that_registered_itself_goes_and_one_by_hand_stays(source: str, scout: Application) -> None:
    self_registered(source)
    assert purged(UNUSED_AFTER + SECOND) == {"clients": 1}
    assert Application.objects.get() == scout


def test_a_client_that_was_ever_let_in_stays(ana: User) -> None:
    client = self_registered("dcr")
    Connection.objects.create(user=ana, application=client, scopes="", disconnected_at=timezone.now())
    assert purged(UNUSED_AFTER * 12) == {}


def test_a_client_with_a_token_or_code_stays(ana: User) -> None:
    client = self_registered("dcr")
    token = AccessToken.objects.create(
        user=ana, application=client, token="t", scope="flights:read", expires=timezone.now() + MONTH * 3
    )
    assert purged(UNUSED_AFTER + SECOND) == {}
    token.delete()
    Grant.objects.create(user=ana, application=client, code="c", expires=timezone.now() + MONTH * 3)
    assert purged(UNUSED_AFTER + SECOND) == {}


def test_what_staff_touched_stays(aviare: Partner) -> None:
    touched: list[dict[str, Any]] = [
        {"disabled_at": timezone.now()},
        {"allowed_scopes": "flights:read"},
        {"partner": aviare},
    ]
    for changes in touched:
        client = self_registered("cimd", **changes)
        assert purged(UNUSED_AFTER + SECOND) == {}, changes
        client.delete()


@pytest.mark.django_db(transaction=True)
def test_a_client_that_is_let_in_while_the_purge_looks_at_it_stays(ana: User) -> None:
    client = self_registered("dcr")
    looked, let_in = threading.Event(), threading.Event()

    def pause(execute: Any, sql: str, *rest: Any) -> Any:
        """After the purge has found the client unused, and before it deletes."""
        found = execute(sql, *rest)
        if "oauth_application" in sql and not looked.is_set():
            looked.set()
            let_in.wait()
        return found

    def work() -> dict[str, int]:
        try:
            with connection.execute_wrapper(pause):
                return purged(UNUSED_AFTER + SECOND)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(1) as thread:
        purging = thread.submit(work)
        looked.wait()
        Connection.objects.create(user=ana, application=client, scopes="flights:read")
        let_in.set()
        assert purging.result() == {}
    assert Application.objects.filter(pk=client.pk).exists()


@pytest.mark.django_db
def test_the_command_says_what_it_deleted(scout: Application, ana: User) -> None:
    factories.token(ana, ["flights:read"])
    AccessToken.objects.update(expires=timezone.now())
    printed = io.StringIO()
    call_command("purge_oauth", stdout=printed)
    assert printed.getvalue().splitlines() == [
        "0 refresh tokens deleted",
        "1 access tokens deleted",
        "0 ID tokens deleted",
        "0 codes deleted",
        "0 clients deleted",
    ]


@pytest.mark.django_db
def test_the_command_wants_a_batch() -> None:
    with pytest.raises(CommandError, match="at least 1"):
        call_command("purge_oauth", batch=0)
