"""How it looks to read a masked field, to read the audit trail, and to see a traveler's pages."""

import pytest
from django.test import Client

from bookings.booking.models import Booking
from movmo.accounts.models import User
from movmo.kit import clock
from movmo.operations import seals
from movmo.operations.models import AuditEvent
from movmo.operations.tasks import verify_audit
from tests.browser.conftest import LooksRight, NewTab
from tests.browser.marks import LOOKED_AT_ONCE
from tests.browser.tab import Tab
from tests.contract.world import World
from tests.office import clerk_with_app, entered

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True), LOOKED_AT_ONCE]
WHY = "She calls and reads her ticket to us."
ENDED = "body:not(:has([data-under-way]))"


@pytest.fixture
def office_tab(new_tab: NewTab) -> Tab:
    tab = new_tab()
    tab.keep_cookie("sessionid", entered(Client(), clerk_with_app()).cookies["sessionid"].value)
    return tab


def by_night(tab: Tab) -> None:
    tab.do(lambda page: page.evaluate("document.documentElement.classList.add('dark')"))


def test_a_masked_field_is_revealed(office_tab: Tab, ana: User, looks_right: LooksRight) -> None:
    office_tab.open(f"/admin/accounts/user/{ana.pk}/change/")
    looks_right(office_tab, "office-person-masked")
    office_tab.click("link", "Reveal e-mail address")
    looks_right(office_tab, "office-reveal")
    office_tab.fill("Why do you need it?", WHY)
    office_tab.click("button", "Write it down and show it")
    assert office_tab.do(lambda page: page.inner_text("#value")) == ana.email
    assert ana.email not in office_tab.path
    looks_right(office_tab, "office-revealed")


def test_the_trail_is_read_and_verified(office_tab: Tab, world: World, looks_right: LooksRight) -> None:
    world.booking()
    seals.seal(now=clock.now())
    seals.sign(now=clock.now())
    office_tab.open("/admin/operations/auditevent/")
    looks_right(office_tab, "office-audit")
    line = AuditEvent.objects.filter(operation="create_booking").latest("id")
    office_tab.open(f"/admin/operations/auditevent/{line.pk}/change/")
    looks_right(office_tab, "office-audit-call")
    by_night(office_tab)
    looks_right(office_tab, "office-audit-call-by-night")
    office_tab.open("/admin/operations/auditverification/")
    office_tab.click("button", "Verify")
    office_tab.sees("[data-under-way] progress")
    verify_audit()
    office_tab.sees("text=whole")
    looks_right(office_tab, "office-verified")
    AuditEvent.objects.filter(pk=line.pk).update(code="offer_stale")
    office_tab.click("button", "Verify")
    verify_audit()
    office_tab.sees(ENDED)  # before the page is left, which would be read anew meanwhile
    office_tab.follow("th a")
    assert "changed in chain" in office_tab.do(lambda page: page.inner_text("body"))
    by_night(office_tab)
    looks_right(office_tab, "office-broken-by-night")


def test_a_traveler_s_pages_are_looked_at(office_tab: Tab, ana: User, world: World, looks_right: LooksRight) -> None:
    booking = Booking.objects.get(pk=world.booking().booking_id)
    office_tab.open(f"/admin/accounts/user/{ana.pk}/change/")
    office_tab.click("link", "Look at it as they see it")
    looks_right(office_tab, "office-impersonate")
    office_tab.fill("Why do you need to?", WHY)
    office_tab.click("button", "Write it down and look")
    assert office_tab.path == "/accounts/"
    looks_right(office_tab, "looking-home", reopened=True)
    office_tab.open(f"/accounts/trips/{booking.pk}/")
    looks_right(office_tab, "looking-trip", reopened=True)
    assert office_tab.open("/accounts/profile/") == 403
    looks_right(office_tab, "looking-closed")
    office_tab.click("button", "End")
    assert office_tab.path == f"/admin/accounts/user/{ana.pk}/change/"
