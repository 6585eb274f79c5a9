"""Every page for people: nothing that axe finds, nothing too wide, nothing out of the keyboard's reach.

On telephone and desktop, light and dark. `--screenshots FOLDER` keeps a picture of each.
"""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.template.loader import render_to_string

from movmo.accounts.models import User
from movmo.kit import clock
from movmo.operations.scopes import SCOPES
from partners.oauth.models import Application
from partners.partner.models import Partner
from tests import factories
from tests.browser.agent import Agent
from tests.browser.conftest import LooksRight, NewTab
from tests.browser.marks import LOOKED_AT_ONCE
from tests.browser.person import sign_in
from tests.browser.reading import too_wide
from tests.browser.tab import LOOKS, Tab

FIRST_OF_EACH_GROUP = """() => {
  document.querySelectorAll('article ~ article').forEach(article => article.remove())
  return document.querySelectorAll('article').length
}"""

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True), LOOKED_AT_ONCE]


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("/", "landing"),
        ("/accounts/login/", "sign-in"),
        ("/accounts/inactive/", "inactive"),
    ],
)
def test_open_to_everybody(tab: Tab, path: str, name: str, looks_right: LooksRight) -> None:
    assert tab.open(path) == 200
    looks_right(tab, name)


def test_the_reference(tab: Tab, looks_right: LooksRight) -> None:
    """Its articles are of one template: axe reads the first of each group. None of them is wider than the page."""
    assert tab.open("/docs") == 200
    for look in LOOKS:
        tab.looked_at(look)
        assert too_wide(tab) == []
    assert tab.evaluate(FIRST_OF_EACH_GROUP) > 10
    looks_right(tab, "reference")


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("/", "landing-signed-in"),
        ("/accounts/", "home"),
        ("/accounts/apps/", "apps-none"),
        ("/accounts/passkeys/", "passkeys-none"),
        ("/accounts/confirm/", "confirm-offer"),
        ("/accounts/logout/", "sign-out"),
    ],
)
def test_of_a_traveler(anas_tab: Tab, path: str, name: str, looks_right: LooksRight) -> None:
    assert anas_tab.open(path) == 200
    looks_right(anas_tab, name)


def test_the_codes(tab: Tab, looks_right: LooksRight) -> None:
    tab.open("/accounts/login/")
    tab.fill("E-mail address", "nobody")
    tab.click("button", "Send me a code")
    looks_right(tab, "sign-in-mistyped")
    tab.fill("E-mail address", "ana@example.com")
    tab.click("button", "Send me a code")
    looks_right(tab, "code")
    tab.fill("Code", "none")
    tab.click("button", "Continue")
    assert "This code is incorrect" in tab.text
    looks_right(tab, "code-wrong")
    tab.click("button", "Send another code")
    looks_right(tab, "code-again")


def test_showing_again_who_one_is(anas_tab: Tab, looks_right: LooksRight) -> None:
    anas_tab.open("/accounts/confirm/?next=/accounts/passkeys/")
    anas_tab.click("button", "Send me a code")
    looks_right(anas_tab, "confirm")


def test_sessions(new_tab: NewTab, looks_right: LooksRight) -> None:
    tabs = [new_tab(), new_tab()]
    for tab in tabs:
        tab.open("/accounts/sessions/")
        sign_in(tab)
    tabs[1].open("/accounts/sessions/")
    looks_right(tabs[1], "sessions")
    tabs[1].click("button", "End all others")
    looks_right(tabs[1], "sessions-ended")
    tabs[0].open("/accounts/sessions/")
    assert tabs[0].path == "/accounts/login/"


def test_the_mailbox(tab: Tab, settings: Any, tmp_path: Path, looks_right: LooksRight) -> None:
    settings.EMAIL_BACKEND = "movmo.accounts.letter.mailbox.MailboxBackend"
    settings.MOVMO_MAILBOX = tmp_path
    tab.open("/mailbox")
    looks_right(tab, "mailbox-empty")
    tab.open("/accounts/login/")
    tab.fill("E-mail address", "ana@example.com")
    tab.click("button", "Send me a code")
    tab.open("/mailbox")
    looks_right(tab, "mailbox")


def as_registered(agent: Agent, callback: str, **facts: Any) -> None:
    """The agent is another application from now on: its callback, and what Movmo knows of it."""
    agent.callback = callback
    Application.objects.filter(client_id=agent.client_id).update(redirect_uris=callback, **facts)


def test_consent_for_a_program_on_the_device(anas_tab: Tab, agent: Agent, looks_right: LooksRight) -> None:
    anas_tab.open(agent.question("flights:read", "bookings:read"))
    looks_right(anas_tab, "consent")
    anas_tab.click("button", "Approve")
    agent.redeem(agent.answer()["code"])
    anas_tab.open(agent.question(*SCOPES))
    assert "Allowed already" in anas_tab.text
    looks_right(anas_tab, "consent-for-more")


def test_consent_for_a_partner(anas_tab: Tab, agent: Agent, aviare: Partner, looks_right: LooksRight) -> None:
    name = "Aviare Trips, which has a name that is a good deal longer than others have"
    as_registered(agent, "https://aviare.example/back", name=name, partner=aviare)
    anas_tab.open(agent.question(*SCOPES))
    assert "Registered with Movmo" in anas_tab.text
    looks_right(anas_tab, "consent-for-a-partner")


def test_consent_for_a_stranger(anas_tab: Tab, agent: Agent, looks_right: LooksRight) -> None:
    as_registered(agent, "https://stranger.example/back", registration_source="dcr")
    anas_tab.open(agent.question(*SCOPES))
    assert "Not verified by Movmo" in anas_tab.text
    looks_right(anas_tab, "consent-for-a-stranger")


def test_a_request_that_cannot_be_answered(anas_tab: Tab, agent: Agent, looks_right: LooksRight) -> None:
    agent.callback = "https://elsewhere.example/"
    assert anas_tab.open(agent.question("flights:read")) == 400
    looks_right(anas_tab, "consent-impossible")


def test_connected_apps(anas_tab: Tab, ana: User, aviare: Partner, looks_right: LooksRight) -> None:
    trips = factories.application("trips", of=aviare)
    off = factories.application("closed")
    scout = factories.application("scout")
    for application in (trips, off, scout):
        factories.token(ana, SCOPES, application)
    ana.connections.filter(application=trips).update(last_used_at=clock.now() - timedelta(hours=3))
    Application.objects.filter(pk=off.pk).update(disabled_at=clock.now())
    Application.objects.filter(pk=scout.pk).update(registration_source="dcr")
    anas_tab.open("/accounts/apps/")
    looks_right(anas_tab, "apps")


def test_a_page_that_is_not_there(tab: Tab, looks_right: LooksRight) -> None:
    assert tab.open("/nowhere") == 404
    looks_right(tab, "404")


def test_a_form_that_cannot_be_checked(tab: Tab, looks_right: LooksRight) -> None:
    tab.open("/accounts/login/")
    tab.do_in_context(lambda context: context.clear_cookies())
    tab.fill("E-mail address", "ana@example.com")
    tab.click("button", "Send me a code")
    assert "Please try that again" in tab.text
    looks_right(tab, "403-csrf")


@pytest.mark.parametrize("template", ["400", "403", "429", "500"])
def test_for_what_went_wrong(tab: Tab, template: str, looks_right: LooksRight) -> None:
    """As no request of a browser's brings them about here, the browser is given them in the answer's place."""
    page = render_to_string(f"{template}.html")
    tab.do(lambda opened: opened.route("**/broken", lambda route: route.fulfill(status=int(template), body=page)))
    assert tab.open("/broken") == int(template)
    looks_right(tab, template)
