"""A card that is kept pays with its security code, which the vault alone may know."""

import re
from typing import Any

import pytest
from django.apps import apps
from django.test import Client
from structlog.testing import capture_logs

from bookings.booking.models import Booking
from bookings.payment_method.models import PaymentMethod
from bookings.payment_method.vaults import registry
from checkout_widget.session.states import CheckoutState as State
from movmo.operations.context import Caller
from movmo.sandbox_vault.app import SandboxVault
from tests.browser.wire import is_in
from tests.checkout_widget.conftest import Checkout, Checkouts
from tests.checkout_widget.frame.person import Person
from tests.contract.world import World, type_code
from tests.operations.together import together

pytestmark = pytest.mark.usefixtures("vault_is_up")

AMEX, CODE = "378282246310005", "9173"
DECLINES = "4000000000000002"


def forget_codes(vault: SandboxVault) -> None:
    """As time does."""
    for card in vault.cards._cards.values():
        card.code = ""


def code_at(vault: SandboxVault, card: PaymentMethod) -> str:
    found = vault.cards.get(card.token or "")
    assert found is not None
    return found.code


@pytest.fixture
def she(ready: Checkout, client: Client, the_vault: SandboxVault) -> Person:
    """Has a card that she typed in some days ago."""
    ready.world.card(AMEX)
    forget_codes(the_vault)
    person = Person(ready, client)
    person.step()
    return person


def is_untouched(checkout: Checkout) -> bool:
    return checkout.state == State.READY and checkout.attempts == [] and not Booking.objects.exists()


class TestAsked:
    def test_of_a_card_whose_code_the_vault_has_not(self, she: Person) -> None:
        she.confirms()
        assert (she.status, she.is_asked_for_the_code) == (200, True)
        assert is_untouched(she.checkout)
        price = f"€{she.checkout.session.total.amount}"
        assert "American Express •••• 0005" in she.says().replace("\xa0", " ")
        for told in (
            "Enter the security code",
            f"Confirm and pay {price} to Movmo Sandbox Air",
            "Nothing is booked yet",
        ):
            assert told in she.says()
        assert "data-confirm disabled" in she.page
        she.types_the_code(CODE)
        assert "You are booked" in she.confirms()
        assert Booking.objects.get().payment_method == PaymentMethod.objects.get()

    def test_the_page_has_no_field_for_a_code(self, she: Person) -> None:
        she.confirms()
        assert re.findall(r'<input[^>]* name="([^"]*)"', she.page) == ["quote_version", "payment_method_id"]
        assert "<input" not in she.page.replace('<input type="hidden"', "")

    def test_not_of_a_card_that_was_typed_in_just_now(self, she: Person) -> None:
        she.adds_a_card()
        assert "You are booked" in she.confirms()

    def test_again_after_a_decline(self, ready: Checkout, client: Client) -> None:
        ana = Person(ready, client)
        ana.step()
        ana.adds_a_card(DECLINES)
        ana.confirms()
        assert "2 more times" in ana.says()
        ana.confirms(payment_method_id=str(PaymentMethod.objects.get().pk))
        assert ana.is_asked_for_the_code
        assert (len(ready.attempts), ready.again().declines) == (1, 1)
        ana.types_the_code()
        ana.confirms()
        assert "1 more time" in ana.says()

    def test_the_bank_gets_the_code_once(self, she: Person, the_vault: SandboxVault) -> None:
        she.pays()
        made = next(one for one in the_vault.desk._by_id.values() if one.key == str(Booking.objects.get().pk))
        assert made.cvv_result == "M"
        assert code_at(the_vault, PaymentMethod.objects.get()) == ""

    def test_in_german(self, checkouts: Checkouts, client: Client, the_vault: SandboxVault) -> None:
        checkout = checkouts.ready(locale="de")
        checkout.world.card()
        forget_codes(the_vault)
        ana = Person(checkout, client)
        ana.step()
        ana.confirms()
        assert ana.is_asked_for_the_code
        for told in ("Geben Sie die Prüfnummer ein", "Es ist noch nichts gebucht", " an Movmo Sandbox Air zahlen"):
            assert told in ana.says()
        assert "Confirm and pay" not in ana.says()


class TestByAttack:
    def test_a_page_that_skips_the_vault_books_nothing(self, she: Person) -> None:
        for _ in range(3):
            she.confirms()
            assert she.is_asked_for_the_code
            assert is_untouched(she.checkout)

    def test_whatever_the_page_says_of_a_code_counts_for_nothing(self, she: Person) -> None:
        she.confirms(is_held="true", recached="1", verification_value=CODE, security_code=CODE, vault_token="x" * 27)
        assert she.is_asked_for_the_code
        assert is_untouched(she.checkout)

    def test_the_code_of_another_card_of_hers_does_not_help(self, she: Person, the_vault: SandboxVault) -> None:
        mine = PaymentMethod.objects.get()
        she.checkout.world.card()
        she.confirms(payment_method_id=str(mine.pk))
        assert she.is_asked_for_the_code
        assert code_at(the_vault, mine) == ""
        assert is_untouched(she.checkout)

    def test_another_travelers_card_is_not_hers_and_its_token_is_not_told(
        self, she: Person, bo_at_aviare: Caller, the_vault: SandboxVault
    ) -> None:
        his = World(bo_at_aviare).card("5555555555554444")
        card = PaymentMethod.objects.get(pk=his.payment_method_id)
        for code_is_there in (True, False):
            if not code_is_there:
                forget_codes(the_vault)
            she.step()
            she.confirms(payment_method_id=str(card.pk))
            assert she.status == 422
            assert "Choose the card that pays" in she.says()
            assert (card.token or "") not in she.page and not re.search(r"\b4444\b", she.page)
            assert is_untouched(she.checkout)

    def test_a_yes_to_a_price_that_nobody_told_is_not_asked_for_a_code(self, she: Person) -> None:
        she.confirms(quote_version="2")
        assert (she.status, she.is_asked_for_the_code) == (400, False)
        assert is_untouched(she.checkout)

    def test_a_yes_to_an_older_price_is_not_asked_for_a_code(
        self, checkouts: Checkouts, client: Client, the_vault: SandboxVault
    ) -> None:
        checkout = checkouts.ready(family_name="PRICEUP")
        checkout.world.card(AMEX)
        ana = Person(checkout, client)
        ana.step()
        ana.confirms()
        assert ana.value("quote_version") == "2"
        forget_codes(the_vault)
        ana.confirms(quote_version="1")
        assert (ana.status, ana.is_asked_for_the_code) == (409, False)
        assert "The price has changed" in ana.says()
        assert (checkout.state, checkout.attempts) == (State.READY, [])
        ana.confirms()
        assert ana.is_asked_for_the_code

    def test_the_code_is_nowhere_but_in_the_vault(
        self, she: Person, the_vault: SandboxVault, caplog: pytest.LogCaptureFixture
    ) -> None:
        with capture_logs() as log, caplog.at_level("DEBUG"):
            she.confirms()
            token, script = PaymentMethod.objects.get().token or "", re.search(r'data-script="([^"]*)"', she.page)
            assert script is not None
            assert type_code(script[1], token, CODE).status_code == 200
            assert code_at(the_vault, PaymentMethod.objects.get()) == CODE
            she.confirms()
            assert "You are booked" in she.says()
        seen = [she.page, repr(log), caplog.text, *everything_kept()]
        assert any("American Express" in one or "american_express" in one for one in seen)
        assert [one[:80] for one in seen if is_in(CODE, one) or is_in(AMEX[:-4], one)] == []

    def test_the_token_is_in_no_line_of_the_audit_trail_and_in_no_log(
        self, she: Person, caplog: pytest.LogCaptureFixture
    ) -> None:
        token = PaymentMethod.objects.get().token or ""
        with capture_logs() as log, caplog.at_level("DEBUG"):
            she.confirms()
        assert token in she.page
        assert not [one for one in (repr(log), caplog.text, *everything_kept(but=PaymentMethod)) if token in one]


def everything_kept(*, but: Any = None) -> list[str]:
    """Every row of every table, as text."""
    return [str(row) for model in apps.get_models() if model is not but for row in model._default_manager.values()]


class TestTheVault:
    def test_that_is_away_is_told_and_nothing_is_booked(self, she: Person) -> None:
        card = she.chosen_card()
        working = registry._vaults["sandbox"]
        secret = {"environment_key": "e", "access_secret": "s", "receiver": "r"}
        registry.install_spreedly(name="sandbox", url="http://127.0.0.1:9", **secret)
        try:
            she.confirms()
        finally:
            registry.install(working)
        assert she.status == 503
        assert "The card vault cannot be reached. Nothing was booked and no money moved." in she.says()
        assert she.chosen_card() == card
        assert is_untouched(she.checkout)

    def test_that_has_forgotten_the_card_costs_no_try(self, she: Person, the_vault: SandboxVault) -> None:
        the_vault.cards._cards.clear()
        she.confirms()
        assert she.status == 422
        assert "This card is not kept any more" in she.says()
        assert "Enter the card again" in she.says()
        assert "bank" not in she.says()
        assert "checked" not in she.page
        assert (is_untouched(she.checkout), she.checkout.session.declines) == (True, 0)
        assert she.page.index("Add a card") < she.page.index("Your trip")
        she.adds_a_card()
        assert "You are booked" in she.confirms()

    def test_that_forgets_it_in_the_last_moment_costs_no_try_either(
        self, ready: Checkout, client: Client, the_vault: SandboxVault
    ) -> None:
        ready.world.card()
        ana = Person(ready, client)
        ana.step()
        working = the_vault.cards.get
        asked: list[str] = []

        def once(token: str) -> Any:
            """It tells of the card, and cannot deliver it any more."""
            asked.append(token)
            return working(token) if len(asked) == 1 else None

        the_vault.cards.get = once  # type: ignore[method-assign]
        try:
            ana.confirms()
        finally:
            del the_vault.cards.get
        assert len(asked) == 2
        assert "This card is not kept any more" in ana.says()
        assert "checked" not in ana.page
        assert (ready.state, ready.session.declines, ready.session.failure_code) == ("ready", 0, "payment_method_gone")
        assert Booking.objects.get().state == "failed"


@pytest.mark.django_db(transaction=True)
def test_of_two_yeses_at_once_the_slower_sees_how_the_first_goes(transactional_db: None, checkouts: Checkouts) -> None:
    """The code went with the first: the second is not asked for it."""
    checkout = checkouts.ready()
    checkout.world.card()
    ana = Person(checkout, Client())
    ana.step()
    sent = {"quote_version": ana.value("quote_version"), "payment_method_id": ana.chosen_card()}

    def says_yes() -> str:
        return Person(checkout, Client()).posts("confirm", **sent)

    pages = together(*[says_yes] * 4)
    assert [page for page in pages if "data-recache" in str(page)] == []
    assert all(isinstance(page, str) for page in pages), pages
    assert len(checkout.attempts) == 1
