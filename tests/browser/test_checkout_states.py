"""Every state of the checkout, read with axe on telephone and desktop, light and dark; --screenshots keeps pictures."""

from datetime import timedelta

import pytest

from bookings.booking.models import Booking
from checkout_widget.session.models import CheckoutSession
from movmo.kit import clock
from tests.browser.buyer import BOOKED, CODE, EMAIL, PASSENGER, REVIEW
from tests.browser.conftest import NewBuyer, StepLooksRight
from tests.browser.marks import LOOKED_AT_ONCE
from tests.browser.person import code_from_letter

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True), LOOKED_AT_ONCE]

ASKS, ASKS_AND_DECLINES, DECLINES = "4000002500003155", "4000008400001629", "4000000000000002"
BANK, OVER = "Your bank asks you to confirm", "This checkout is over"


def test_the_way_to_a_booking(buyer: NewBuyer, step_looks_right: StepLooksRight) -> None:
    ana = buyer()
    ana.press_the_button()
    ana.sees(EMAIL)
    step_looks_right(ana, "email")
    ana.fill("Your e-mail address", "ana@example.com")
    ana.click("Send me a code")
    ana.sees(CODE)
    step_looks_right(ana, "code")
    ana.fill("Code", code_from_letter())
    ana.click("Go on")
    ana.sees(REVIEW)
    step_looks_right(ana, "review-nobody")
    ana.click("Add a new passenger")
    ana.sees(PASSENGER)
    step_looks_right(ana, "passenger")
    ana.click("Back")
    ana.sees(REVIEW)
    ana.names_a_passenger()
    step_looks_right(ana, "review-no-card")
    ana.opens_the_card_form()
    step_looks_right(ana, "card")
    ana.click("Back")
    ana.sees(REVIEW)
    ana.adds_a_card()
    ana.waits_for_the_last_button()
    step_looks_right(ana, "review")
    ana.pays()
    ana.sees(BOOKED)
    step_looks_right(ana, "booked")


def test_what_was_typed_wrongly(buyer: NewBuyer, step_looks_right: StepLooksRight) -> None:
    ana = buyer()
    ana.press_the_button()
    ana.sees(EMAIL)
    ana.fill("Your e-mail address", "ana")
    ana.click("Send me a code")
    ana.is_told_of_a_mistake()
    step_looks_right(ana, "email-wrong")
    ana.forgives("email", 422)
    ana.fill("Your e-mail address", "ana@example.com")
    ana.click("Send me a code")
    ana.sees(CODE)
    ana.fill("Code", "000000")
    ana.click("Go on")
    ana.is_told_of_a_mistake()
    step_looks_right(ana, "code-wrong")
    ana.forgives("code", 422)
    ana.fill("Code", code_from_letter())
    ana.click("Go on")
    ana.sees(REVIEW)
    ana.click("Add a new passenger")
    ana.sees(PASSENGER)
    ana.click("Save and go on")
    ana.is_told_of_a_mistake()
    step_looks_right(ana, "passenger-wrong")
    ana.forgives("passengers", 400)


def test_a_bank_that_asks(buyer: NewBuyer, step_looks_right: StepLooksRight) -> None:
    ana = buyer()
    ana.is_about_to_pay(card=ASKS)
    ana.pays()
    ana.sees(BANK)
    ana.bank_is_there()
    step_looks_right(ana, "bank")
    ana.answers_the_bank("Approve")
    Booking.objects.update(lease_until=None)  # a moment later
    assert ana.pnr == CheckoutSession.objects.get().record_locator


def test_a_bank_that_asks_and_says_no(buyer: NewBuyer, step_looks_right: StepLooksRight) -> None:
    ana = buyer()
    ana.is_about_to_pay(card=ASKS_AND_DECLINES)
    ana.pays()
    ana.sees(BANK)
    ana.bank_is_there()
    ana.answers_the_bank("Approve")
    Booking.objects.update(lease_until=None)  # a moment later
    ana.sees(REVIEW)
    step_looks_right(ana, "review-declined")
    assert "declined" in ana.text
    assert ana.text.index("Add a card") < ana.text.index("Your trip")  # what is to be done stands before what is known
    ana.adds_a_card()
    ana.pays()
    assert ana.pnr


def test_three_cards_that_are_declined(buyer: NewBuyer, step_looks_right: StepLooksRight) -> None:
    ana = buyer()
    ana.is_about_to_pay(card=DECLINES)
    for left in ("2 more times", "1 more time"):
        ana.pays()
        ana.is_told(left)
        assert "no money moved" in ana.text
        ana.adds_a_card(DECLINES)
    ana.pays()
    ana.sees("The payment was declined")
    step_looks_right(ana, "declined")
    assert CheckoutSession.objects.get().state == "failed"


def test_another_price(buyer: NewBuyer, step_looks_right: StepLooksRight) -> None:
    ana = buyer()
    ana.is_about_to_pay("PRICEUP")
    ana.pays()
    ana.sees("The price has changed")
    step_looks_right(ana, "price-changed")
    ana.forgives("confirm", 409)
    assert CheckoutSession.objects.get().booking_id is None
    ana.pays()
    ana.sees(BOOKED)
    session = CheckoutSession.objects.get()
    assert (session.quote_version, session.total) == (2, Booking.objects.get(state="ticketed").total)


def test_a_seat_that_is_gone(buyer: NewBuyer, step_looks_right: StepLooksRight) -> None:
    ana = buyer()
    ana.is_about_to_pay("SOLDOUT")
    ana.pays()
    ana.sees("Sold out")
    step_looks_right(ana, "sold-out")
    assert "no money moved" in ana.text


def test_an_answer_that_was_lost(buyer: NewBuyer, step_looks_right: StepLooksRight) -> None:
    ana = buyer()
    ana.is_about_to_pay("TIMEOUTBOOKED")
    ana.pays()
    ana.waits_for_the_airline()
    assert "Don't pay again" in ana.text
    step_looks_right(ana, "waiting")
    Booking.objects.update(lease_until=None)  # a moment later
    assert ana.pnr == CheckoutSession.objects.get().record_locator


def test_a_time_that_is_over(buyer: NewBuyer, step_looks_right: StepLooksRight) -> None:
    ana = buyer()
    ana.is_about_to_pay()
    ana.waits_for_the_last_button()
    CheckoutSession.objects.update(expires_at=clock.now() - timedelta(seconds=1))
    ana.pays()
    ana.sees(OVER)
    step_looks_right(ana, "over")
    ana.forgives("confirm", 410)
    assert not Booking.objects.exists()


@pytest.mark.parametrize("locale", ["de", "fr", "es", "nl"])
def test_in_other_words(buyer: NewBuyer, step_looks_right: StepLooksRight, locale: str) -> None:
    ana = buyer(locale=locale)
    ana.tab.do(lambda page: page.locator("movmo-express-checkout button").first.click())
    ana.inside(lambda frame: frame.locator("#email").wait_for())
    assert ana.inside(lambda frame: frame.locator("html").get_attribute("lang")) == locale
    assert EMAIL not in ana.text
    step_looks_right(ana, f"email-{locale}")
