"""A card that is kept: its security code is typed into the vault's field, and seen by nobody else."""

from urllib.parse import urlsplit

import pytest
from django.conf import settings
from playwright.sync_api import Frame, Page

from bookings.booking.models import Booking
from movmo.sandbox_vault.app import SandboxVault
from tests.browser.buyer import CARD, NEW_CARD, Buyer, frame_of
from tests.browser.conftest import NewBuyer, StepLooksRight
from tests.browser.tab import until
from tests.browser.test_checkout_purchase import everything_kept
from tests.browser.wire import Wire, is_in

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

AMEX, ASKED, CODE = "378282246310005", "Enter the security code", "9173"
SKIP = "() => document.querySelector('form[data-recache]').dispatchEvent(new CustomEvent('captured'))"
NAMED = "field => [field.ownerDocument.documentElement.lang, field.ariaLabel, field.title, field.placeholder]"


@pytest.fixture
def ana(buyer: NewBuyer, the_vault: SandboxVault) -> Buyer:
    """Has typed her card in some time ago, and said yes."""
    ana = buyer()
    ana.is_about_to_pay(card=AMEX)
    for card in the_vault.cards._cards.values():
        card.code = ""
    ana.pays()
    ana.sees(ASKED)
    return ana


def field_has_the_focus(ana: Buyer) -> bool:
    """Once the vault's fields are there, and without a press of Tab."""

    def look(frame: Frame) -> bool:
        frame.frame_locator("iframe[name=movmo-vault-cvv]").locator("input:focus").wait_for()
        return True

    return ana.inside(look)


def is_named(ana: Buyer, place: str, *names: str) -> None:
    """The vault's field, once it has heard what it is called."""

    def read(page: Page) -> None:
        field = frame_of(page).frame_locator(f"#{place} iframe").locator("input")
        assert until(page, lambda: bool(field.evaluate(NAMED) == list(names))), field.evaluate(NAMED)

    ana.tab.do(read)


def test_the_vaults_field_is_named_and_says_how_long_the_code_is(ana: Buyer) -> None:
    ana.waits_for_the_last_button()
    is_named(ana, "card-code", "en", "Security code", "Security code", "1234")


def test_by_keyboard_alone(ana: Buyer) -> None:
    assert not Booking.objects.exists()
    assert field_has_the_focus(ana)
    ana.tab.write(CODE)
    ana.waits_for_the_last_button()
    ana.reach("button", "Confirm and pay", exact=False)
    ana.tab.press("Enter")
    assert ana.pnr
    assert Booking.objects.count() == 1


def test_enter_in_the_field_is_the_yes(ana: Buyer) -> None:
    assert field_has_the_focus(ana)
    ana.tab.write(CODE)
    ana.waits_for_the_last_button()
    ana.tab.press("Enter")
    assert ana.pnr


def test_what_is_no_code_is_marked_and_booked_by_nobody(ana: Buyer, step_looks_right: StepLooksRight) -> None:
    assert field_has_the_focus(ana)
    ana.waits_for_the_last_button()
    step_looks_right(ana, "security-code")
    ana.tab.write("12")
    ana.pays()
    ana.inside(lambda frame: frame.locator("#card-code.invalid").wait_for())
    assert field_has_the_focus(ana)
    assert "4 on the front" in ana.text
    ana.waits_for_the_last_button()
    step_looks_right(ana, "security-code-wrong")
    assert not Booking.objects.exists()
    ana.forgives("recache.json", 422)
    ana.click("Back")
    ana.sees("Check and pay")


def test_the_code_is_the_vaults_and_nobody_elses(buyer: NewBuyer, the_vault: SandboxVault) -> None:
    ana = buyer()
    wire = Wire(ana.tab)
    ana.is_about_to_pay(card=AMEX)
    for card in the_vault.cards._cards.values():
        card.code = ""
    ana.pays()
    ana.sees(ASKED)
    ana.waits_for_the_last_button()
    ana.types_into_the_vault("cvv", CODE)
    ana.pays()
    assert ana.pnr
    vault = urlsplit(settings.MOVMO_VAULTS[0]["url"]).netloc
    assert {host for host, text in wire.sent() if is_in(CODE, text)} == {vault}
    seen = [wire.readable(), wire.kept(), *wire.said, ana.inside(lambda frame: frame.content())]
    assert [text for text in seen if is_in(CODE, text)] == []
    assert [(model.__name__, row) for model, row in everything_kept() if is_in(CODE, row)] == []


def test_a_page_that_skips_the_vault_books_nothing(ana: Buyer) -> None:
    def skip(page: Page) -> str:
        with page.expect_response("**/confirm") as answered:
            frame_of(page).evaluate(SKIP)
        return answered.value.text()

    assert ASKED in ana.tab.do(skip)
    assert not Booking.objects.exists()


def test_an_empty_field_of_a_new_card_is_marked_and_gets_the_focus(
    buyer: NewBuyer, step_looks_right: StepLooksRight
) -> None:
    ana = buyer()
    ana.press_the_button()
    ana.signs_in()
    ana.opens_the_card_form()
    ana.fill("Month", "12")
    ana.click("Add the card")
    ana.is_told_of_a_mistake()
    focused = "() => document.activeElement.id"
    marked = "() => [...document.querySelectorAll('[aria-invalid=true]')].map(one => one.id)"
    assert ana.inside(lambda frame: frame.evaluate(focused)) == "card-name"
    assert ana.inside(lambda frame: frame.evaluate(marked)) == ["card-name", "card-year"]
    said = "() => document.getElementById(document.activeElement.getAttribute('aria-describedby')).textContent"
    assert ana.inside(lambda frame: frame.evaluate(said)) == "Enter the name as on the card."
    step_looks_right(ana, "card-wrong")
    ana.fill("Name on the card", "Ana Andersson")
    ana.fill("Year", "2034")
    ana.types_into_the_vault("number", CARD)
    ana.click("Add the card")
    assert field_has_the_focus(ana)
    assert ana.inside(lambda frame: frame.evaluate(marked)) == []
    ana.inside(lambda frame: frame.locator("#card-code.invalid").wait_for())
    step_looks_right(ana, "card-wrong-code")
    ana.forgives("restricted.json", 422)
    ana.sees(NEW_CARD)
