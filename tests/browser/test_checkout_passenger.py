"""The form of a passenger: what it says while somebody types, and what of their document is wrong."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Frame

from bookings.passenger.models import Passenger
from tests.browser.buyer import AT_REST, REVIEW, Buyer
from tests.browser.conftest import NewBuyer, StepLooksRight
from tests.browser.marks import LOOKED_AT_ONCE
from tests.browser.person import code_from_letter

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True), LOOKED_AT_ONCE]

HEIGHT = "() => document.querySelector('form[data-check]').querySelector('.card').getBoundingClientRect().height"
# The field that is wrong has the focus, and what is said of it is not behind the button.
IN_SIGHT = """() => {
  const said = document.getElementById(`${document.activeElement.id}-error`)
  const { top, bottom } = said.getBoundingClientRect()
  return top > 0 && bottom < document.querySelector('.dock').getBoundingClientRect().top
}"""
WRONG = {
    "given_name": "Ana 2",
    "family_name": "Ana \N{SMILING FACE WITH SUNGLASSES}",
    "birth_date": "2190-01-01",
    "document_number": "NX 4!",
    "document_expires_on": "2001-01-01",
}


def at_the_form(buyer: NewBuyer, **chosen: str) -> Buyer:
    """In whatever language: nothing is found by its words."""
    ana = buyer(**chosen)
    ana.tab.do(lambda page: page.locator("movmo-express-checkout button").first.click())
    filled(ana, "#email", "ana@example.com")
    pressed(ana, "form[hx-post$=email] button:not([type=button])")
    filled(ana, "input.code", code_from_letter)
    pressed(ana, "form[hx-post$=code] button:not([type=button])")
    pressed(ana, ".choice.new[hx-get*=passengers]")
    ana.inside(lambda frame: frame.locator("#given_name").wait_for())
    return ana


def filled(ana: Buyer, field: str, text: str | Callable[[], str]) -> None:
    ana.inside(lambda frame: frame.locator(f"{AT_REST} {field}").first.wait_for())
    typed = text if isinstance(text, str) else text()
    ana.inside(lambda frame: frame.locator(field).first.fill(typed))


def pressed(ana: Buyer, button: str) -> None:
    ana.inside(lambda frame: frame.locator(f"{AT_REST} {button}").first.click())


def told(ana: Buyer, field: str) -> str:
    """What is wrong, once it is said below the field."""
    place = f"[data-told={field}].errors:not(:empty)"

    def read(frame: Frame) -> str:
        frame.locator(place).wait_for()
        return frame.locator(place).inner_text()

    return ana.inside(read)


def is_written(ana: Buyer, field: str, text: str) -> None:
    """Waits until it is said of all that was typed: of half a name something else is."""
    place = f"[data-told={field}]:not(.errors):text-is('On the ticket: {text}')"
    ana.inside(lambda frame: frame.locator(place).wait_for())


def test_a_name_answers_while_it_is_typed_and_moves_nothing(buyer: NewBuyer, step_looks_right: StepLooksRight) -> None:
    ana = at_the_form(buyer)
    before = ana.inside(lambda frame: frame.evaluate(HEIGHT))
    ana.inside(lambda frame: frame.locator("#given_name").press_sequentially("Zoë"))
    is_written(ana, "given_name", "ZOE")
    assert ana.inside(lambda frame: frame.evaluate("() => document.activeElement.id")) == "given_name"
    assert ana.inside(lambda frame: frame.input_value("#given_name")) == "Zoë"
    ana.inside(lambda frame: frame.locator("#family_name").press_sequentially("O'Neill-Müller"))
    is_written(ana, "family_name", "ONEILL MUELLER")
    step_looks_right(ana, "passenger-told")
    ana.inside(lambda frame: frame.locator("#given_name").press_sequentially("2"))
    assert told(ana, "given_name") == "This name cannot be written on a ticket."
    assert ana.inside(lambda frame: frame.get_attribute("#given_name", "aria-invalid")) == "true"
    ana.inside(lambda frame: frame.locator("#given_name").press("Backspace"))
    is_written(ana, "given_name", "ZOE")
    assert ana.inside(lambda frame: frame.get_attribute("#given_name", "aria-invalid")) is None
    assert ana.inside(lambda frame: frame.evaluate(HEIGHT)) == before
    assert Passenger.objects.count() == 0


def test_an_address_is_wrong_only_once_it_is_left(buyer: NewBuyer) -> None:
    ana = at_the_form(buyer)
    ana.inside(lambda frame: frame.locator("#email").press_sequentially("ana@"))
    with_an_answer(ana, lambda frame: frame.locator("#email").press_sequentially("e"))
    assert ana.inside(lambda frame: frame.inner_text("[data-told=email]")) == ""
    ana.inside(lambda frame: frame.locator("#email").press("Tab"))
    assert "ana@example.com" in told(ana, "email")
    described = ana.inside(lambda frame: frame.get_attribute("#email", "aria-describedby"))
    assert described == "email-told email-hint"


def test_the_form_saves_where_the_check_does_not_answer(buyer: NewBuyer) -> None:
    ana = at_the_form(buyer)
    ana.tab.do(lambda page: page.route("**/passengers/check", lambda route: route.fulfill(status=429, body="")))
    with_an_answer(ana, lambda frame: frame.locator("#given_name").press_sequentially("Ana"))
    assert ana.inside(lambda frame: frame.inner_text("[data-told=given_name]")) == ""
    ana.inside(lambda frame: frame.locator("#family_name").fill("Andersson"))
    ana.inside(lambda frame: frame.locator("#birth_date").fill("1988-04-04"))
    ana.inside(lambda frame: frame.locator("#gender").select_option("X"))
    ana.click("Save and go on")
    ana.sees(REVIEW)
    assert Passenger.objects.count() == 1
    ana.forgives("passengers/check", 429)


@pytest.mark.parametrize("locale", ["en", "de"])
def test_a_document_that_is_typed_wrongly(buyer: NewBuyer, step_looks_right: StepLooksRight, locale: str) -> None:
    ana = at_the_form(buyer, **{"from": "SIN", "to": "SYD", "locale": locale})
    step_looks_right(ana, f"passenger-document-{locale}")
    for field, text in WRONG.items():
        filled(ana, f"#{field}", text)
    pressed(ana, "#given_name")
    for field in WRONG:
        assert told(ana, field)
    step_looks_right(ana, f"passenger-document-told-{locale}")


@pytest.mark.parametrize("locale", ["en", "de"])
def test_a_document_that_is_refused(buyer: NewBuyer, step_looks_right: StepLooksRight, locale: str) -> None:
    ana = at_the_form(buyer, **{"from": "SIN", "to": "SYD", "locale": locale})
    for field, text in {"given_name": "Ana", "family_name": "Andersson", "birth_date": "1988-04-04"}.items():
        filled(ana, f"#{field}", text)
    filled(ana, "#document_number", "NX4P87L21")
    ana.inside(lambda frame: frame.locator("#gender").select_option("X"))
    ana.inside(lambda frame: frame.locator("#document_issuing_country").select_option("NL"))
    filled(ana, "#document_expires_on", WRONG["document_expires_on"])
    ana.inside(lambda frame: frame.locator("#document_number").focus())
    live = told(ana, "document_expires_on")
    pressed(ana, "form[data-check] button:not([type=button])")
    ana.inside(lambda frame: frame.locator(f"{AT_REST} #document_expires_on-error").wait_for())
    assert ana.inside(lambda frame: frame.inner_text("#document_expires_on-error")) == live
    assert ana.inside(lambda frame: frame.evaluate(IN_SIGHT))
    step_looks_right(ana, f"passenger-document-refused-{locale}")
    ana.forgives("passengers", 422)


def with_an_answer(ana: Buyer, step: Callable[[Frame], None]) -> None:
    """The step, and the check that follows it."""

    def do(frame: Frame) -> None:
        with frame.page.expect_response("**/passengers/check"):
            step(frame)

    ana.inside(do)
