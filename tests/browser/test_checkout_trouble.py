"""What goes wrong between a shop and a PNR: whatever it is, a flight is bought once."""

from typing import Any

import pytest
from playwright.sync_api import Page

from bookings.booking.models import Booking
from checkout_widget.session.models import CheckoutAttempt, CheckoutSession
from movmo.demo.shop import place
from partners.partner.models import Partner
from tests.browser.buyer import CODE, EMAIL, REVIEW, WAITING, Buyer
from tests.browser.conftest import NewBuyer
from tests.browser.tab import ESCAPE
from tests.contract.world import World, by_key

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

SENT_AGAIN = """async ([address, headers, body]) => {
  const one = () => fetch(address, { method: 'POST', headers, body }).then(answer => answer.text())
  return Promise.all([one(), one(), one(), one()])
}"""
SAME_SESSION = "told => { document.getElementById('checkout').fetchSession = async () => told }"
OPEN = """() => fetch('/sessions', { method: 'POST', headers: { 'Content-Type': 'application/json' },
  body: JSON.stringify({ offer_id: document.getElementById('checkout').dataset.offer }) }).then(told => told.json())"""
OFFLINE = "There is no connection"
ANEW = "() => { window.isOld = true; setTimeout(() => location.reload()) }"


def booked_once() -> bool:
    sessions = CheckoutSession.objects.exclude(record_locator="")
    return sessions.count() == 1 and Booking.objects.filter(state="ticketed").count() == 1


class TestSentTwice:
    def test_pressed_twice(self, buyer: NewBuyer) -> None:
        ana = buyer()
        ana.is_about_to_pay()
        ana.waits_for_the_last_button()
        ana.inside(lambda frame: frame.locator("[data-confirm]").dblclick())
        assert ana.pnr
        assert booked_once()
        assert CheckoutAttempt.objects.count() == 1

    def test_the_request_itself_again_and_again(self, buyer: NewBuyer) -> None:
        ana = buyer()
        ana.is_about_to_pay()
        ana.waits_for_the_last_button()

        def press(page: Page) -> list[Any]:
            with page.expect_request("**/confirm") as sent:
                page.frames[-1].page.frame_locator("dialog iframe").locator("[data-confirm]").click()
            request = sent.value
            kept = ("authorization", "content-type", "hx-request")
            headers = {name: value for name, value in request.headers.items() if name in kept}
            return [request.url, headers, request.post_data]

        sent = ana.tab.do(press)
        assert "authorization" in sent[1]
        assert len(ana.inside(lambda frame: frame.evaluate(SENT_AGAIN, sent))) == 4
        ana.looks_again()  # which of them made the attempt is nobody's to say
        assert ana.pnr
        assert booked_once()
        assert CheckoutAttempt.objects.count() == 1
        ana.excuses("confirm", 409)  # one that met another while that made the quote anew

    def test_two_tabs_with_one_session(self, buyer: NewBuyer) -> None:
        first, second = buyer(), buyer()
        told = first.tab.evaluate(OPEN)
        for tab in (first, second):
            tab.tab.evaluate(SAME_SESSION, told)
        first.is_about_to_pay()
        first.waits_for_the_last_button()
        second.press_the_button()
        second.signs_in()  # who flies and with which card is known already
        first.inside(lambda frame: frame.locator("[data-confirm]").click())
        first.hears("error")
        second.pays()
        assert second.pnr
        assert booked_once()
        first.forgives("confirm", 401)

    def test_two_sessions_of_one_offer(self, buyer: NewBuyer, aviare: Partner) -> None:
        first, second = buyer(), buyer()
        first.is_about_to_pay()
        second.tab.evaluate(SAME_SESSION, another_session(aviare))
        second.press_the_button()
        second.signs_in()
        second.waits_for_the_last_button()
        first.pays()
        assert first.pnr
        second.pays()
        second.sees("This offer is booked already")
        assert booked_once()
        second.forgives("confirm", 409)


def another_session(partner: Partner) -> dict[str, str]:
    """For the offer that there is, opened by the partner's server."""
    named = {"provider": "sandbox", "offer_id": str(CheckoutSession.objects.get().offer_id)}
    addresses = {"origin": place.origin(), "return_url": f"{place.origin()}/thanks"}
    told = World(by_key(partner)).call("create_checkout_session", **named, **addresses).view.model_dump()
    return {name: str(told[name]) for name in ("session_id", "client_secret", "url")}


class TestInTheMiddle:
    def test_the_frame_is_loaded_anew(self, buyer: NewBuyer) -> None:
        """It asks for the secret again; nobody is signed in, and who flies is remembered."""
        ana = buyer()
        ana.is_about_to_pay()
        ana.waits_for_the_last_button()
        ana.inside(lambda frame: frame.evaluate(ANEW))
        ana.signs_in()
        assert "ANDERSSON/ANA" in ana.text
        ana.pays()
        assert ana.pnr
        assert booked_once()

    def test_the_frame_is_loaded_anew_while_the_airline_is_asked(self, buyer: NewBuyer) -> None:
        ana = buyer()
        ana.is_about_to_pay("TIMEOUTBOOKED")
        ana.pays()
        ana.waits_for_the_airline()
        ana.inside(lambda frame: frame.evaluate(ANEW))
        ana.inside(lambda frame: frame.wait_for_function("() => !window.isOld"))
        ana.sees(WAITING)
        Booking.objects.update(lease_until=None)  # a moment later
        assert ana.pnr
        assert booked_once()

    def test_a_dialog_that_is_locked_stays(self, buyer: NewBuyer) -> None:
        ana = buyer()
        ana.is_about_to_pay("TIMEOUTBOOKED")
        ana.pays()
        ana.waits_for_the_airline()
        for _ in range(3):
            ana.tab.press("Escape")
            ana.tab.do(lambda page: page.wait_for_timeout(400))
        ana.sees(WAITING)
        assert "close" not in ana.events
        Booking.objects.update(lease_until=None)  # a moment later
        assert ana.pnr

    def test_the_page_is_loaded_anew(self, buyer: NewBuyer) -> None:
        ana = buyer()
        ana.is_about_to_pay()
        ana.tab.do(lambda page: page.reload())
        ana.press_the_button()
        ana.signs_in()
        ana.inside(lambda frame: frame.locator("button.choice", has_text="Ana Andersson").click())
        ana.pays()
        assert ana.pnr
        assert booked_once()

    def test_back_leads_out_of_the_shop_and_forward_in_again(self, buyer: NewBuyer) -> None:
        """No step of the frame is a step of the browser's history."""
        ana = buyer()
        ana.tab.open("/?from=AMS")
        before = ana.tab.evaluate("() => history.length")
        ana.is_about_to_pay()
        assert ana.tab.evaluate("() => history.length") == before
        ana.tab.do(lambda page: page.go_back())
        assert ana.tab.address == f"{place.origin()}/"
        ana.tab.do(lambda page: page.go_forward())
        ana.press_the_button()
        ana.signs_in()
        assert not Booking.objects.exists()

    def test_escape_closes_it_and_the_button_opens_it_again(self, buyer: NewBuyer) -> None:
        ana = buyer()
        ana.press_the_button()
        ana.signs_in()
        ana.inside(lambda frame: frame.evaluate(ESCAPE))
        ana.hears("close")
        assert CheckoutSession.objects.get().state == "authenticated"
        ana.press_the_button()
        ana.sees(EMAIL)


class TestOffline:
    def test_what_was_typed_is_sent_when_there_is_a_connection_again(self, buyer: NewBuyer) -> None:
        ana = buyer()
        ana.press_the_button()
        ana.sees(EMAIL)
        ana.fill("Your e-mail address", "ana@example.com")
        self.connected(ana, False)
        ana.click("Send me a code")
        ana.inside(lambda frame: frame.get_by_text(OFFLINE).wait_for())
        self.connected(ana, True)
        ana.sees(CODE)
        ana.tab.faults.clear()

    def test_a_yes_is_not_sent_by_itself(self, buyer: NewBuyer) -> None:
        ana = buyer()
        ana.is_about_to_pay()
        ana.waits_for_the_last_button()
        self.connected(ana, False)
        ana.inside(lambda frame: frame.locator("[data-confirm]").click())
        ana.inside(lambda frame: frame.get_by_text(OFFLINE).wait_for())
        self.connected(ana, True)
        ana.inside(lambda frame: frame.get_by_text(OFFLINE).wait_for(state="hidden"))
        ana.sees(REVIEW)
        assert not Booking.objects.exists()
        ana.pays()
        assert ana.pnr
        assert booked_once()
        ana.tab.faults.clear()

    def connected(self, ana: Buyer, is_so: bool) -> None:
        ana.tab.do_in_context(lambda context: context.set_offline(not is_so))


class TestWithoutAFrame:
    def test_in_a_window(self, buyer: NewBuyer) -> None:
        ana = buyer(mode="popup")
        ana.is_about_to_pay()
        assert len(ana.tab.do_in_context(lambda context: [page.url for page in context.pages])) == 2
        ana.pays()
        pnr = ana.pnr
        ana.hears("complete")
        ana.leaves("Done")
        ana.hears("close")
        assert ana.tab.is_alone()
        assert CheckoutSession.objects.get().record_locator == pnr

    def test_in_this_tab(self, buyer: NewBuyer) -> None:
        ana = buyer(mode="redirect")
        ana.is_about_to_pay()
        assert "client_secret" not in ana.tab.address
        ana.pays()
        pnr = ana.pnr
        ana.leaves("Done")
        ana.tab.do(lambda page: page.wait_for_url(f"{place.origin()}/thanks?**"))
        assert pnr in ana.tab.text
        assert ana.tab.address.endswith(f"?session_id={CheckoutSession.objects.get().pk}")

    def test_in_this_tab_where_windows_are_blocked(self, buyer: NewBuyer) -> None:
        ana = buyer(mode="popup")
        ana.tab.evaluate("() => { window.open = () => null }")
        ana.press_the_button()
        ana.hears("error")
        ana.tab.do(lambda page: page.get_by_role("button", name="Continue here").click())
        ana.signs_in()
        assert ana.tab.path == f"/c/{CheckoutSession.objects.latest('created_at').pk}"

    def test_in_this_tab_where_windows_are_cut_off(self, buyer: NewBuyer) -> None:
        """A page with Cross-Origin-Opener-Policy: same-origin cannot speak with its window."""
        ana = buyer(mode="popup", coop="same-origin")
        ana.press_the_button()
        ana.tab.do(lambda page: page.wait_for_url("**/c/*"))
        ana.signs_in()

    def test_such_a_page_has_the_frame_all_the_same(self, buyer: NewBuyer) -> None:
        ana = buyer(coop="same-origin")
        ana.is_about_to_pay()
        ana.pays()
        assert ana.pnr
