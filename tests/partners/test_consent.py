"""The consent page: what it shows of who asks, what may be ticked, and that nothing else is ever granted."""

import re
from datetime import timedelta
from html import unescape
from typing import Any

import pytest
from django.test import Client
from oauth2_provider.models import Grant

from movmo.accounts.models import User
from movmo.kit import clock
from movmo.operations.context import Door
from partners.authentication import authenticate
from partners.oauth.appearance import NAMELESS, home_of, host_of
from partners.oauth.models import Application
from partners.partner.models import Partner
from tests import factories
from tests.partners.conftest import Browser, arrived, redeem

ASKED = "openid flights:read bookings:read bookings:write"
RIGHT_TO_LEFT = "\u202e"
INVISIBLE = "\u200b"


def ask(browser: Browser, scope: str = ASKED, **changes: str) -> str:
    """The address of the consent page."""
    page = browser.authorize(scope=scope, **changes)
    assert page.status_code == 200, page.get("Location") or page.content
    return str(page.wsgi_request.get_full_path())


def shown(browser: Browser, **changes: str) -> str:
    return str(browser.authorize(**changes).content.decode())


def boxes(page: str) -> dict[str, bool]:
    """The scopes that can be ticked, and whether they are."""
    found = re.findall(r'<input type="checkbox" name="scope" value="([^"]+)"( checked)?>', page)
    return {scope: bool(checked) for scope, checked in found}


def granted(client: Client, answer: dict[str, str]) -> str:
    return str(redeem(client, answer["code"]).json()["scope"])


def scopes_of(token: str) -> frozenset[str]:
    return authenticate(door=Door.REST, api_key=None, bearer=token, request_id="r").scopes


def test_reading_is_ticked_beforehand_and_spending_money_is_not(browser: Browser) -> None:
    page = shown(browser, scope=ASKED)
    assert boxes(page) == {"bookings:read": True, "bookings:write": False}
    assert "if it may pay with your card" in page
    assert "if it may pay with your card" not in shown(browser, scope="flights:read bookings:read")


@pytest.mark.parametrize(
    ("ticks", "scope"),
    [
        ([], "openid flights:read"),
        (["bookings:read"], "openid flights:read bookings:read"),
        (["bookings:write"], "openid flights:read bookings:write"),
        (["bookings:write", "bookings:read"], ASKED),
        (["bookings:read", "bookings:read"], "openid flights:read bookings:read"),
        (["flights:read"], "openid flights:read"),
    ],
)
def test_the_token_has_what_is_ticked(browser: Browser, client: Client, ticks: list[str], scope: str) -> None:
    answer = arrived(browser.submit(ask(browser), allow="true", scope=ticks))
    assert granted(client, answer) == scope


@pytest.mark.parametrize(
    "ticks",
    [
        ["passengers:write"],
        ["bookings:read", "passengers:write"],
        ["bookings:read passengers:write"],
        ["everything"],
        ["BOOKINGS:WRITE"],
        ["a\0b"],
        ["__all__"],
    ],
)
def test_what_was_not_shown_cannot_be_ticked(browser: Browser, ticks: list[str]) -> None:
    answer = browser.submit(ask(browser), allow="true", scope=ticks)
    assert answer.status_code == 400
    assert "The form is not the one that was shown." in answer.content.decode()
    assert not Grant.objects.exists()


def test_the_page_of_few_scopes_is_no_answer_for_many(browser: Browser) -> None:
    """Neither by an address that asks for less than the form, nor by one whose client may have less."""
    Application.objects.update(allowed_scopes="flights:read")
    answer = browser.submit(ask(browser, scope="flights:read"), allow="true", scope=["bookings:write"])
    assert answer.status_code == 400


def test_nothing_ticked_of_what_can_be_unticked_altogether_is_a_no(browser: Browser) -> None:
    page = ask(browser, scope="bookings:read bookings:write")
    assert arrived(browser.submit(page, allow="true", scope=[]))["error"] == "access_denied"
    assert not Grant.objects.exists()


def test_declining_with_ticks_grants_nothing(browser: Browser) -> None:
    assert arrived(browser.submit(ask(browser), scope=["bookings:write"]))["error"] == "access_denied"
    assert not Grant.objects.exists()


def test_a_scope_asked_twice_is_shown_once(browser: Browser) -> None:
    page = shown(browser, scope="flights:read bookings:read bookings:read")
    assert page.count('value="bookings:read"') == 1


def test_what_was_allowed_earlier_is_shown_as_such(browser: Browser, client: Client) -> None:
    granted(client, browser.approve(scope="flights:read bookings:write"))
    page = shown(browser, scope="flights:read bookings:read bookings:write")
    assert boxes(page) == {"bookings:read": True, "bookings:write": True}
    assert page.count("Allowed already") == 2


def test_what_is_unticked_is_taken_back_from_every_token(browser: Browser, client: Client) -> None:
    phone = redeem(client, browser.approve(scope=ASKED)["code"]).json()
    laptop = ask(browser, scope="flights:read bookings:write")
    assert granted(client, arrived(browser.submit(laptop, allow="true", scope=[]))) == "flights:read"
    assert scopes_of(phone["access_token"]) == {"openid", "flights:read", "bookings:read"}


def test_what_was_not_asked_about_stays(browser: Browser, client: Client) -> None:
    phone = redeem(client, browser.approve(scope=ASKED)["code"]).json()
    granted(client, browser.approve(scope="flights:read"))
    assert scopes_of(phone["access_token"]) == set(ASKED.split())


def test_declining_takes_nothing_back(browser: Browser, client: Client) -> None:
    phone = redeem(client, browser.approve(scope=ASKED)["code"]).json()
    browser.submit(ask(browser), scope=[])
    assert scopes_of(phone["access_token"]) == set(ASKED.split())


def test_a_client_that_registered_itself_is_not_verified(browser: Browser, scout: Application) -> None:
    assert "Registered with Movmo" in shown(browser)
    Application.objects.update(registration_source=Application.RegistrationSource.DCR)
    page = shown(browser)
    assert "Not verified by Movmo" in page
    assert "Registered with Movmo" not in page


def test_a_client_known_by_its_document_is_named_by_its_host(browser: Browser) -> None:
    address = "https://agents.example/scout.json"
    later = clock.now() + timedelta(hours=1)
    cimd = Application.RegistrationSource.CIMD
    Application.objects.update(client_id=address, registration_source=cimd, cimd_expires_at=later)
    page = shown(browser, client_id=address)
    assert '<span class="host">agents.example</span>' in page
    assert "Not verified by Movmo" in page


def test_a_client_does_not_speak_for_every_host_that_it_names(browser: Browser) -> None:
    """It registers somebody else's address first, and has the answer sent to its own."""
    target = "https://agents.example/callback"
    addresses = f"https://movmo.example/callback {target}"
    Application.objects.update(redirect_uris=addresses, registration_source="dcr")
    page = shown(browser, redirect_uri=target)
    assert '<span class="host">agents.example</span>' in page
    assert "started this yourself and know agents.example." in page
    assert "movmo.example" not in page
    assert home_of(Application.objects.get()) == "movmo.example, agents.example"


@pytest.mark.parametrize(
    ("address", "host"),
    [
        ("https://Agents.example:8443/x", "agents.example"),
        ("https://m\u043evmo.example/callback", "xn--mvmo-55d.example"),
        ("https://xn--mvmo-55d.example/callback", "xn--mvmo-55d.example"),
        ("https://movmo.example@agents.example/", "agents.example"),
        ("https://gro\u00dfbank.example/", "gro\\xdfbank.example"),  # not grossbank.example, which is another's
        ("https://mov\u200dmo.example/", "mov\\u200dmo.example"),
        ("https://" + "\u043e" * 70 + ".example/", "\\u043e" * 70 + ".example"),
        ("", ""),
    ],
)
def test_a_host_is_shown_in_letters_that_cannot_be_mistaken(address: str, host: str) -> None:
    assert host_of(address) == host


def test_only_a_program_on_the_device_is_warned_of(browser: Browser) -> None:
    assert "a program on this device" in shown(browser)
    target = "https://agents.example/callback"
    Application.objects.update(redirect_uris=target)
    page = shown(browser, redirect_uri=target)
    assert "a program on this device" not in page
    assert "agents.example" in page


def test_the_page_says_how_long_and_where_to_end_it(browser: Browser) -> None:
    page = shown(browser)
    assert "30 days without use" in page
    assert 'href="/accounts/apps/"' in page


@pytest.mark.parametrize(
    ("name", "seen"),
    [
        ("<script>alert(1)</script>", "<script>alert(1)</script>"),
        ('"><img src=x onerror=alert(1)>', '"><img src=x onerror=alert(1)>'),
        ("{{ settings.SECRET_KEY }}", "{{ settings.SECRET_KEY }}"),
        (f"Scout{RIGHT_TO_LEFT}omvoM{INVISIBLE}", "Scout omvoM"),
        ("Scout\r\n\tof  Movmo", "Scout of Movmo"),
        ("x" * 255, "x" * 59 + "…"),
        ("", NAMELESS),
        (f" {RIGHT_TO_LEFT} ", NAMELESS),
    ],
)
def test_a_name_is_text_of_one_line(browser: Browser, name: str, seen: str) -> None:
    Application.objects.update(name=name)
    page = shown(browser)
    heading = re.search(r"<h1>Allow <bdi>(.*?)</bdi>", page, re.DOTALL)
    assert heading is not None
    assert unescape(heading.group(1)) == seen
    assert "<script" not in page
    assert "<img" not in page
    assert RIGHT_TO_LEFT not in page


def test_no_answer_of_the_page_is_framed_or_kept(browser: Browser) -> None:
    page = ask(browser)
    refused = browser.submit(page, allow="true", scope=["everything"])
    for answer in (browser.client.get(page), refused, browser.submit(page, allow="true"), browser.submit(page)):
        assert answer["X-Frame-Options"] == "DENY"
        assert "frame-ancestors 'none'" in answer["Content-Security-Policy"]
        assert "no-store" in answer["Cache-Control"]


def test_consent_needs_the_token_of_the_form(browser: Browser) -> None:
    page = ask(browser)
    answer = browser.submit(page, allow="true", csrfmiddlewaretoken="x" * 64)
    assert answer.status_code == 403
    form: Any = {"allow": "true", "scope": ["bookings:write"]}
    assert browser.client.post(page, form, headers={"Origin": "https://elsewhere.example"}).status_code == 403


def test_a_registered_client_of_a_partner_is_verified(browser: Browser, aviare: Partner, ana: User) -> None:
    factories.application("aviare-web", of=aviare)
    assert "Registered with Movmo" in shown(browser, client_id="aviare-web")
