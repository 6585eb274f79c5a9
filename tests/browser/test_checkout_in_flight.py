"""While a yes is on its way, and after its answer was lost: nothing is closed or exchanged, and nobody presses anew."""

import pytest
from playwright.sync_api import Page, Route

from bookings.booking.models import Booking
from partners.partner.models import Partner
from tests.browser.buyer import Buyer
from tests.browser.conftest import NewBuyer
from tests.browser.test_checkout_trouble import another_session, booked_once

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

SENT = """([address, headers, body]) =>
  fetch(address, { method: 'POST', headers, body }).then(answer => answer.text())"""
EXCHANGE = "told => document.getElementById('checkout').setOffer(told)"
BUSY = "Checking with the airline"


def pays_slowly(ana: Buyer) -> list[Route]:
    """The yes has left the frame and is not at Movmo yet."""
    held: list[Route] = []
    ana.tab.do(lambda page: page.route("**/confirm", lambda route: held.append(route), times=1))
    ana.pays()
    ana.inside(lambda frame: frame.locator("[data-confirm]", has_text=BUSY).wait_for())
    return held


def comes_to_nothing(ana: Buyer, held: list[Route]) -> None:
    """No answer ever comes, which the browser's console tells, too."""
    ana.tab.do(lambda _: held[0].abort("aborted"))
    ana.inside(lambda frame: frame.locator("[data-confirm]", has_text="Confirm and pay").wait_for())
    ana.tab.faults.clear()


def test_what_is_being_bought_is_neither_closed_nor_exchanged(buyer: NewBuyer, aviare: Partner) -> None:
    ana = buyer()
    ana.is_about_to_pay()
    address = ana.inside(lambda frame: frame.url)
    held = pays_slowly(ana)
    assert ana.inside(lambda frame: frame.locator("#said").inner_text()) == BUSY
    assert ana.inside(lambda frame: frame.locator("header .close").is_hidden())
    ana.tab.press("Escape")
    ana.tab.evaluate(EXCHANGE, another_session(aviare))
    ana.tab.do(lambda page: page.wait_for_timeout(1_500))
    assert "close" not in ana.events
    assert ana.inside(lambda frame: frame.url) == address
    ana.tab.do(lambda _: held[0].continue_())
    assert ana.pnr
    assert booked_once()


def test_an_answer_that_was_lost_is_asked_for(buyer: NewBuyer) -> None:
    ana = buyer()
    ana.is_about_to_pay()
    held = pays_slowly(ana)
    kept = ("authorization", "content-type", "hx-request")
    sent = held[0].request
    headers = {name: value for name, value in sent.headers.items() if name in kept}
    ana.inside(lambda frame: frame.evaluate(SENT, [sent.url, headers, sent.post_data]))
    comes_to_nothing(ana, held)
    assert ana.pnr
    assert booked_once()


def test_a_yes_that_never_came_can_be_said_again(buyer: NewBuyer) -> None:
    ana = buyer()
    ana.is_about_to_pay()
    comes_to_nothing(ana, pays_slowly(ana))
    assert not Booking.objects.exists()
    ana.pays()
    assert ana.pnr
    assert booked_once()


def test_a_wait_goes_on_after_a_server_that_was_away(buyer: NewBuyer) -> None:
    ana = buyer()
    ana.is_about_to_pay("TIMEOUTBOOKED")
    ana.pays()
    ana.waits_for_the_airline()

    def away(page: Page) -> None:
        page.route("**/step", lambda route: route.fulfill(status=502, body="away"), times=1)

    ana.tab.do(away)
    Booking.objects.update(lease_until=None)
    assert ana.pnr
    ana.forgives("step", 502)
