"""The first page of the office and the history of a record, as staff see them."""

from datetime import timedelta

import pytest
from django.contrib.auth.models import Group
from django.core.cache import cache
from django.test import Client

from bookings.booking.models import Booking
from bookings.booking.states import State
from movmo.kit import clock
from movmo.operations import usage
from movmo.operations.models import AuditEvent, Outbox
from movmo.operations.usage import Count
from partners.partner.models import Partner
from tests import factories
from tests.admin.test_dashboard import another
from tests.browser.conftest import LooksRight, NewTab
from tests.browser.marks import LOOKED_AT_ONCE
from tests.browser.tab import Tab
from tests.contract.world import World
from tests.office import clerk_with_app, entered

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True), LOOKED_AT_ONCE]


@pytest.fixture
def office(new_tab: NewTab) -> Tab:
    tab = new_tab()
    tab.keep_cookie("sessionid", entered(Client(), clerk_with_app()).cookies["sessionid"].value)
    return tab


def words_of(tab: Tab) -> str:
    """The theme's pages have no main part."""
    return tab.do(lambda page: page.inner_text("body"))


@pytest.fixture
def a_busy_fortnight(world: World, aviare: Partner) -> None:
    cache.clear()
    now = clock.now()
    booking = Booking.objects.get(pk=world.booking().booking_id)
    states = [State.TICKETED, State.CONFIRMED, State.FAILED, State.CANCELLED, State.HELD, State.UNKNOWN]
    for number in range(60):
        state = states[number * number % len(states)]
        provider = "sandbox" if number % 3 else "duffel"
        another(booking, at=now - timedelta(hours=5 * number), state=state.value, provider=provider)
    for minutes in (3, 20, 90, 500, 5_000):
        another(booking, at=now - timedelta(minutes=minutes), state=State.UNKNOWN.value, currency="JPY")
    for number in range(3):
        late = {"due_at": now - timedelta(hours=2), "created_at": now - timedelta(hours=2)}
        Outbox(topic="test", dedup=f"late-{number}", **late).save(force_insert=True)
    for number, code in enumerate(["done", "done", "offer_stale", "price_changed", "offer_stale"]):
        AuditEvent(
            call_id=booking.pk,
            shard=number,
            phase="outcome",
            at=now,
            door="rest",
            operation="create_booking",
            code=code,
        ).save(force_insert=True)
    usage.BOOK.note(aviare.pk, "search_flights", Count(1_234))
    usage.BOOK.flush()


def test_the_first_page(office: Tab, a_busy_fortnight: None, looks_right: LooksRight) -> None:
    assert office.open("/admin/") == 200
    assert "66 in the last 14 days" in words_of(office)
    looks_right(office, "office-dashboard", reopened=True)
    office.do(lambda page: page.locator("summary").first.click())
    looks_right(office, "office-dashboard-numbers")


def test_the_first_page_on_a_quiet_day(office: Tab, looks_right: LooksRight) -> None:
    cache.clear()
    office.open("/admin/")
    assert "Nothing is held or unknown." in words_of(office)
    looks_right(office, "office-dashboard-quiet", reopened=True)


def test_the_first_page_of_a_clerk(new_tab: NewTab, a_busy_fortnight: None, looks_right: LooksRight) -> None:
    clerk = clerk_with_app("finance@movmo.example", is_superuser=False)
    clerk.groups.add(Group.objects.get(name="finance"))
    tab = new_tab()
    tab.keep_cookie("sessionid", entered(Client(), clerk).cookies["sessionid"].value)
    tab.open("/admin/")
    assert "Money at risk" in words_of(tab)
    assert "Outbox" not in words_of(tab)
    looks_right(tab, "office-dashboard-finance", reopened=True)


def test_the_history_of_a_record(office: Tab, aviare: Partner, looks_right: LooksRight) -> None:
    aviare.name = "Aviare Travel"
    aviare.save()
    factories.checkout_origin(aviare, "https://shop.example")
    office.open(f"/admin/partners/partner/{aviare.pk}/history/")
    assert "Aviare Travel" in words_of(office)
    looks_right(office, "office-history", reopened=True)


def test_the_roles(office: Tab, looks_right: LooksRight) -> None:
    for path in ("/admin/auth/group/", f"/admin/auth/group/{Group.objects.get(name='support').pk}/change/"):
        assert office.open(path) == 200
        looks_right(office, "office" + path.rstrip("/").replace("/", "-"), reopened=True)
