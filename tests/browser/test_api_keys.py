"""API keys in the back office, as staff see them: made, listed, and shown once."""

import re
from datetime import timedelta

import pytest
from django.test import Client

from movmo.kit import clock
from partners.api_key import services
from partners.api_key.models import ApiKey
from partners.partner.models import Partner
from tests import factories
from tests.browser.conftest import LooksRight
from tests.browser.marks import LOOKED_AT_ONCE
from tests.browser.tab import Tab
from tests.office import clerk_with_app, entered

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True), LOOKED_AT_ONCE]
KEYS = "/admin/partners/apikey/"
KEY = re.compile(r"mvm_test_[0-9A-Za-z]{36}")


@pytest.fixture
def office(tab: Tab, transactional_db: None) -> Tab:
    tab.keep_cookie("sessionid", entered(Client(), clerk_with_app()).cookies["sessionid"].value)
    return tab


@pytest.fixture
def aviare(transactional_db: None) -> Partner:
    return factories.partner("aviare")


def shown(tab: Tab) -> str:
    raw: str = tab.do(lambda page: page.input_value("#secret"))
    return raw


def test_a_key_is_made_and_shown_once(office: Tab, aviare: Partner, looks_right: LooksRight) -> None:
    office.open(KEYS + "add/")
    looks_right(office, "key-new", reopened=True)
    office.do(lambda page: page.select_option("[name=partner]", str(aviare.pk), force=True))
    office.do(lambda page: page.fill("[name=name]", "back end"))
    office.follow("[name=_save]")
    assert KEY.fullmatch(shown(office))
    looks_right(office, "key-shown-once")
    office.click("link", "I have copied it")
    assert office.path == KEYS


def test_the_list_and_a_key(office: Tab, aviare: Partner, looks_right: LooksRight) -> None:
    now = clock.now()
    services.issue(partner=aviare, name="ends soon", now=now, expires_at=now + timedelta(days=3))
    live, _ = services.issue(partner=aviare, name="production", now=now, live=True)
    services.rotate(live, now=now)
    services.revoke(ApiKey.objects.get(replaces=live), now=now)
    assert office.open(KEYS) == 200
    looks_right(office, "keys", reopened=True)
    assert office.open(f"{KEYS}{live.pk}/change/") == 200
    looks_right(office, "key", reopened=True)
