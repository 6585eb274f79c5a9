"""What the frame says where it is not at one of its steps: it loads, it has trouble, or it has nothing to offer."""

from typing import Any

import pytest
from playwright.sync_api import Page, Route

from checkout_widget.session.models import CheckoutSession
from tests.browser.buyer import BOOKED, CODE, EMAIL, WAITING, Buyer, frame_of
from tests.browser.conftest import NewBuyer, StepLooksRight
from tests.browser.marks import LOOKED_AT_ONCE
from tests.browser.test_checkout_trouble import OFFLINE, OPEN, SAME_SESSION

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True), LOOKED_AT_ONCE]

BROKEN = "That did not work on our side"
MOVING = "() => document.getAnimations().length"
PREFERS = "motion => matchMedia(`(prefers-reduced-motion: ${motion})`).matches"


class Held:
    """Requests that the network keeps for a while."""

    def __init__(self, buyer: Buyer, path: str) -> None:
        self._buyer = buyer
        self._routes: list[Route] = []
        self._path = f"**/c/*/{path}"
        buyer.tab.do(lambda page: page.route(self._path, lambda route: self._routes.append(route)))

    def let_go(self) -> None:
        def go_on(page: Page) -> None:
            for route in self._routes:
                route.continue_()
            page.unroute(self._path)

        self._buyer.tab.do(go_on)


def breaks_down(buyer: Buyer, path: str) -> None:
    """Once: a proxy's page of errors in place of what was asked for."""

    def answer(route: Route) -> None:
        route.fulfill(status=502, content_type="text/html", body="<h1>Bad gateway</h1>")

    buyer.tab.do(lambda page: page.route(f"**/c/*/{path}", answer, times=1))


class TestWhileItLoads:
    def test_a_skeleton_is_there_from_the_start(self, buyer: NewBuyer, step_looks_right: StepLooksRight) -> None:
        ana = buyer()
        held = Held(ana, "claim")
        ana.press_the_button()
        ana.inside(lambda frame: frame.locator(".skeleton .bone").first.wait_for())
        assert ana.inside(lambda frame: frame.get_attribute("#step", "aria-busy")) == "true"
        assert ana.events == []
        step_looks_right(ana, "skeleton")
        held.let_go()
        ana.sees(EMAIL)
        assert ana.inside(lambda frame: frame.get_attribute("#step", "aria-busy")) is None
        assert ana.inside(lambda frame: frame.locator(".bone").count()) == 0

    def test_it_moves_only_for_whom_that_is_nothing(self, buyer: NewBuyer) -> None:
        ana = buyer()
        held = Held(ana, "claim")
        ana.press_the_button()
        ana.inside(lambda frame: frame.locator(".skeleton .bone").first.wait_for())
        self.moves(ana, "reduce", 0)
        self.moves(ana, "no-preference", 5)
        held.let_go()
        ana.sees(EMAIL)

    def test_so_it_is_while_the_airline_is_asked(self, buyer: NewBuyer) -> None:
        ana = buyer()
        ana.is_about_to_pay("TIMEOUTLOST")
        ana.pays()
        ana.sees(WAITING)
        self.moves(ana, "reduce", 0)
        self.moves(ana, "no-preference", 1)

    @staticmethod
    def moves(ana: Buyer, motion: Any, parts: int) -> None:
        """Once the frame knows what is preferred."""

        def count(page: Page) -> None:
            page.emulate_media(reduced_motion=motion)
            frame_of(page).wait_for_function(PREFERS, arg=motion)
            assert frame_of(page).evaluate(MOVING) == parts
            page.emulate_media(reduced_motion="reduce")

        ana.tab.do(count)


class TestTrouble:
    def test_no_connection(self, buyer: NewBuyer, step_looks_right: StepLooksRight) -> None:
        ana = buyer()
        ana.press_the_button()
        ana.sees(EMAIL)
        ana.fill("Your e-mail address", "ana@example.com")
        ana.tab.do_in_context(lambda context: context.set_offline(True))
        ana.click("Send me a code")
        ana.inside(lambda frame: frame.get_by_text(OFFLINE).wait_for())
        step_looks_right(ana, "offline")
        ana.tab.do_in_context(lambda context: context.set_offline(False))
        ana.sees(CODE)
        assert not self.notice(ana)
        ana.tab.faults.clear()

    def test_a_server_that_breaks_down(self, buyer: NewBuyer, step_looks_right: StepLooksRight) -> None:
        """What was typed is still there, and is sent when the traveler says so."""
        ana = buyer()
        ana.press_the_button()
        ana.sees(EMAIL)
        ana.fill("Your e-mail address", "ana@example.com")
        breaks_down(ana, "email")
        ana.click("Send me a code")
        ana.inside(lambda frame: frame.get_by_text(BROKEN).wait_for())
        step_looks_right(ana, "broken")
        ana.forgives("email", 502)
        ana.click("Try again")
        ana.sees(CODE)
        assert not self.notice(ana)

    def test_a_server_that_breaks_down_before_there_is_a_step(self, buyer: NewBuyer) -> None:
        ana = buyer()
        breaks_down(ana, "claim")
        ana.press_the_button()
        ana.inside(lambda frame: frame.get_by_text(BROKEN).wait_for())
        ana.forgives("claim", 502)
        ana.click("Try again")
        ana.sees(EMAIL)
        assert not self.notice(ana)
        assert CheckoutSession.objects.get().claims == 1

    @staticmethod
    def notice(ana: Buyer) -> bool:
        return ana.inside(lambda frame: frame.locator("#trouble").is_visible())


class TestNothingToOffer:
    def test_a_page_that_no_shop_has_opened(self, buyer: NewBuyer, step_looks_right: StepLooksRight) -> None:
        ana = buyer()
        ana.tab.open(ana.tab.evaluate(OPEN)["url"])
        ana.sees("Go back to the shop")
        step_looks_right(ana, "alone")

    def test_a_secret_that_is_another_s(self, buyer: NewBuyer, step_looks_right: StepLooksRight) -> None:
        ana = buyer()
        first, second = ana.tab.evaluate(OPEN), ana.tab.evaluate(OPEN)
        ana.tab.evaluate(SAME_SESSION, {**first, "client_secret": second["client_secret"]})
        ana.press_the_button()
        ana.sees("This checkout cannot be opened")
        step_looks_right(ana, "unclaimed")
        assert [one.claims for one in CheckoutSession.objects.all()] == [0, 0]
        ana.tab.faults.clear()

    def test_a_checkout_that_the_shop_has_taken_back(self, buyer: NewBuyer, step_looks_right: StepLooksRight) -> None:
        ana = buyer()
        told = ana.tab.evaluate(OPEN)
        CheckoutSession.objects.update(state="canceled")
        assert ana.tab.open(told["url"]) == 410
        step_looks_right(ana, "unusable")

    def test_a_booking_is_told_without_names_to_whoever_comes_later(
        self, buyer: NewBuyer, step_looks_right: StepLooksRight
    ) -> None:
        ana, bo = buyer(), buyer()
        told = ana.tab.evaluate(OPEN)
        for one in (ana, bo):
            one.tab.evaluate(SAME_SESSION, told)
        ana.is_about_to_pay()
        ana.pays()
        pnr = ana.pnr
        bo.press_the_button()
        bo.sees(BOOKED)
        step_looks_right(bo, "booked-elsewhere")
        assert pnr in bo.text
        assert not {"Andersson", "ANDERSSON", "ana@example.com"} & set(bo.text.split())
