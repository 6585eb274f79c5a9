"""What the vault's fields are called, and what is said of its refusals: in the traveler's language."""

import json

import pytest
from django.utils import translation
from django.utils.translation import gettext
from playwright.sync_api import Page, Route

from tests.browser.buyer import CVC, Buyer
from tests.browser.conftest import NewBuyer, StepLooksRight
from tests.browser.marks import LOOKED_AT_ONCE
from tests.browser.person import code_from_letter
from tests.browser.test_checkout_passenger import filled, pressed
from tests.browser.test_checkout_security_code import is_named

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True), LOOKED_AT_ONCE]

NO_TEST_CARD = "4111111111111111"
TAKES_TEST_CARDS = "This is a sandbox: enter a test card such as 4242 4242 4242 4242."
REFUSED = "The card vault did not take this. Nothing was charged. Try again in a moment."
ODD = {"errors": [{"attribute": "base", "key": "errors.odd", "message": "Something odd."}]}


@pytest.fixture
def ana(buyer: NewBuyer) -> Buyer:
    """Reads German, and is about to type her card in. Nothing is found by its words."""
    ana = buyer(locale="de")
    ana.tab.do(lambda page: page.locator("movmo-express-checkout button").first.click())
    filled(ana, "#email", "ana@example.com")
    pressed(ana, "form[hx-post$=email] button:not([type=button])")
    filled(ana, "input.code", code_from_letter)
    pressed(ana, "form[hx-post$=code] button:not([type=button])")
    pressed(ana, "[hx-get$=cards]")
    ana.inside(lambda frame: frame.locator("form[data-capture] button:enabled:not([type=button])").wait_for())
    return ana


def types_her_card(ana: Buyer, number: str) -> None:
    for field, text in {"name": "Ana Andersson", "month": "12", "year": "2034"}.items():
        filled(ana, f"#card-{field}", text)
    ana.types_into_the_vault("number", number)
    ana.types_into_the_vault("cvv", CVC)
    pressed(ana, "form[data-capture] button:not([type=button])")


def said(ana: Buyer, place: str) -> str:
    """Once something is said there."""
    ana.inside(lambda frame: frame.locator(f"#{place}:not(:empty)").wait_for())
    return ana.inside(lambda frame: frame.inner_text(f"#{place}"))


def title(ana: Buyer, place: str) -> str | None:
    """Of the frame that its field is in."""
    return ana.inside(lambda frame: frame.locator(f"#{place} iframe").get_attribute("title"))


def test_the_fields_have_the_names_of_the_page(ana: Buyer, step_looks_right: StepLooksRight) -> None:
    number, code = "Kartennummer", "Prüfnummer"
    is_named(ana, "card-number", "de", number, number, "4242 4242 4242 4242")
    is_named(ana, "card-code", "de", code, code, "123")
    assert (title(ana, "card-number"), title(ana, "card-code")) == (number, code)
    step_looks_right(ana, "card-de")


def test_a_number_that_is_no_test_card(ana: Buyer, step_looks_right: StepLooksRight) -> None:
    types_her_card(ana, NO_TEST_CARD)
    with translation.override("de"):
        assert said(ana, "card-number-error") == gettext(TAKES_TEST_CARDS)
    assert "its test cards only" not in ana.text
    step_looks_right(ana, "card-wrong-number-de")
    ana.forgives("restricted.json", 422)


def test_what_nobody_has_words_for(ana: Buyer) -> None:
    def refuse(route: Route) -> None:
        route.fulfill(status=422, content_type="application/json", body=json.dumps(ODD))

    def at_the_vault(page: Page) -> None:
        page.route("**/restricted.json", refuse)

    ana.tab.do(at_the_vault)
    types_her_card(ana, "4242424242424242")
    with translation.override("de"):
        assert said(ana, "card-errors") == gettext(REFUSED)
    assert "odd" not in ana.text
    ana.inside(lambda frame: frame.locator("form[data-capture] button:enabled:not([type=button])").wait_for())
    ana.forgives("restricted.json", 422)
