"""Connected apps: when an application is let in, what the traveler is told, and that disconnecting is at once."""

from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from django.core import mail
from django.db import connection as database
from django.test import Client
from django.utils import timezone
from oauth2_provider.models import AccessToken, Grant, RefreshToken, set_token_value

from movmo.accounts.models import User
from movmo.operations.context import Door
from partners.authentication import TokenInvalid, authenticate
from partners.oauth import connections, tokens
from partners.oauth.models import Application, Connection
from partners.oauth.pages import ago
from partners.partner.models import Partner
from tests import factories
from tests.conftest import NOON, StoppedClock
from tests.letters import post
from tests.operations.together import together, wait_for_locks, while_another_holds
from tests.partners.conftest import Browser, redeem, refresh

PAGE = "/accounts/apps/"


def is_alive(token: str) -> bool:
    """Whether both doors take the token; never only one of them."""
    answers = set()
    for door in Door:
        try:
            authenticate(door=door, api_key=None, bearer=token, request_id="r")
            answers.add(True)
        except TokenInvalid:
            answers.add(False)
    (answer,) = answers
    return answer


def browser_of(traveler: User) -> Browser:
    browser = Browser()
    browser.client.force_login(traveler, backend="django.contrib.auth.backends.ModelBackend")
    return browser


def let_in(browser: Browser, scope: str = "flights:read bookings:read", **changes: str) -> Any:
    """The token answer of a whole flow."""
    client_id = changes.get("client_id", "scout")
    return redeem(Client(), browser.approve(scope=scope, **changes)["code"], client_id=client_id).json()


def press(browser: Browser, connection: Connection) -> Any:
    """The button on the page, with the form's own CSRF token."""
    page = browser.client.get(PAGE).content.decode()
    assert f'action="{PAGE}{connection.pk}/disconnect"' in page
    return send(browser, connection)


def send(browser: Browser, connection: Connection, **headers: str) -> Any:
    """The same request, whether or not the page offers it."""
    token = {"csrfmiddlewaretoken": browser.client.cookies["csrftoken"].value}
    return browser.client.post(f"{PAGE}{connection.pk}/disconnect", token, headers=headers)


def test_consent_alone_lets_nobody_in_and_the_first_tokens_do(browser: Browser, client: Client, ana: User) -> None:
    code = browser.approve(scope="flights:read bookings:read")["code"]
    assert not Connection.objects.exists()
    redeem(client, code)
    connection = Connection.objects.get()
    assert (connection.user, connection.application.client_id) == (ana, "scout")
    assert connection.scopes == "flights:read bookings:read"
    assert (connection.last_used_at, connection.disconnected_at) == (None, None)


def test_a_redemption_that_fails_lets_nobody_in(browser: Browser, client: Client) -> None:
    code = browser.approve()["code"]
    assert redeem(client, code, code_verifier="wrong-" * 10).status_code == 400
    assert redeem(client, code, resource="https://elsewhere.example").status_code == 400
    assert not Connection.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_the_traveler_is_told_of_what_is_new_and_of_nothing_else(browser: Browser, ana: User) -> None:
    def letters() -> int:
        post()
        sent = [letter for letter in mail.outbox if letter.to == [ana.email] and "Scout" in str(letter.body)]
        mail.outbox.clear()
        return len(sent)

    granted = let_in(browser, "flights:read")
    assert letters() == 1  # the first time
    refresh(Client(), granted["refresh_token"])
    let_in(browser, "flights:read")
    assert letters() == 0  # the same once more
    let_in(browser, "flights:read bookings:read")
    assert letters() == 1  # more than ever
    let_in(browser, "flights:read")
    let_in(browser, "flights:read bookings:read")
    assert letters() == 0  # no more than it has
    press(browser, Connection.objects.get())
    let_in(browser, "flights:read")
    assert letters() == 1  # back again


@pytest.mark.django_db(transaction=True)
def test_the_letter_says_what_it_may_do_and_shows_no_token(browser: Browser) -> None:
    granted = let_in(browser, "flights:read bookings:write")
    post()
    body = str(mail.outbox[-1].body)
    assert "Book flights for you, which spends money" in body
    assert granted["access_token"] not in body
    assert granted["refresh_token"] not in body


def test_disconnecting_ends_everything_at_once(browser: Browser, client: Client) -> None:
    first, second = let_in(browser), let_in(browser)
    unredeemed = browser.approve()["code"]
    assert is_alive(first["access_token"])
    assert is_alive(second["access_token"])

    answer = press(browser, Connection.objects.get())
    assert (answer.status_code, answer["Location"]) == (302, PAGE)
    assert "Scout can no longer act for you." in browser.client.get(PAGE).content.decode()
    for granted in (first, second):
        assert not is_alive(granted["access_token"])
        assert refresh(client, granted["refresh_token"]).json()["error"] == "invalid_grant"
    assert redeem(client, unredeemed).json()["error"] == "invalid_grant"
    assert not AccessToken.objects.exists()
    assert not Grant.objects.exists()
    assert not RefreshToken.objects.filter(revoked=None).exists()


def test_userinfo_is_shut_as_well(browser: Browser, client: Client) -> None:
    granted = let_in(browser, "openid flights:read")
    asked = partial(client.get, "/v1/oauth/userinfo", headers={"Authorization": f"Bearer {granted['access_token']}"})
    assert asked().status_code == 200
    Connection.objects.update(disconnected_at=timezone.now())  # the row of the token is still there
    assert asked().status_code == 401


def test_introspection_tells_what_still_counts(client: Client, ana: User) -> None:
    backend = Application.objects.create(
        client_id="backend",
        client_secret="long-generated-secret",
        client_type=Application.CLIENT_CONFIDENTIAL,
        authorization_grant_type=Application.GRANT_AUTHORIZATION_CODE,
        redirect_uris="https://backend.example/callback",
    )
    token = factories.token(ana, ["flights:read", "bookings:read", "bookings:write"], backend)
    form = {"client_id": "backend", "client_secret": "long-generated-secret", "token": token}

    def told() -> Any:
        return client.post("/v1/oauth/introspect", form).json()

    assert told()["scope"] == "flights:read bookings:read bookings:write"
    connections.withdraw(user=ana, application=backend, scopes=["bookings:write"])
    assert told()["scope"] == "flights:read bookings:read"
    Application.objects.filter(pk=backend.pk).update(allowed_scopes="flights:read")
    assert told()["scope"] == "flights:read"
    Connection.objects.update(disconnected_at=timezone.now())
    assert told() == {"active": False}


def test_a_token_row_that_outlived_its_connection_is_refused(ana: User) -> None:
    token = factories.token(ana, ["flights:read"])
    assert is_alive(token)
    Connection.objects.update(disconnected_at=timezone.now())
    assert AccessToken.objects.exists()
    assert not is_alive(token)
    Connection.objects.all().delete()
    assert not is_alive(token)


def test_a_refresh_token_that_outlived_its_connection_is_refused(browser: Browser, client: Client) -> None:
    granted = let_in(browser)
    Connection.objects.update(disconnected_at=timezone.now())
    assert refresh(client, granted["refresh_token"]).json()["error"] == "invalid_grant"


def test_coming_back_works_and_brings_nothing_back(browser: Browser, client: Client, ana: User) -> None:
    before = let_in(browser, "flights:read bookings:write")
    survivor = before["access_token"]
    press(browser, Connection.objects.get())
    row = AccessToken(user=ana, application=Application.objects.get(), expires=timezone.now() + tokens.LIFETIME)
    set_token_value(row, survivor)
    row.scope = "flights:read bookings:write"
    row.save()

    after = let_in(browser, "flights:read")
    assert is_alive(after["access_token"])
    assert not is_alive(survivor)
    assert refresh(client, before["refresh_token"]).status_code == 400
    assert Connection.objects.get().scopes == "flights:read"
    assert is_alive(after["access_token"])


def test_others_are_left_alone(browser: Browser, ana: User, bo: User, aviare: Partner) -> None:
    factories.application("aviare-web", of=aviare)
    scouts, bos = let_in(browser), let_in(browser_of(bo))
    other = let_in(browser, client_id="aviare-web")
    press(browser, Connection.objects.get(user=ana, application__client_id="scout"))
    assert [is_alive(each["access_token"]) for each in (scouts, bos, other)] == [False, True, True]


def test_nobody_disconnects_for_another(browser: Browser, ana: User, bo: User) -> None:
    granted = let_in(browser)
    connection = Connection.objects.get()
    stranger = browser_of(bo)
    stranger.client.get(PAGE)
    assert send(stranger, connection).status_code == 404
    nobody = Browser()
    nobody.client.cookies["csrftoken"] = "x" * 32
    assert send(nobody, connection)["Location"].startswith("/accounts/login/")
    assert is_alive(granted["access_token"])


def test_disconnecting_takes_a_form_of_ours(browser: Browser) -> None:
    granted = let_in(browser)
    connection = Connection.objects.get()
    address = f"{PAGE}{connection.pk}/disconnect"
    assert browser.client.post(address).status_code == 403
    assert browser.client.get(address).status_code == 405
    assert send(browser, connection, Origin="https://elsewhere.example").status_code == 403
    assert is_alive(granted["access_token"])
    assert browser.client.post(f"{PAGE}not-an-id/disconnect").status_code == 404


def test_a_second_press_does_no_harm_and_goes_nowhere_else(browser: Browser) -> None:
    let_in(browser)
    connection = Connection.objects.get()
    press(browser, connection)
    at = Connection.objects.get().disconnected_at
    again = browser.client.post(
        f"{PAGE}{connection.pk}/disconnect?next=https://elsewhere.example",
        {"csrfmiddlewaretoken": browser.client.cookies["csrftoken"].value, "next": "https://elsewhere.example"},
    )
    assert again["Location"] == PAGE
    assert Connection.objects.get().disconnected_at == at


def test_the_page_is_the_travelers_own(browser: Browser, bo: User) -> None:
    let_in(browser)
    assert "Scout" in browser.client.get(PAGE).content.decode()
    assert "Scout" not in browser_of(bo).client.get(PAGE).content.decode()
    assert Client().get(PAGE)["Location"].startswith("/accounts/login/?next=/accounts/apps/")


def test_the_page_says_who_may_what_and_since_when(browser: Browser, clock: StoppedClock) -> None:
    assert "No application may act for you" in browser.client.get(PAGE).content.decode()
    factories.token(User.objects.get(email="ana@example.com"), ["flights:read", "bookings:write"])
    page = browser.client.get(PAGE)
    text = page.content.decode()
    for words in ("Scout", "Registered with Movmo", "Book flights for you, which spends money", "1 March 2027"):
        assert words in text
    assert "Not yet" in text
    assert "Save passengers for you" not in text
    assert page["X-Frame-Options"] == "DENY"
    assert "frame-ancestors 'none'" in page["Content-Security-Policy"]
    assert "no-store" in page["Cache-Control"]


def test_a_name_on_the_page_is_text(browser: Browser, ana: User) -> None:
    factories.token(ana, ["flights:read"])
    Application.objects.update(name="<script>alert(1)</script>\u202e", registration_source="dcr")
    text = browser.client.get(PAGE).content.decode()
    assert "<script" not in text
    assert "\u202e" not in text
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in text
    assert "Not verified by Movmo" in text
    press(browser, Connection.objects.get())
    assert "<script" not in browser.client.get(PAGE).content.decode()


def test_an_application_that_was_switched_off_is_shown_as_such(browser: Browser, ana: User) -> None:
    factories.token(ana, ["flights:read"])
    Application.objects.update(disabled_at=timezone.now())
    assert "Switched off by Movmo" in browser.client.get(PAGE).content.decode()


def test_the_last_use_is_noted_once_a_minute(ana: User, clock: StoppedClock) -> None:
    token = factories.token(ana, ["flights:read"])
    assert is_alive(token)
    assert Connection.objects.get().last_used_at == NOON
    clock.forward(seconds=59)
    assert is_alive(token)
    assert Connection.objects.get().last_used_at == NOON
    clock.forward(seconds=2)
    assert is_alive(token)
    assert Connection.objects.get().last_used_at == NOON + timedelta(seconds=61)


@pytest.mark.django_db(transaction=True)
def test_a_call_does_not_fail_because_its_use_cannot_be_noted(ana: User, scout: Application) -> None:
    token = factories.token(ana, ["flights:read"], scout)
    wait_for_locks(40)

    def held() -> None:
        Connection.objects.filter(user=ana).update(connected_at=timezone.now())

    assert while_another_holds(held, partial(is_alive, token))
    assert Connection.objects.get().last_used_at is None
    assert is_alive(token)
    assert Connection.objects.get().last_used_at is not None
    database.close()  # with the patience that was set on it


@pytest.mark.parametrize(
    ("since", "words"),
    [
        (timedelta(seconds=-2), "just now"),
        (timedelta(seconds=59), "just now"),
        (timedelta(seconds=60), "a minute ago"),
        (timedelta(minutes=2), "2 minutes ago"),
        (timedelta(minutes=59, seconds=59), "59 minutes ago"),
        (timedelta(hours=1), "an hour ago"),
        (timedelta(hours=23), "23 hours ago"),
        (timedelta(days=1), "28 February 2027"),
    ],
)
def test_a_time_in_words(since: timedelta, words: str) -> None:
    assert ago(NOON - since, NOON) == words


ROUNDS = 6


@pytest.mark.django_db(transaction=True)
def test_a_refresh_beside_a_disconnection_leaves_nothing_alive(browser: Browser, ana: User, scout: Application) -> None:
    for _ in range(ROUNDS):
        granted = let_in(browser)
        end = partial(connections.disconnect, user=ana, application=scout)
        ended, answer = together(end, partial(refresh, Client(), granted["refresh_token"]))
        assert ended is True
        assert answer.status_code in (200, 400)  # type: ignore[union-attr]
        for each in (granted, answer.json()):  # type: ignore[union-attr]
            assert not is_alive(each.get("access_token", ""))
            assert refresh(Client(), each.get("refresh_token", "")).status_code == 400
        assert not AccessToken.objects.exists()
        assert not RefreshToken.objects.filter(revoked=None).exists()


@pytest.mark.django_db(transaction=True)
def test_a_redemption_beside_a_disconnection_leaves_nothing_of_before(
    browser: Browser, ana: User, scout: Application
) -> None:
    """Whichever came first: a redemption afterwards would need a code of its own."""
    for _ in range(ROUNDS):
        let_in(browser)
        code = browser.approve()["code"]
        end = partial(connections.disconnect, user=ana, application=scout)
        ended, answer = together(end, partial(redeem, Client(), code))
        assert ended is True
        assert answer.status_code in (200, 400)  # type: ignore[union-attr]
        assert not is_alive(answer.json().get("access_token", ""))  # type: ignore[union-attr]
        assert not AccessToken.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_two_first_redemptions_make_one_connection(browser: Browser, scout: Application) -> None:
    codes = [browser.approve(scope=scope)["code"] for scope in ("flights:read", "flights:read bookings:read")]
    answers = together(*(partial(redeem, Client(), code) for code in codes))
    assert [answer.status_code for answer in answers] == [200, 200]  # type: ignore[union-attr]
    assert set(Connection.objects.get().scopes.split()) == {"flights:read", "bookings:read"}
