"""A partner's usage and a plan's operations, as staff see them."""

from datetime import timedelta

import pytest
from django.test import Client

from movmo.kit import clock
from movmo.kit.clock import stopped_at
from movmo.operations import usage
from movmo.operations.usage import Count
from partners.partner.models import Partner
from tests.browser.conftest import LooksRight, NewTab
from tests.browser.marks import LOOKED_AT_ONCE
from tests.browser.tab import Tab
from tests.office import clerk_with_app, entered

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True), LOOKED_AT_ONCE]


@pytest.fixture
def office_tab(new_tab: NewTab) -> Tab:
    tab = new_tab()
    tab.keep_cookie("sessionid", entered(Client(), clerk_with_app()).cookies["sessionid"].value)
    return tab


def test_a_partner_s_usage_is_a_picture_with_its_numbers(
    office_tab: Tab, aviare: Partner, looks_right: LooksRight
) -> None:
    now = clock.now()
    for days in range(30):
        with stopped_at(now - timedelta(days=days)):
            usage.BOOK.note(aviare.pk, "search_flights", Count(1_000 + 37 * (days % 7) ** 3, 40 * (days % 5)))
    office_tab.open(f"/admin/partners/partner/{aviare.pk}/change/")
    assert "in the last 30 days" in office_tab.do(lambda page: page.inner_text("figcaption"))
    assert office_tab.do(lambda page: page.locator("svg[role=img] rect[fill]").count()) == 30 + 24
    looks_right(office_tab, "partner-usage")
    office_tab.do(lambda page: page.evaluate("document.documentElement.classList.add('dark')"))
    office_tab.do(lambda page: page.click("summary"))
    looks_right(office_tab, "partner-usage-by-night")


def test_the_operations_of_a_plan_can_be_ticked(office_tab: Tab, aviare: Partner, looks_right: LooksRight) -> None:
    office_tab.open(f"/admin/partners/usageplan/{aviare.plan.pk}/change/")
    office_tab.do(lambda page: page.check("input[value=search_flights]"))
    looks_right(office_tab, "usage-plan")
    office_tab.follow("[name=_save]")
    aviare.plan.refresh_from_db()
    assert aviare.plan.allowed_operations == "search_flights"
