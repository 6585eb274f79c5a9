"""A sign-in from a browser that the account was never used with is told to its owner."""

import pytest
from django.core import mail
from django.test import Client
from pytest_django import Settings

from movmo.accounts.models import Device, User
from movmo.accounts.session import devices
from tests.accounts.person import FIREFOX, SAFARI, ask, code, sign_in, sign_in_again
from tests.letters import post

pytestmark = pytest.mark.django_db(transaction=True)
SUBJECT = "A new sign-in to your Movmo account"


def notices() -> list[str]:
    post()
    return [str(letter.body) for letter in mail.outbox if letter.subject == SUBJECT]


def test_the_first_sign_in_of_an_account_is_no_news() -> None:
    sign_in()
    assert notices() == []


def test_a_known_browser_is_no_news() -> None:
    ana = sign_in()
    ana.post("/accounts/logout/")
    sign_in_again(ana)
    assert notices() == []
    assert Device.objects.count() == 1


def test_an_unknown_browser_is_told_to_the_owner(settings: Settings) -> None:
    sign_in(browser=FIREFOX)
    sign_in(browser=SAFARI, network="2001:db8::7")
    [notice] = notices()
    assert "Safari on iPhone" in notice
    assert "2001:db8::/64" in notice
    assert f"{settings.ORIGIN}/accounts/sessions/" in notice
    assert mail.outbox[-1].to == ["ana@example.com"]


def test_a_browser_that_another_uses_is_known_for_the_other_only() -> None:
    shared = sign_in("bo@example.com")
    shared.post("/accounts/logout/")
    sign_in("ana@example.com")
    sign_in_again(shared, "ana@example.com")
    assert len(notices()) == 1
    assert Device.objects.filter(digest=devices.digest(shared.cookies[devices.COOKIE].value)).count() == 2


def test_the_cookie_is_kept_from_scripts_and_its_value_from_the_table() -> None:
    cookie = sign_in().cookies[devices.COOKIE]
    assert (cookie["httponly"], cookie["samesite"], cookie["secure"]) == (True, "Lax", "")
    assert cookie.value not in str(Device.objects.values())


def test_over_https_the_cookie_goes_over_https_only(settings: Settings) -> None:
    settings.SESSION_COOKIE_SECURE = True
    client = Client()
    asked = client.post("/accounts/login/", {"email": "ana@example.com"}, secure=True)
    answer = client.post(asked["Location"], {"code": code()}, secure=True)
    assert answer.cookies[devices.COOKIE]["secure"]


@pytest.mark.parametrize("planted", ["", "x", "a" * 5000, "é" * 43, "a b" * 14 + "c"])
def test_a_cookie_that_is_not_ours_is_replaced(planted: str) -> None:
    client = Client()
    client.cookies[devices.COOKIE] = planted
    sign_in_again(client)
    assert client.cookies[devices.COOKIE].value != planted


def test_the_cookie_tells_nobody_which_accounts_there_are(ana: User) -> None:
    for email in ("ana@example.com", "nobody@example.com"):
        assert devices.COOKIE not in ask(Client(), email).cookies


def test_a_mail_server_that_is_away_keeps_nobody_out(settings: Settings, caplog: pytest.LogCaptureFixture) -> None:
    sign_in()
    other = Client()
    asked = ask(other, "ana@example.com")
    right = code()
    settings.EMAIL_BACKEND = "tests.accounts.mail_away.Backend"
    assert other.post(asked["Location"], {"code": right})["Location"] == "/accounts/"
    post()
    assert "outbox.failed" in caplog.text
    assert "ana@example.com" not in caplog.text
