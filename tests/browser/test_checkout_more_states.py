"""States of the checkout that come late, or after something else: read with axe, as those of test_checkout_states."""

from collections.abc import Callable
from datetime import timedelta
from functools import partial

import pytest
from playwright.sync_api import Page

from bookings.booking.models import Booking
from bookings.payment_method.vaults import registry
from bookings.providers.errors import Unavailable
from bookings.providers.sandbox.airline import Airline
from checkout_widget.session.models import CheckoutSession
from movmo.demo.shop.shelf import DAYS_AHEAD
from movmo.kit import clock
from partners.partner.models import Partner
from tests.bookings.offer.desk import Desk
from tests.browser.buyer import AT_REST, BOOKED, CARD, CVC, NEW_CARD, REVIEW, Buyer
from tests.browser.conftest import NewBuyer, StepLooksRight
from tests.browser.marks import LOOKED_AT_ONCE
from tests.browser.person import code_from_letter
from tests.browser.test_checkout_in_flight import pays_slowly
from tests.browser.test_checkout_notices import Held
from tests.browser.test_checkout_passenger import filled, pressed
from tests.browser.test_checkout_states import ASKS, BANK, DECLINES
from tests.browser.test_checkout_trouble import SAME_SESSION, another_session
from tests.browser.test_sdk_leaving import nothing_new
from tests.checkout_widget.conftest import Checkout
from tests.checkout_widget.frame.test_dropped import DEARER, SAME, choose, sell_the_seat
from tests.contract.world import PASSPORT

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True), LOOKED_AT_ONCE]

RUNS_OUT, CHANGED = "This price is about to run out", "The price has changed"
BANNER = ".alert.warn[data-after]"
SHOW = "selector => document.querySelector(selector).scrollIntoView({ block: 'center' })"
# Over the button and over little else, wherever the window's size puts it.
HAIR = """() => {
  const hair = document.body.appendChild(document.createElement('div'))
  hair.popover = 'manual'
  hair.style.cssText = 'inset: 0 auto 0 50%; width: 2px; height: 100%; padding: 0; border: 0; pointer-events: none'
  hair.showPopover() }"""

# Pixels between what stands in a box of its own and what is above it.
ABOVE = """selector => {
  const box = document.querySelector(selector)
  return box.getBoundingClientRect().top - box.previousElementSibling.getBoundingClientRect().bottom }"""
LAST_LINE = """selector => {
  const text = document.querySelector(selector).firstChild
  const range = document.createRange()
  const top = at => { range.setStart(text, at); range.setEnd(text, at + 1); return range.getBoundingClientRect().top }
  let first = text.length - 1
  while (first > 0 && top(first - 1) === top(text.length - 1)) first--
  return text.data.slice(first) }"""


@pytest.fixture
def desk(install_airline: Callable[[Airline], None]) -> Desk:
    desk = Desk()
    install_airline(desk)
    return desk


def by_its_clock(ana: Buyer) -> Buyer:
    """What is waited for comes as soon as the test says."""
    ana.tab.do(lambda page: page.clock.install())
    ana.tab.do(lambda page: page.reload())
    return ana


def later(ana: Buyer, seconds: int) -> None:
    ana.tab.do(lambda page: page.clock.fast_forward(seconds * 1000))


def the_checkout() -> Checkout:
    return Checkout(CheckoutSession.objects.get(), "")


def arrives(ana: Buyer) -> None:
    """Signs in, in whatever language: nothing is found by its words."""
    ana.tab.do(lambda page: page.locator("movmo-express-checkout button").first.click())
    filled(ana, "#email", "ana@example.com")
    pressed(ana, "form[hx-post$=email] button:not([type=button])")
    filled(ana, "input.code", code_from_letter)
    pressed(ana, "form[hx-post$=code] button:not([type=button])")
    ana.inside(lambda frame: frame.locator(f"{AT_REST} form#pay").wait_for())


def is_ready(ana: Buyer, card: str = CARD) -> None:
    """Who flies and which card pays she has told before."""
    arrives(ana)
    the_checkout().fill()
    the_checkout().world.card(card)
    ana.looks_again()
    ana.waits_for_the_last_button()


def has(ana: Buyer, *, seconds: int) -> None:
    """So long lives her price."""
    CheckoutSession.objects.update(expires_at=clock.now() + timedelta(seconds=seconds))
    ana.looks_again()


def takes_a_seat(ana: Buyer) -> None:
    choose(the_checkout(), seat="12A")
    has(ana, seconds=60)
    ana.click("Refresh the price")
    ana.sees(CHANGED)
    ana.click("Go on")
    ana.sees(REVIEW)
    assert "Seat 12A" in ana.text


class TestThePrice:
    def test_it_runs_out_and_is_another(self, buyer: NewBuyer, desk: Desk, step_looks_right: StepLooksRight) -> None:
        ana = by_its_clock(buyer())
        is_ready(ana)
        has(ana, seconds=60)
        ana.sees(RUNS_OUT)
        desk.failure = Unavailable("nobody answers")
        ana.click("Refresh the price")
        ana.is_told("The airline does not answer.")
        step_looks_right(ana, "offer-refresh-away")
        assert ana.inside(lambda frame: frame.evaluate(ABOVE, ".state > .alert")) >= 12
        ana.forgives("offer", 503)
        desk.failure = None
        choose(the_checkout(), seat="12A")
        ana.click("Refresh the price")
        ana.sees(CHANGED)
        step_looks_right(ana, "price-changed-refreshed")
        ana.click("Go on")
        ana.sees(REVIEW)
        has(ana, seconds=180)
        ana.waits_for_the_last_button()
        assert ana.inside(lambda frame: frame.locator(BANNER).is_hidden())
        later(ana, 60)
        ana.inside(lambda frame: frame.locator(BANNER).wait_for())
        step_looks_right(ana, "review-running-out")
        sell_the_seat(desk, fare=DEARER)
        ana.click("Refresh the price")
        ana.sees(CHANGED)
        assert "Not sold any more" in ana.text
        step_looks_right(ana, "price-changed-refreshed-dropped")

    @pytest.mark.parametrize(("fare", "heading"), [(DEARER, CHANGED), (SAME, "The offer has changed")])
    def test_a_seat_is_gone_at_the_yes(
        self, buyer: NewBuyer, desk: Desk, step_looks_right: StepLooksRight, fare: int, heading: str
    ) -> None:
        ana = buyer()
        is_ready(ana)
        takes_a_seat(ana)
        sell_the_seat(desk, fare=fare)
        ana.pays()
        ana.sees(heading)
        assert "Not sold any more" in ana.text
        step_looks_right(ana, f"price-changed-dropped-{fare}")
        assert " " in ana.inside(lambda frame: frame.evaluate(LAST_LINE, "#step .alert p")).strip(), (
            "a word stands alone"
        )
        ana.forgives("confirm", 409)
        ana.pays()
        ana.sees(BOOKED)

    def test_an_offer_that_is_booked_already(
        self, buyer: NewBuyer, aviare: Partner, step_looks_right: StepLooksRight
    ) -> None:
        first, second = buyer(), buyer()
        is_ready(first)
        second.tab.evaluate(SAME_SESSION, another_session(aviare))
        arrives(second)
        first.pays()
        first.sees(BOOKED)
        second.pays()
        second.sees("This offer is booked already")
        step_looks_right(second, "offer-consumed")
        second.forgives("confirm", 409)


def test_a_saved_passenger_and_their_document(buyer: NewBuyer, step_looks_right: StepLooksRight) -> None:
    ana = buyer(**{"from": "SIN", "to": "SYD"})
    arrives(ana)
    for given_name in ("Bea", "Maximiliane Friederike"):
        the_checkout().world.passenger(given_name=given_name)
    ana.looks_again()
    ana.inside(lambda frame: frame.locator(f"{AT_REST} .choices button:not(.new)").first.wait_for())
    ana.inside(lambda frame: frame.evaluate(SHOW, ".choices"))
    step_looks_right(ana, "review-choices")
    pressed(ana, "button.choice >> text=Bea")
    ana.sees("Add a travel document")
    step_looks_right(ana, "passenger-document-only")
    ana.forgives("slots", 422)
    filled(ana, "#document_number", PASSPORT["number"])
    ana.inside(lambda frame: frame.locator("#document_issuing_country").select_option("NL"))
    ends = clock.now().date() + timedelta(days=DAYS_AHEAD + 60)
    filled(ana, "#document_expires_on", ends.isoformat())
    ana.click("Save and go on")
    ana.sees(REVIEW)
    assert "some countries refuse it" in ana.text
    ana.inside(lambda frame: frame.evaluate(SHOW, ".card .alert.warn"))
    step_looks_right(ana, "review-warned")
    pressed(ana, ".line [hx-get*=slots]")
    ana.inside(lambda frame: frame.locator(f"{AT_REST} .choices button:not(.new) >> nth=1").wait_for())
    ana.inside(lambda frame: frame.evaluate(SHOW, ".choices"))
    step_looks_right(ana, "review-changing")


class TestTheYes:
    def test_it_is_on_its_way(self, buyer: NewBuyer, step_looks_right: StepLooksRight) -> None:
        ana = buyer()
        is_ready(ana)
        held = pays_slowly(ana)
        step_looks_right(ana, "review-paying")
        ana.tab.do(lambda _: held[0].continue_())
        ana.sees(BOOKED)

    def test_its_button_is_covered(self, buyer: NewBuyer, step_looks_right: StepLooksRight) -> None:
        ana = buyer()
        is_ready(ana)
        ana.tab.evaluate(HAIR)
        ana.inside(lambda frame: frame.locator("[data-confirm][aria-disabled=true]").wait_for())
        ana.inside(lambda frame: frame.locator("[data-confirm]").click(force=True))
        ana.inside(lambda frame: frame.locator("[data-confirm] + .errors").wait_for())
        step_looks_right(ana, "review-covered")
        assert ana.inside(lambda frame: frame.locator("[data-confirm] + .errors").is_visible())
        assert not Booking.objects.exists()

    def test_the_airline_takes_long(self, buyer: NewBuyer, step_looks_right: StepLooksRight) -> None:
        ana = by_its_clock(buyer())
        ana.is_about_to_pay("TIMEOUTBOOKED")
        ana.pays()
        ana.waits_for_the_airline()
        mark = ana.inside(lambda frame: str(frame.locator("section.step").get_attribute("data-mark")))
        ana.tab.do(partial(nothing_new, mark=mark))
        later(ana, 15)
        ana.inside(lambda frame: frame.locator("p[data-after]", has_text="It takes longer").wait_for())
        step_looks_right(ana, "waiting-long")

    def test_the_bank_takes_long(self, buyer: NewBuyer, step_looks_right: StepLooksRight) -> None:
        ana = by_its_clock(buyer())
        is_ready(ana, ASKS)
        ana.pays()
        ana.sees(BANK)
        ana.bank_is_there()
        later(ana, 30)
        ana.inside(lambda frame: frame.locator("p[data-after]", has_text="If your bank does not").wait_for())
        step_looks_right(ana, "bank-long")


class TestTheVault:
    def test_its_fields_do_not_come(self, buyer: NewBuyer, step_looks_right: StepLooksRight) -> None:
        ana = buyer()
        arrives(ana)
        ana.tab.do(lambda page: page.route("**/iframe-v1.min.js", lambda route: route.abort("aborted")))
        ana.click("Add a card")
        ana.sees(NEW_CARD)
        ana.inside(lambda frame: frame.locator("#card-errors:not(:empty)").wait_for())
        assert "The card vault cannot be reached" in ana.text
        step_looks_right(ana, "card-away")

    def test_it_does_not_answer(
        self, buyer: NewBuyer, step_looks_right: StepLooksRight, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        ana = buyer()
        arrives(ana)
        ana.opens_the_card_form()
        ana.fill("Name on the card", "Ana Andersson")
        ana.types_into_the_vault("number", CARD)
        ana.types_into_the_vault("cvv", CVC)
        ana.fill("Month", "12")
        ana.fill("Year", "2034")
        with monkeypatch.context() as patch:
            patch.setattr(registry, "_vaults", {})
            away = {"environment_key": "e", "access_secret": "s", "receiver": "r"}
            registry.install_spreedly(name="sandbox", url="http://127.0.0.1:9999", **away)
            ana.click("Add the card")
            ana.inside(lambda frame: frame.get_by_role("button", name="Try again", exact=True).wait_for())
        step_looks_right(ana, "card-again")
        ana.forgives("cards", 503)
        ana.click("Try again")
        ana.sees(REVIEW)
        assert "4242" in ana.text


class TestAPageOfItsOwn:
    def test_in_a_window(self, buyer: NewBuyer, step_looks_right: StepLooksRight) -> None:
        ana = buyer(mode="popup")
        is_ready(ana)
        ana.tab.do(lambda page: is_looked_at(ana, page.context.pages[-1]))
        step_looks_right(ana, "review-popup")

    def test_in_this_tab(self, buyer: NewBuyer, step_looks_right: StepLooksRight) -> None:
        ana = buyer(mode="redirect")
        is_ready(ana)
        step_looks_right(ana, "review-redirect")


def is_looked_at(ana: Buyer, window: Page) -> None:
    """And her shop is not, from now on."""
    assert "/c/" in window.url
    ana.tab._page = window


@pytest.mark.parametrize("locale", ["de", "fr", "es", "nl"])
def test_a_card_that_is_declined_in_other_words(buyer: NewBuyer, step_looks_right: StepLooksRight, locale: str) -> None:
    ana = buyer(locale=locale)
    is_ready(ana, DECLINES)
    assert ana.inside(lambda frame: frame.locator("html").get_attribute("lang")) == locale
    assert REVIEW not in ana.text
    step_looks_right(ana, f"review-{locale}")
    held = Held(ana, "confirm")
    ana.pays()
    ana.inside(lambda frame: frame.locator("#step[aria-busy=true] [data-confirm]").wait_for())
    step_looks_right(ana, f"review-paying-{locale}")
    held.let_go()
    ana.inside(lambda frame: frame.locator(f"{AT_REST} form#pay").wait_for())
    ana.is_told("2")
    step_looks_right(ana, f"review-declined-{locale}")
