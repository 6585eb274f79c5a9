"""Signing in to the checkout with a passkey: in the frame on the shop's page, in a window, and in this very tab."""

from typing import Any
from urllib.parse import urlencode

import pytest
from allauth.mfa.models import Authenticator

from checkout_widget.session.models import CheckoutSession
from movmo.accounts.models import User
from tests.browser.buyer import EMAIL, REVIEW, Buyer
from tests.browser.conftest import NewBuyer, StepLooksRight
from tests.browser.passkeys import LOCALHOST, Key, carry_key
from tests.browser.person import sign_in

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

PASSKEY = "Sign in with a passkey"
HAVE_NONE = {
    "the browser has none": "delete window.PublicKeyCredential",
    "the page around does not let it": "document.featurePolicy.allowsFeature = () => false",
}


@pytest.fixture(autouse=True)
def _has_a_name(settings: Any) -> None:
    settings.ORIGIN = LOCALHOST


def with_a_passkey(buyer: NewBuyer, **chosen: str) -> tuple[Buyer, Key]:
    """ana, whose machine has a key that her account knows."""
    ana = buyer(**chosen)
    key = carry_key(ana.tab)
    ana.tab.open(f"{LOCALHOST}/accounts/passkeys/new/")
    sign_in(ana.tab)
    ana.tab.fill("Name", "My laptop")
    ana.tab.click("button", "Add a passkey")
    assert ana.tab.open(f"/?{urlencode(chosen)}") == 200
    return ana, key


def is_ana() -> bool:
    return CheckoutSession.objects.get().user_id == User.objects.get(email="ana@example.com").pk


def test_in_a_frame_of_another_site(buyer: NewBuyer, step_looks_right: StepLooksRight) -> None:
    """The browser says in what it signs whose page the frame stands in: the server believes no other."""
    ana, _ = with_a_passkey(buyer)
    ana.press_the_button()
    ana.sees(EMAIL)
    step_looks_right(ana, "email-passkey")
    ana.click(PASSKEY)
    ana.sees(REVIEW)
    assert is_ana()


def test_by_keyboard(buyer: NewBuyer) -> None:
    ana, _ = with_a_passkey(buyer)
    ana.press_the_button()
    ana.sees(EMAIL)
    ana.reach("button", PASSKEY)
    ana.tab.press("Enter")
    ana.sees(REVIEW)
    assert is_ana()


def test_in_a_window(buyer: NewBuyer) -> None:
    ana, key = with_a_passkey(buyer, mode="popup")
    ana.press_the_button()
    ana.sees(EMAIL)
    key.is_in_the_window()
    ana.click(PASSKEY)
    ana.sees(REVIEW)
    assert is_ana()


def test_in_this_tab(buyer: NewBuyer) -> None:
    ana, _ = with_a_passkey(buyer, mode="redirect")
    ana.press_the_button()
    ana.sees(EMAIL)
    ana.click(PASSKEY)
    ana.sees(REVIEW)
    assert is_ana()


def test_one_that_was_removed_leaves_the_code(buyer: NewBuyer, step_looks_right: StepLooksRight) -> None:
    ana, _ = with_a_passkey(buyer)
    Authenticator.objects.all().delete()
    ana.press_the_button()
    ana.sees(EMAIL)
    ana.fill("Your e-mail address", "bo@example.com")
    ana.click(PASSKEY)
    ana.inside(lambda frame: frame.get_by_text("That passkey was not accepted").first.wait_for())
    step_looks_right(ana, "email-passkey-refused")
    ana.forgives("passkey", 422)
    assert ana.inside(lambda frame: frame.input_value("#email")) == "bo@example.com"
    ana.signs_in()
    assert is_ana()


def test_a_key_that_knows_nobody_leaves_the_code(buyer: NewBuyer, step_looks_right: StepLooksRight) -> None:
    ana = buyer()
    carry_key(ana.tab)
    ana.press_the_button()
    ana.sees(EMAIL)
    ana.click(PASSKEY)
    ana.inside(lambda frame: frame.get_by_text("No passkey was used").wait_for())
    step_looks_right(ana, "email-passkey-unused")
    ana.signs_in()
    assert is_ana()


@pytest.mark.parametrize("lacks", HAVE_NONE)
def test_it_is_not_offered_where_it_cannot_be(buyer: NewBuyer, lacks: str) -> None:
    ana = buyer()
    ana.tab.do_in_context(lambda context: context.add_init_script(HAVE_NONE[lacks]))
    ana.press_the_button()
    ana.sees(EMAIL)
    assert PASSKEY not in ana.text
    ana.signs_in()
