"""The page of one trip: every way in which it may stand, in words, and the new times that wait to be accepted."""

import re
from collections.abc import Callable
from datetime import timedelta
from html import unescape
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from bookings.booking import watching
from bookings.booking.models import Booking
from bookings.booking.schedule_change.models import ScheduleChange
from bookings.booking.schemas import BookingView
from bookings.booking.states import State
from bookings.providers.sandbox.airline import Airline
from movmo.kit import clock as real_clock
from movmo.traveler import standing
from tests.bookings.booking.changing_airline import ChangingAirline
from tests.conftest import StoppedClock
from tests.contract.world import World, view_of

pytestmark = pytest.mark.django_db


def said(response: Any) -> str:
    """The page's text."""
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", response.content.decode())).split())


@pytest.fixture
def airline(install_airline: Callable[[Airline], None]) -> ChangingAirline:
    airline = ChangingAirline()
    install_airline(airline)
    return airline


@pytest.fixture
def trip(world: World, airline: ChangingAirline, clock: StoppedClock) -> BookingView:
    return view_of(BookingView, world.book(world.mapped_offer()))


@pytest.fixture
def page(trip: BookingView) -> str:
    return reverse("traveler:trip", args=[trip.booking_id])


def look(clock: StoppedClock) -> None:
    clock.forward(hours=1)
    for booking_id in watching.due(now=real_clock.now(), limit=10):
        watching.look(booking_id, clock=real_clock.now)


class TestStanding:
    @pytest.mark.parametrize(
        ("columns", "words"),
        [
            ({"state": "ticketed"}, "The airline has issued the tickets."),
            ({"state": "confirmed"}, "yet to issue the tickets"),
            ({"state": "reserved"}, "Do not book it again"),
            ({"state": "submitting"}, "being sent to the airline"),
            ({"state": "pending"}, "The airline has not decided yet."),
            ({"state": "unknown"}, "answer was lost"),
            ({"state": "manual_review"}, "Our staff asks"),
            ({"state": "confirming"}, "Do not pay again"),
            ({"state": "cancelling"}, "Nothing is cancelled until"),
            ({"state": "requires_action"}, "Nothing is paid until you have answered."),
            ({"state": "requires_action", "record_locators": []}, "Nothing is booked until you have answered."),
            ({"state": "failed", "failure_code": "sold_out"}, "have been sold. Nothing was booked."),
            ({"state": "lapsed"}, "has let the seats go. You were not charged."),
            ({"state": "cancelled", "cancelled_by": "traveler"}, "This trip is cancelled. What it gives back"),
            (
                {"state": "cancelled", "cancelled_by": "airline", "refund_minor": 12_300},
                "The airline has cancelled this trip. 123.00 EUR is given back.",
            ),
            ({"state": "cancelled", "cancelled_by": "traveler", "refund_minor": 0}, "Nothing is given back."),
            ({"state": "held"}, "not paid for yet. Pay for them where you booked them."),
        ],
        ids=lambda value: "-".join(map(str, value.values())) if isinstance(value, dict) else None,
    )
    def test_of_each_state(
        self, browser: Client, trip: BookingView, clock: StoppedClock, page: str, columns: dict[str, Any], words: str
    ) -> None:
        Booking.objects.update(currency="EUR", lease_until=clock.now + timedelta(minutes=1), **columns)
        response = browser.get(page)
        assert response.status_code == 200
        assert words in said(response)

    def test_every_state_has_words_on_both_pages(self) -> None:
        spoken = {*standing.LONG, "held", "lapsed", "failed", "cancelled", "requires_action"}
        assert spoken == set(State)
        assert set(standing.SHORT) <= set(State)

    def test_a_hold_names_its_deadline_and_does_not_claim_to_be_over(
        self, browser: Client, trip: BookingView, clock: StoppedClock, page: str
    ) -> None:
        Booking.objects.update(state="held", payment_required_by=clock.now + timedelta(hours=1))
        assert "Pay by 1 Mar 2027, 13:00 UTC" in said(browser.get(page))
        clock.forward(hours=2)
        assert "it has not said" in said(browser.get(page))

    def test_the_list_says_it_in_short(self, browser: Client, trip: BookingView) -> None:
        for state, words in (("ticketed", "with tickets"), ("cancelled", "Cancelled"), ("unknown", "Being decided")):
            Booking.objects.update(state=state)
            assert words in said(browser.get(reverse("traveler:trips")))


class TestNewTimes:
    @pytest.fixture
    def announced(self, trip: BookingView, airline: ChangingAirline, clock: StoppedClock) -> ScheduleChange:
        airline.announces("1", hours=3)
        look(clock)
        return ScheduleChange.objects.get()

    def test_both_itineraries_are_shown(self, browser: Client, announced: ScheduleChange, page: str) -> None:
        text = said(browser.get(page))
        assert text.index("New times") < text.index("As booked until now")
        assert text.count("Leaves AMS") == 2
        assert "Accept them, or cancel the trip" in text

    def test_they_are_accepted_once_by_a_button_pressed_twice(
        self, browser: Client, announced: ScheduleChange, page: str
    ) -> None:
        sent = {"key": browser.get(page).context["key"], "change_id": str(announced.pk)}
        for _ in range(2):
            assert browser.post(page, sent)["Location"] == page
        text = said(browser.get(page))
        assert "New times" not in text
        assert "Accepted." in text
        announced.refresh_from_db()
        assert (announced.state, announced.decided_by) == ("accepted", "traveler")

    def test_those_that_are_gone_meanwhile_are_not_accepted(
        self, browser: Client, announced: ScheduleChange, airline: ChangingAirline, page: str, clock: StoppedClock
    ) -> None:
        key = browser.get(page).context["key"]
        airline.says(schedule_change=None)
        look(clock)
        response = browser.post(page, {"key": key, "change_id": str(announced.pk)})
        assert response.status_code == 409
        text = said(response)
        assert "withdrawn" in text
        assert "The airline has taken it back." in text

    def test_a_change_of_another_trip_is_not_found(self, browser: Client, trip: BookingView, page: str) -> None:
        sent = {"key": "a-key-of-its-own", "change_id": "01900000-0000-7000-8000-000000000001"}
        assert browser.post(page, sent).status_code == 404

    def test_what_is_no_id_is_said_to_be_none(self, browser: Client, trip: BookingView, page: str) -> None:
        assert browser.post(page, {"key": "a-key-of-its-own", "change_id": "none"}).status_code == 422

    def test_a_minor_one_needs_nobody(
        self, browser: Client, trip: BookingView, airline: ChangingAirline, clock: StoppedClock, page: str
    ) -> None:
        airline.announces("1", minutes=10)
        look(clock)
        response = browser.get(page)
        assert "The airline is being told that the new times suit you." in said(response)
        assert "change_id" not in response.content.decode()
