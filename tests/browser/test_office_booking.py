"""The page of a booking, what may be done on it, and the search that leads there: as a clerk sees them."""

import re

import pytest
from django.test import Client
from playwright.sync_api import Page, expect

from bookings.booking.models import Booking
from bookings.booking.schemas import BookingView
from bookings.booking.states import State
from tests import factories
from tests.browser.conftest import LooksRight
from tests.browser.marks import LOOKED_AT_ONCE
from tests.browser.tab import PATIENCE, Tab
from tests.contract.world import World, view_of
from tests.office import clerk_with_app, entered

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True), LOOKED_AT_ONCE]
WHY = "The traveler asked on the telephone"


@pytest.fixture
def booking(world: World) -> Booking:
    offer = world.offer("ADT", "CHD")
    for place, type_ in enumerate(("ADT", "CHD")):
        world.map(offer, place, world.passenger(type_, email="private@example.com", phone_number="+4915112345678"))
    booked = Booking.objects.get(pk=view_of(BookingView, world.book(offer)).booking_id)
    factories.schedule_change(booked)
    return booked


@pytest.fixture
def desk(tab: Tab, booking: Booking) -> Tab:
    tab.keep_cookie("sessionid", entered(Client(), clerk_with_app()).cookies["sessionid"].value)
    return tab


def page_of(booking: Booking) -> str:
    return f"/admin/bookings/booking/{booking.pk}/change/"


def only(tab: Tab, chip: str) -> list[str]:
    """What is shown after the chip was pressed: as many as stand on it."""

    def press(page: Page) -> list[str]:
        button = page.get_by_role("button", name=re.compile(f"^{chip} "))
        button.click()
        count = int(button.inner_text().split()[-1])
        expect(page.locator(".story-moment:visible")).to_have_count(count, timeout=PATIENCE)
        return page.locator(".story-moment:visible .story-title").all_inner_texts()

    return tab.do(press)


def test_the_story_and_a_part_of_it(desk: Tab, booking: Booking, looks_right: LooksRight) -> None:
    assert desk.open(page_of(booking)) == 200
    looks_right(desk, "office-booking", reopened=True)
    everything = only(desk, "All")
    assert only(desk, "Provider") == ["Book: answered"]
    desk.do(lambda page: page.click(".story-moment:visible summary"))
    assert str(booking.pk) in desk.do(lambda page: page.inner_text(".story-moment:visible pre >> nth=0"))
    looks_right(desk, "office-booking-provider-calls")
    assert only(desk, "All") == everything
    assert len(everything) > 1


def test_a_cancellation_page_by_page(desk: Tab, booking: Booking, looks_right: LooksRight) -> None:
    desk.open(page_of(booking))
    desk.follow("a.story-action >> text=Cancel")
    looks_right(desk, "office-booking-cancel", reopened=True)
    desk.do(lambda page: page.fill("#reason", WHY))
    desk.follow("text=Ask the airline for its terms")
    desk.sees("#terms")
    looks_right(desk, "office-booking-cancel-terms")
    desk.follow("text=Cancel the booking on these terms")
    desk.sees(".story")
    assert Booking.objects.get(pk=booking.pk).state == State.CANCELLED
    looks_right(desk, "office-booking-cancelled", reopened=True)


def test_what_cannot_be_done_now_says_why(desk: Tab, booking: Booking, looks_right: LooksRight) -> None:
    desk.open(f"/admin/bookings/booking/{booking.pk}/do/review/")
    desk.do(lambda page: page.fill("#reason", WHY))
    desk.follow("button >> text=Send to manual review")
    desk.sees("#problem")
    looks_right(desk, "office-booking-refused")


def test_the_search_from_anywhere(desk: Tab, booking: Booking, looks_right: LooksRight) -> None:
    desk.open("/admin/partners/partner/")
    desk.do(lambda page: page.keyboard.press("Control+k"))
    desk.do(lambda page: page.fill("#search-input-command", booking.locator))
    desk.do(lambda page: page.press("#search-input-command", "End"))
    desk.do(lambda page: page.wait_for_selector("#command-results-list a"))
    desk.do(lambda page: page.press("#search-input-command", "ArrowDown"))
    desk.send("Enter")
    assert desk.path == page_of(booking)


def test_the_list(desk: Tab, booking: Booking, looks_right: LooksRight) -> None:
    desk.open("/admin/bookings/booking/")
    looks_right(desk, "office-bookings", reopened=True)
