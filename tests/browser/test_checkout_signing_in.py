"""Signing in to the checkout by a code: what is said to whoever does not see the frame, and how far a stranger gets."""

import re
from datetime import timedelta
from uuid import UUID

import pytest
from django.conf import settings

from checkout_widget.session.models import CheckoutSession
from movmo.accounts.models import User
from movmo.kit import clock
from tests.browser.buyer import CODE, EMAIL, REVIEW, Buyer
from tests.browser.conftest import LooksRight, NewBuyer, StepLooksRight
from tests.browser.person import code_from_letter
from tests.browser.strangers import stranger
from tests.browser.tab import Tab
from tests.clear_text import tells_the_card

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

REFUSED, OVER, UNOPENED = "That did not work", "This checkout is over", "This checkout cannot be opened"
HEX_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
TRIES_OF_TWO_LETTERS = (3, 2)


def announced(ana: Buyer) -> str:
    """What a screen reader says by itself."""
    return ana.inside(lambda frame: frame.locator("#said[role=status]").text_content() or "")


def has_the_focus(ana: Buyer) -> str:
    return ana.inside(lambda frame: str(frame.evaluate("() => document.activeElement.id")))


def wrong(code: str) -> str:
    return f"{(int(code) + 1) % 10**6:06}"


def types(ana: Buyer, code: str) -> None:
    ana.fill("Code", code)
    ana.inside(lambda frame: frame.evaluate("() => document.querySelector('.step').classList.add('before')"))
    ana.click("Go on")
    ana.inside(lambda frame: frame.locator(".step:not(.before)").wait_for())


def asks_for_a_code(ana: Buyer) -> str:
    ana.fill("Your e-mail address", "ana@example.com")
    ana.click("Send me a code")
    ana.sees(CODE)
    return code_from_letter()


def test_each_step_is_announced_and_what_is_typed_first_has_the_focus(buyer: NewBuyer) -> None:
    ana = buyer()
    ana.press_the_button()
    ana.sees(EMAIL)
    assert (announced(ana), has_the_focus(ana)) == (EMAIL, "email")
    code = asks_for_a_code(ana)
    assert (announced(ana), has_the_focus(ana)) == (CODE, "code")
    types(ana, code)
    ana.sees(REVIEW)
    assert announced(ana) == REVIEW
    assert ana.inside(lambda frame: frame.locator("h1:focus").text_content()) == REVIEW


def test_an_address_with_an_account_and_one_without_look_alike(buyer: NewBuyer, ana: User) -> None:
    seen = []
    for email in (ana.email, "new@example.com"):
        one = buyer()
        one.press_the_button()
        one.sees(EMAIL)
        one.fill("Your e-mail address", email)
        one.click("Send me a code")
        one.sees(CODE)
        page = one.inside(lambda frame: frame.locator("#step").inner_html())
        seen.append(HEX_ID.sub("id", page).replace(email, "address"))
    assert seen[0] == seen[1]


def test_what_is_wrong_is_announced_in_place_of_the_step(buyer: NewBuyer, step_looks_right: StepLooksRight) -> None:
    ana = buyer()
    ana.press_the_button()
    ana.sees(EMAIL)
    ana.fill("Your e-mail address", "4242424242424242@example.com")
    ana.click("Send me a code")
    ana.is_told_of_a_mistake()
    assert "card number in a field that is not for one" in announced(ana)
    assert has_the_focus(ana) == "email"
    step_looks_right(ana, "email-card-number")
    assert not tells_the_card(ana.inside(lambda frame: frame.content()))
    ana.forgives("email", 422)
    code = asks_for_a_code(ana)
    types(ana, wrong(code))
    ana.is_told_of_a_mistake()
    assert "This code is incorrect" in announced(ana)
    assert has_the_focus(ana) == "code"
    ana.forgives("code", 422)


def test_the_sixth_code_is_refused_even_if_it_is_right(buyer: NewBuyer, step_looks_right: StepLooksRight) -> None:
    ana = buyer()
    ana.press_the_button()
    ana.sees(EMAIL)
    for tries in TRIES_OF_TWO_LETTERS:
        code = asks_for_a_code(ana)
        for _ in range(tries):
            types(ana, wrong(code))
    ana.forgives("code", 422)
    types(ana, code)
    ana.sees(REFUSED)
    assert "Too many codes were entered here. Nothing was booked and no money moved." in ana.text
    assert announced(ana) in ana.text
    ana.hears("error")
    step_looks_right(ana, "refused-code-tries")
    ana.forgives("code", 429)
    session = CheckoutSession.objects.get()
    assert (session.state, session.user_id) == ("open", None)


def test_a_frame_that_another_has_replaced(buyer: NewBuyer, step_looks_right: StepLooksRight) -> None:
    ana = buyer()
    ana.press_the_button()
    ana.sees(EMAIL)
    CheckoutSession.objects.update(bearer_digest="another's")
    ana.fill("Your e-mail address", "ana@example.com")
    ana.click("Send me a code")
    ana.sees(REFUSED)
    assert "opened again in another place" in announced(ana)
    step_looks_right(ana, "refused-replaced")
    ana.forgives("email", 401)


def test_a_time_that_is_over_before_the_code(buyer: NewBuyer, step_looks_right: StepLooksRight) -> None:
    ana = buyer()
    ana.press_the_button()
    ana.sees(EMAIL)
    code = asks_for_a_code(ana)
    CheckoutSession.objects.update(expires_at=clock.now() - timedelta(seconds=1))
    types(ana, code)
    ana.sees(OVER)
    assert announced(ana) == OVER
    step_looks_right(ana, "over-before-the-code")
    ana.forgives("code", 410)


def test_an_address_that_leads_nowhere(tab: Tab, looks_right: LooksRight) -> None:
    assert tab.open(f"/c/{UUID(int=7)}") == 404
    assert UNOPENED in tab.text
    looks_right(tab, "checkout-unusable-unknown")


def test_a_page_that_sends_its_visitor_there_without_being_the_shop(
    buyer: NewBuyer, tab: Tab, looks_right: LooksRight
) -> None:
    ana = buyer()
    ana.press_the_button()
    ana.sees(EMAIL)
    address = f"{settings.ORIGIN}/c/{CheckoutSession.objects.get().pk}"
    with stranger("evil.localhost", f"<form method='post' action='{address}'><button>Go</button></form>") as page:
        tab.open(page)
        tab.click("button", "Go")
    assert "This page may not open this checkout." in tab.text
    looks_right(tab, "checkout-unusable-foreign")
