"""The way into the back office with an authenticator app, and how the office looks."""

import pytest
from django.test import Client

from movmo.accounts.models import User
from movmo.accounts.office import second_factor
from tests.browser.conftest import LooksRight, NewTab
from tests.browser.marks import LOOKED_AT_ONCE
from tests.browser.tab import Tab
from tests.office import clerk_with_app, entered

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True), LOOKED_AT_ONCE]
PASSWORD = "a clerk remembers four words"


@pytest.fixture
def clerk(transactional_db: None) -> User:
    """Without a second factor yet."""
    return User.objects.create_superuser("ops@movmo.example", PASSWORD)


def give_password(tab: Tab) -> None:
    """On the theme's page, whose labels and buttons are followed by icons that are text."""
    tab.do(lambda page: page.fill("[name=username]", "ops@movmo.example"))
    tab.do(lambda page: page.fill("[name=password]", PASSWORD))
    tab.send("Enter")


def test_the_way_in(tab: Tab, new_tab: NewTab, clerk: User, looks_right: LooksRight) -> None:
    tab.open("/admin/")
    looks_right(tab, "office-sign-in")
    give_password(tab)
    looks_right(tab, "second-factor-new")
    secret = tab.do(lambda page: page.inner_text(".secret"))
    tab.fill("Code", "000")
    tab.click("button", "Set up")
    looks_right(tab, "second-factor-new-wrong")
    tab.fill("Code", second_factor.code_at(secret, second_factor.current_counter()))
    tab.click("button", "Set up")
    looks_right(tab, "recovery-codes")
    recovery_code = tab.do(lambda page: page.locator(".codes code").first.inner_text())
    tab.click("link", "I have kept them: to the back office")
    assert tab.path == "/admin/"
    tab.open("/accounts/second-factor/mine/")
    looks_right(tab, "second-factors")

    elsewhere = new_tab()
    elsewhere.open("/admin/")
    give_password(elsewhere)
    looks_right(elsewhere, "second-factor")
    elsewhere.fill("Code", recovery_code)
    elsewhere.send("Enter")
    assert elsewhere.path == "/admin/"


def test_the_office_itself(tab: Tab, looks_right: LooksRight) -> None:
    tab.keep_cookie("sessionid", entered(Client(), clerk_with_app()).cookies["sessionid"].value)
    pages = ("", "partners/partner/", "partners/partner/add/", "partners/application/add/", "accounts/user/")
    for path in (f"/admin/{page}" for page in pages):
        assert tab.open(path) == 200
        looks_right(tab, "office" + path.rstrip("/").replace("/", "-"), reopened=True)
