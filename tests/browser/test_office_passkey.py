"""A passkey for the back office, with the key that is built into a browser's machine."""

from typing import Any

import pytest

from movmo.accounts.models import User
from tests.browser.conftest import LooksRight, NewTab
from tests.browser.passkeys import LOCALHOST, carry_key
from tests.browser.person import sign_in
from tests.browser.tab import Tab
from tests.office import PASSWORD

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def tab(new_tab: NewTab, settings: Any) -> Tab:
    """At a site that has a name, on a machine that has a key."""
    settings.ORIGIN = LOCALHOST
    tab = new_tab(origin=LOCALHOST)
    carry_key(tab)
    return tab


@pytest.fixture
def chief(transactional_db: None) -> User:
    return User.objects.create_superuser("chief@movmo.example", PASSWORD)


def with_password(tab: Tab, chief: User) -> None:
    tab.open("/admin/login/")
    tab.do(lambda page: page.fill("[name=username]", chief.email))
    tab.do(lambda page: page.fill("[name=password]", PASSWORD))
    tab.click("button", "Log in arrow_forward")


def leave(tab: Tab) -> None:
    tab.open("/accounts/")
    tab.click("button", "Sign out")


def test_a_passkey_is_the_second_step_and_both_steps_at_once(tab: Tab, chief: User, looks_right: LooksRight) -> None:
    with_password(tab, chief)
    assert tab.path == "/accounts/second-factor/new/"
    looks_right(tab, "office-new-factor")
    tab.click("button", "Use a passkey instead")
    assert "Keep these recovery codes" in tab.text
    looks_right(tab, "office-recovery-codes")
    tab.click("link", "I have kept them: to the back office")
    assert tab.path == "/admin/"
    tab.open("/accounts/second-factor/mine/")
    looks_right(tab, "office-factors")
    leave(tab)

    with_password(tab, chief)
    assert tab.path == "/accounts/second-factor/"
    looks_right(tab, "office-second-factor")
    tab.click("button", "Use a passkey")
    assert tab.path == "/admin/"
    leave(tab)

    tab.open("/accounts/login/?next=/admin/")
    tab.click("button", "Sign in with a passkey")
    assert tab.path == "/admin/"


def test_a_travelers_passkey_becomes_the_second_step(tab: Tab, chief: User) -> None:
    tab.open("/accounts/passkeys/new/")
    sign_in(tab, chief.email)
    tab.fill("Name", "My telephone")
    tab.click("button", "Add a passkey")
    tab.open("/admin/")
    assert tab.path == "/accounts/second-factor/new/"
    tab.click("button", "Use the passkey you have")
    assert "Keep these recovery codes" in tab.text
    tab.open("/admin/")
    assert tab.path == "/admin/"
