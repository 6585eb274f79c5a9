"""Passkeys, with the key that is built into a browser's machine."""

from typing import Any

import pytest

from tests.browser.conftest import LooksRight, NewTab
from tests.browser.passkeys import LOCALHOST, carry_key
from tests.browser.person import sign_in
from tests.browser.tab import Tab

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def tab(new_tab: NewTab, settings: Any) -> Tab:
    """At a site that has a name, on a machine that has a key."""
    settings.ORIGIN = LOCALHOST
    tab = new_tab(origin=LOCALHOST)
    carry_key(tab)
    return tab


def test_a_passkey_is_added_used_and_removed(tab: Tab, looks_right: LooksRight) -> None:
    tab.open("/accounts/passkeys/")
    sign_in(tab)
    tab.click("link", "Add a passkey")
    looks_right(tab, "passkey-new")
    tab.fill("Name", "My telephone")
    tab.click("button", "Add a passkey")
    assert "The passkey was added" in tab.text
    looks_right(tab, "passkeys")

    tab.click("button", "Sign out")
    tab.open("/accounts/login/?next=/accounts/passkeys/")
    looks_right(tab, "sign-in-with-passkey")
    tab.click("button", "Sign in with a passkey")
    assert tab.path == "/accounts/passkeys/"
    assert "Not yet" not in tab.text

    tab.click("link", "Rename or remove My telephone")
    looks_right(tab, "passkey")
    tab.click("button", "Remove this passkey")
    assert "You have no passkey" in tab.text

    tab.click("button", "Sign out")
    tab.open("/accounts/login/")
    tab.click("button", "Sign in with a passkey")
    assert "That passkey was not accepted" in tab.text


def test_a_key_that_knows_nobody_leaves_the_code(tab: Tab) -> None:
    tab.open("/accounts/login/")
    tab.do(lambda page: page.get_by_role("button", name="Sign in with a passkey").click())
    tab.do(lambda page: page.get_by_text("Nothing was done").wait_for())
    sign_in(tab)
    assert tab.path == "/accounts/"
