"""A new card in the frame: the vault's fields, and the token that comes back."""

import re
from typing import Any

import pytest
from django.test import Client

from bookings.payment_method.models import PaymentMethod
from bookings.payment_method.vaults import registry
from checkout_widget import csp
from tests.checkout_widget.conftest import Checkout
from tests.checkout_widget.frame.person import Person
from tests.contract.world import type_card


@pytest.fixture
def she(ready: Checkout, client: Client, vault_is_up: None) -> Person:
    return Person(ready, client)


@pytest.fixture
def no_vault() -> Any:
    before = dict(registry._vaults)
    registry._vaults.clear()
    yield
    registry._vaults.update(before)


def script_of(person: Person) -> str:
    found = re.search(r'data-script="([^"]*)"', person.page)
    assert found is not None
    return found[1]


def test_the_form_names_the_vault_and_has_no_field_for_a_number(she: Person) -> None:
    she.gets("cards")
    assert script_of(she).endswith("/iframe/iframe-v1.min.js")
    assert 'data-environment-key="sandbox-environment"' in she.page
    named = re.findall(r'<input[^>]* name="([^"]*)"', she.page)
    assert named == ["key", "capture_id", "vault_token"]


def test_a_card_is_kept_and_ticked(she: Person) -> None:
    she.checkout.world.card("5555555555554444", is_default=True)
    she.adds_a_card()
    kept = PaymentMethod.objects.get(brand="visa")
    assert she.chosen_card() == str(kept.pk)


def test_a_form_sent_twice_keeps_one_card(she: Person) -> None:
    she.gets("cards")
    sent = {name: she.value(name) for name in ("key", "capture_id")}
    token = type_card(script_of(she), "4242424242424242")
    for _ in range(2):
        she.posts("cards", **sent, vault_token=token)
        assert she.status == 200
    assert PaymentMethod.objects.count() == 1


def test_a_token_that_the_vault_does_not_know_is_typed_again(she: Person) -> None:
    she.gets("cards")
    first = she.value("capture_id")
    sent = {name: she.value(name) for name in ("key", "capture_id")}
    she.posts("cards", **sent, vault_token="NoSuchTokenAtAllHere")
    assert she.status == 422
    assert "Enter the card again" in she.says()
    assert she.value("capture_id") != first


def test_a_card_number_in_place_of_a_token_is_refused_and_not_shown(she: Person) -> None:
    she.gets("cards")
    sent = {name: she.value(name) for name in ("key", "capture_id")}
    she.posts("cards", **sent, vault_token="4242424242424242")
    assert she.status in (400, 422)
    assert "4242424242424242" not in she.page
    assert not PaymentMethod.objects.exists()


def test_without_a_vault_the_review_says_so(ready: Checkout, client: Client, no_vault: None) -> None:
    ana = Person(ready, client)
    ana.gets("cards")
    assert ana.status == 503
    assert "no money moved" in ana.says()
    assert "Check and pay" in ana.says()


def test_the_frames_page_may_show_the_vault_from_the_start(she: Person, settings: Any) -> None:
    """Its policy is fixed when it is loaded."""
    policy = csp.of_frame("https://shop.example")
    assert all(vault["url"] in policy["frame-src"] for vault in settings.MOVMO_VAULTS)
