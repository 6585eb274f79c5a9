"""Letters in HTML as a mail program shows them, and the demo's mailbox, which holds what others have written."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.mail import EmailMultiAlternatives

from bookings.booking.states import State
from bookings.providers.sandbox.airline import Airline
from tests.bookings.notification.journey import Journey, Severity, page_of
from tests.browser.conftest import LooksRight
from tests.browser.marks import LOOKED_AT_ONCE
from tests.browser.tab import Tab
from tests.conftest import StoppedClock
from tests.contract.world import World
from tests.letters import post
from tests.saga.airline import ScriptedAirline
from tests.saga.trip import Trip

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True), LOOKED_AT_ONCE]

FRAME = "article iframe"
HOSTILE = """<!doctype html><html lang="en"><head><title>x</title><style>body { color: #1b2430 }</style></head><body>
<script>top.document.title = 'taken'</script><img src="https://evil.example/pixel" alt="" onerror="alert(1)">
<p onclick="alert(2)">Hello</p><form action="https://evil.example/"><input name="code"></form>
<iframe src="/accounts/login/" title="x"></iframe></body></html>"""


@pytest.fixture
def journey(install_airline: Callable[[Airline], None], tab: Tab, clock: StoppedClock, world: World) -> Journey:
    airline = ScriptedAirline()
    install_airline(airline)
    trip = Trip(world, airline, clock)
    trip.book_and_lose_power_before_the_claim()
    return Journey(trip)


def is_booked(journey: Journey) -> None:
    journey.is_confirmed(State.TICKETED, documents=journey.documents(), record_locators=["BCDFGH", "JKLMNP"])


def is_changed(journey: Journey) -> None:
    is_booked(journey)
    journey.letters()
    journey.change(Severity.MAJOR)


def is_cancelled(journey: Journey) -> None:
    is_booked(journey)
    journey.letters()
    journey.is_cancelled(by="airline", refund=1000, penalty=500)


def is_held(journey: Journey) -> None:
    journey.is_held(journey.clock.now + timedelta(hours=24))


@pytest.mark.parametrize("happens", [is_booked, is_changed, is_cancelled, is_held])
def test_a_letter_is_read_on_every_screen(
    tab: Tab, journey: Journey, happens: Callable[[Journey], None], looks_right: LooksRight
) -> None:
    happens(journey)
    page = page_of(journey.letters()[-1])
    tab.do(lambda opened: opened.route("**/letter", lambda route: route.fulfill(body=page, content_type="text/html")))
    tab.open("/letter")
    looks_right(tab, f"letter-{happens.__name__}")


@pytest.fixture
def mailbox(settings: Any, tmp_path: Path) -> Path:
    settings.EMAIL_BACKEND = "movmo.accounts.letter.mailbox.MailboxBackend"
    settings.MOVMO_MAILBOX = tmp_path
    return tmp_path


def test_the_mailbox_shows_it_with_its_calendar(
    tab: Tab, journey: Journey, mailbox: Path, looks_right: LooksRight
) -> None:
    is_booked(journey)
    post()
    tab.open("/mailbox")
    frame = tab.do(lambda page: page.frame_locator(FRAME).locator("h1").inner_text())
    assert frame == "You are booked"
    looks_right(tab, "mailbox-with-a-booking")

    def saved(page: Any) -> tuple[str, str]:
        with page.expect_download() as download:
            page.get_by_role("link", name="trip.ics").click()
        return download.value.suggested_filename, download.value.path().read_text()

    name, text = tab.do(saved)
    assert name == "trip.ics"
    assert text.startswith("BEGIN:VCALENDAR")


def test_a_link_of_a_letter_opens_a_tab_of_its_own(tab: Tab, journey: Journey, mailbox: Path) -> None:
    is_booked(journey)
    post()
    tab.open("/mailbox")

    def opened(page: Any) -> str:
        with page.expect_popup() as popup:
            page.frame_locator(FRAME).get_by_role("link", name="Open your trip").click()
        popup.value.wait_for_load_state()
        address: str = popup.value.url
        return address

    assert "/accounts/login/" in tab.do(opened), "nobody is signed in, and the page itself is asked for"
    assert tab.path == "/mailbox"


def test_nothing_in_a_letter_runs_or_is_fetched(tab: Tab, mailbox: Path) -> None:
    letter = EmailMultiAlternatives("Hello", "Hello", to=["ana@example.com"])
    letter.attach_alternative(HOSTILE, "text/html")
    letter.attach("page.html", "<script>alert(3)</script>", "text/html")
    letter.send()
    tab.open("/mailbox")
    assert tab.do(lambda page: page.frame_locator(FRAME).locator("p").inner_text()) == "Hello"
    assert tab.do(lambda page: page.title()) == "Mailbox · Movmo"
    alone = tab.do(lambda page: page.locator(FRAME).get_attribute("src"))
    tab.open(str(alone))
    for fault in ("https://evil.example/pixel: csp", "Blocked script execution", "Framing"):
        assert tab.has_fault(fault)
    tab.faults.clear()
