"""The offer runs out, is somebody else's, is another, or has a strange name."""

from datetime import timedelta

import pytest

from bookings.booking.models import Booking
from bookings.offer.models import Offer
from checkout_widget.session.models import CheckoutSession
from movmo.kit import clock
from tests.browser.buyer import CODE, EMAIL, REVIEW
from tests.browser.conftest import NewBuyer, StepLooksRight
from tests.browser.person import code_from_letter
from tests.browser.test_checkout_trouble import OPEN, SAME_SESSION

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

SET_OFFER = "told => document.getElementById('checkout').setOffer(told)"
NO_MONEY = "no money moved"


class TestRunningOut:
    def test_a_price_that_can_be_refreshed(self, buyer: NewBuyer, step_looks_right: StepLooksRight) -> None:
        ana = buyer()
        ana.is_about_to_pay()
        soon = clock.now() + timedelta(minutes=1)
        CheckoutSession.objects.update(expires_at=soon)
        ana.looks_again()
        ana.sees("This price is about to run out")
        step_looks_right(ana, "offer-refresh")
        assert NO_MONEY in ana.text
        ana.click("Refresh the price")
        ana.sees(REVIEW)
        assert CheckoutSession.objects.get().expires_at > soon
        ana.pays()
        assert ana.pnr

    def test_one_that_is_over(self, buyer: NewBuyer, step_looks_right: StepLooksRight) -> None:
        ana = buyer()
        ana.is_about_to_pay()
        ana.waits_for_the_last_button()
        Offer.objects.update(expires_at=clock.now() - timedelta(seconds=1))
        ana.looks_again()
        ana.sees("This price has run out")
        step_looks_right(ana, "offer-over")
        assert NO_MONEY in ana.text
        ana.forgives("step", 409)
        assert not Booking.objects.exists()

    def test_one_that_another_traveler_has_taken(self, buyer: NewBuyer, step_looks_right: StepLooksRight) -> None:
        ana, bo = buyer(), buyer()
        told = ana.tab.evaluate(OPEN)
        for one in (ana, bo):
            one.tab.evaluate(SAME_SESSION, told)
        ana.is_about_to_pay()
        bo.press_the_button()
        bo.sees(EMAIL)
        bo.fill("Your e-mail address", "bo@example.com")
        bo.click("Send me a code")
        bo.sees(CODE)
        bo.fill("Code", code_from_letter())
        bo.click("Go on")
        bo.sees("Somebody else has begun to book this")
        step_looks_right(bo, "offer-taken")
        assert NO_MONEY in bo.text
        assert "ndersson" not in bo.text
        bo.forgives("code", 409)

    def test_one_that_the_airline_does_not_know_any_more(
        self, buyer: NewBuyer, step_looks_right: StepLooksRight
    ) -> None:
        ana = buyer()
        ana.is_about_to_pay("EXPIRED")
        ana.pays()
        ana.sees("This was not booked")
        step_looks_right(ana, "failed")
        assert NO_MONEY in ana.text
        assert CheckoutSession.objects.get().state == "failed"


class TestAnotherOffer:
    def test_it_is_bought_in_the_frame_that_is_open(self, buyer: NewBuyer) -> None:
        """A session of its own: whoever has signed in for the first one signs in for it too."""
        ana = buyer()
        ana.is_about_to_pay()
        other = buyer(**{"from": "AMS"}).tab.evaluate(OPEN)
        ana.tab.evaluate(SET_OFFER, other)
        ana.sees(EMAIL)
        ana.signs_in()
        assert "Amsterdam" in ana.text
        ana.inside(lambda frame: frame.locator("button.choice", has_text="Ana Andersson").click())
        ana.pays()
        pnr = ana.pnr
        first, second = CheckoutSession.objects.order_by("created_at")
        assert (first.state, first.booking_id) == ("ready", None)
        assert (str(second.pk), second.record_locator) == (other["session_id"], pnr)

    def test_not_while_a_booking_is_made(self, buyer: NewBuyer) -> None:
        ana = buyer()
        ana.is_about_to_pay("TIMEOUTBOOKED")
        ana.pays()
        ana.waits_for_the_airline()
        other = buyer(**{"from": "AMS"}).tab.evaluate(OPEN)
        ana.tab.evaluate(SET_OFFER, other)
        Booking.objects.update(lease_until=None)  # a moment later
        pnr = ana.pnr
        assert CheckoutSession.objects.get(record_locator=pnr).claims == 1
        assert CheckoutSession.objects.get(pk=other["session_id"]).claims == 0


def test_an_airline_s_name_stays_text(buyer: NewBuyer) -> None:
    name = "<img src=x onerror=alert(1)>"
    ana = buyer()
    ana.is_about_to_pay()
    offer = Offer.objects.get(pk=CheckoutSession.objects.get().offer_id)
    Offer.objects.filter(pk=offer.pk).update(normalised={**offer.normalised, "owner_carrier": name})
    ana.looks_again()
    ana.inside(lambda frame: frame.locator("[data-confirm]", has_text=name).wait_for())
    assert f"{name} charges your card, not Movmo" in ana.text
    assert ana.inside(lambda frame: frame.locator("main img").count()) == 0
