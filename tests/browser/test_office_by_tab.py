"""The main pages of the back office by Tab alone: everything is reached, is seen to be, and does what it says."""

import pytest
from django.test import Client
from django.urls import reverse

from bookings.booking.models import Booking
from bookings.reconciliation.models import Discrepancy
from bookings.reconciliation.resolution.schemas import Action
from partners.partner.models import Partner
from tests import factories
from tests.bookings.reconciliation import books
from tests.browser.conftest import NewTab
from tests.browser.marks import LOOKED_AT_ONCE
from tests.browser.reading import unreachable, violations
from tests.browser.tab import Tab
from tests.contract.world import World
from tests.office import clerk_with_app, entered

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True), LOOKED_AT_ONCE]
SKIP = "Skip to the page"


@pytest.fixture
def office(new_tab: NewTab, world: World, aviare: Partner) -> Tab:
    world.booking()
    books.one_of_each(aviare)
    factories.export(aviare.pk, is_ready=True)
    tab = new_tab()
    tab.keep_cookie("sessionid", entered(Client(), clerk_with_app()).cookies["sessionid"].value)
    return tab


def _pages() -> dict[str, str]:
    discrepancy = Discrepancy.objects.all()[0]
    return {
        "the dashboard": "/admin/",
        "a list": reverse("admin:bookings_booking_changelist"),
        "a booking's story": reverse("admin:bookings_booking_change", args=[Booking.objects.all()[0].pk]),
        "a discrepancy": reverse("admin:bookings_discrepancy_change", args=[discrepancy.pk]),
        "what is asked before it is written off": reverse(
            "admin:bookings_discrepancy_act", args=[discrepancy.pk, Action.WRITE_OFF]
        ),
        "an export": reverse("admin:bookings_export_add"),
    }


def test_every_control_of_the_main_pages_is_reached_and_is_seen_to_be(office: Tab) -> None:
    said: list[str] = []
    for name, path in _pages().items():
        assert office.open(path) == 200
        said += [f"{name}: {fault}" for fault in (*violations(office), *unreachable(office, at_most=150))]
    assert said == []


def test_the_sidebar_is_skipped(office: Tab) -> None:
    office.open("/admin/bookings/booking/")
    office.press("Tab")
    assert office.evaluate("document.activeElement.textContent") == SKIP
    office.press("Enter")
    office.press("Tab")
    assert office.evaluate("document.activeElement.closest('#content') !== null")


def test_a_note_is_left_with_the_keyboard_alone(office: Tab) -> None:
    one = Discrepancy.objects.all()[0]
    office.open(reverse("admin:bookings_discrepancy_change", args=[one.pk]))
    office.press("Tab")
    office.press("Enter")  # past the sidebar
    office.reach("link", "Add a note")
    office.send("Enter")
    assert office.path.endswith("/note/")
    office.press("Tab")
    office.press("Enter")
    office.press("Tab")
    office.write("The airline looks into it.")
    office.reach("button", "Add a note")
    office.send("Enter")
    assert "The airline looks into it." in office.do(lambda page: page.inner_text("body"))
