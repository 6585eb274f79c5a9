"""The vault's fields in the checkout: who is listened to, and what is typed where a number does not belong."""

import re
from urllib.parse import urljoin

import httpx2
import pytest
from django.test import Client

from bookings.payment_method.vaults import registry
from checkout_widget.session.models import CheckoutSession
from movmo.sandbox_vault.app import SandboxVault
from tests.checkout_widget.conftest import Checkout
from tests.checkout_widget.frame.person import Person
from tests.clear_text import tells_the_card
from tests.factories import DEMO_SHOP


@pytest.fixture
def script_url(the_vault: SandboxVault) -> str:
    vault = registry.current()
    assert vault is not None
    return vault.form_access().script_url


@pytest.mark.parametrize("name", ["number", "cvv"])
def test_a_shop_may_stand_around_a_field_and_is_not_listened_to(script_url: str, name: str) -> None:
    """A shop that frames a field itself would be its parent, and get tokens of cards that were typed there."""
    answer = httpx2.get(urljoin(script_url, f"/fields/{name}"), trust_env=False)
    assert DEMO_SHOP in answer.headers["Content-Security-Policy"].partition("frame-ancestors ")[2].split()
    assert re.findall(r'data-origin="([^"]*)"', answer.text) == ["http://127.0.0.1:8000"]
    assert DEMO_SHOP not in answer.text


@pytest.mark.parametrize("name", ["4242 4242 4242 4242", "Ana 5555555555554444"])
def test_a_number_typed_as_a_name_is_refused_and_not_told_again(script_url: str, name: str) -> None:
    """The field of the name is on the checkout's own page, and Movmo reads the card's name from the vault."""
    card = {"number": "4242424242424242", "verification_value": "123", "month": 1, "year": 2034, "full_name": name}
    sent = {"environment_key": "sandbox-environment", "payment_method": {"credit_card": card}}
    answer = httpx2.post(urljoin(script_url, "/v1/payment_methods/restricted.json"), json=sent, trust_env=False)
    (error,) = answer.json()["errors"]
    assert (answer.status_code, error["attribute"]) == (422, "full_name")
    assert not tells_the_card(answer.text)


@pytest.mark.usefixtures("vault_is_up")
@pytest.mark.parametrize(
    ("provider", "words"),
    [
        ("sandbox", "This is a sandbox: enter a test card such as 4242 4242 4242 4242."),
        ("duffel", "Enter the number as on the card."),
    ],
)
def test_a_test_card_is_asked_for_only_where_one_pays(
    arrived: Checkout, client: Client, provider: str, words: str
) -> None:
    CheckoutSession.objects.update(provider=provider)
    ana = Person(arrived, client)
    ana.gets("cards")
    assert re.findall(r'id="card-number" [^>]*data-unfilled="([^"]*)"', ana.page) == [words]
