"""Ordering an export in the office, watching its bar, and fetching the file."""

import pytest
from django.test import Client

from bookings.export import making
from bookings.export.models import Export
from movmo.kit import clock
from partners.partner.models import Partner
from tests import factories
from tests.bookings.export.conftest import folder  # noqa: F401  (a fixture)
from tests.bookings.export.scene import usage
from tests.browser.conftest import LooksRight, NewTab
from tests.browser.marks import LOOKED_AT_ONCE
from tests.browser.tab import Tab
from tests.office import clerk_with_app, entered

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True), LOOKED_AT_ONCE]

LIST = "/admin/bookings/export/"


@pytest.fixture
def office_tab(new_tab: NewTab) -> Tab:
    tab = new_tab()
    tab.keep_cookie("sessionid", entered(Client(), clerk_with_app()).cookies["sessionid"].value)
    return tab


def test_the_page_to_order_one_shows_the_filters_of_what_is_chosen(office_tab: Tab, looks_right: LooksRight) -> None:
    office_tab.open(f"{LIST}add/?dataset=bookings&state__exact=ticketed")
    office_tab.do(lambda page: page.wait_for_selector("[name=status]"))
    assert office_tab.do(lambda page: page.input_value("[name=status]")) == "ticketed"
    office_tab.do(lambda page: page.wait_for_selector("[name=phase]", state="hidden"))
    looks_right(office_tab, "export-add", reopened=True)
    office_tab.do(lambda page: page.select_option("[name=rows_of]", "audit"))
    office_tab.do(lambda page: page.wait_for_selector("[name=phase]"))
    office_tab.do(lambda page: page.wait_for_selector("[name=status]", state="hidden"))
    office_tab.do(lambda page: page.select_option("[name=format]", "parquet"))
    office_tab.do(lambda page: page.wait_for_selector("[name=has_bom]", state="hidden"))


def test_a_bar_moves_until_the_file_is_there(office_tab: Tab, aviare: Partner, looks_right: LooksRight) -> None:
    usage(aviare, "search_flights", calls=12)
    for is_ready in (True, False):
        factories.export(aviare.pk, is_ready=is_ready)
    office_tab.open(f"{LIST}add/")
    office_tab.do(lambda page: page.select_option("[name=rows_of]", "usage"))
    office_tab.follow("[name=_save]")
    assert office_tab.path == LIST
    export = Export.objects.latest("id")
    cell = f"[data-export='{export.pk}']"
    Export.objects.filter(pk=export.pk).update(rows_expected=10, rows_written=4)
    office_tab.do(lambda page: page.wait_for_selector(f"{cell} progress[value='4']"))
    looks_right(office_tab, "exports")
    making.make_due(clock=clock.now)
    office_tab.do(lambda page: page.wait_for_selector(f"{cell} a"))
    assert office_tab.do(lambda page: page.locator(f"{cell} progress").count()) == 0

    office_tab.open(f"{LIST}{export.pk}/change/")
    looks_right(office_tab, "export", reopened=True)


def test_a_file_is_fetched_by_its_button(office_tab: Tab, aviare: Partner) -> None:
    usage(aviare, "search_flights", calls=12)
    office_tab.open(f"{LIST}add/?dataset=usage")
    office_tab.follow("[name=_save]")
    making.make_due(clock=clock.now)
    office_tab.open(LIST)
    address = office_tab.do(lambda page: page.get_attribute("[data-export] a", "href"))
    told = office_tab.do(lambda page: page.evaluate("async (address) => (await fetch(address)).text()", address))
    assert "2027-02-28,aviare,search_flights,12,0" in told
