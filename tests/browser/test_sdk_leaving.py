"""A wait that became long can be left with a thumb: there is no Escape on a telephone, and the cross is hidden."""

from functools import partial

import pytest
from playwright.sync_api import Page, Route

from bookings.booking.models import Booking
from tests.browser.conftest import NewBuyer
from tests.browser.marks import LOOKED_AT_ONCE
from tests.browser.tab import Look

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True), LOOKED_AT_ONCE]
PHONE = Look("phone", 390, 844, "light")
LEAVE = "button[data-leave]"


def nothing_new(page: Page, mark: str) -> None:
    """The airline has not answered yet, whenever the frame asks."""

    def told(route: Route) -> None:
        route.fulfill(json={"status": "confirming", "mark": mark})

    page.route("**/status", told)


def test_a_long_wait_is_left_and_the_booking_goes_on(buyer: NewBuyer) -> None:
    ana = buyer()
    ana.tab.looked_at(PHONE)
    ana.tab.do(lambda page: page.clock.install())
    ana.tab.do(lambda page: page.reload())
    ana.is_about_to_pay("TIMEOUTBOOKED")
    ana.pays()
    ana.waits_for_the_airline()
    assert ana.inside(lambda frame: frame.locator(LEAVE).is_hidden())
    mark = ana.inside(lambda frame: str(frame.locator("section.step").get_attribute("data-mark")))
    ana.tab.do(partial(nothing_new, mark=mark))
    ana.tab.do(lambda page: page.clock.fast_forward(15_000))
    ana.leaves("Close")
    ana.hears("close")
    dialogs = "() => document.querySelector('movmo-express-checkout').shadowRoot.querySelectorAll('dialog').length"
    assert ana.tab.evaluate(dialogs) == 0
    assert Booking.objects.get().state not in ("failed", "canceled")
