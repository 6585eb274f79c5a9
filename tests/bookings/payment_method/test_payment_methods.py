"""Cards: captured by the vault, described by it, and never more than a token here."""

from datetime import date
from typing import Any

import pytest
from django.core import mail
from django.core.management import call_command
from django.db import connection
from django.test import TestCase

from bookings.booking.queries import pays_with
from bookings.payment_method import queries, services
from bookings.payment_method.models import CardCapture, PaymentMethod, Redaction
from bookings.payment_method.schemas import PaymentMethodList, PaymentMethodView, SecurityCodeView
from bookings.payment_method.services import (
    CaptureInvalid,
    CardAlreadyKept,
    CardExpired,
    CardGone,
    CardInUse,
    CardNotCaptured,
    VaultUnavailable,
)
from bookings.payment_method.vaults import registry
from movmo.kit.errors import InvalidArguments, NotFound
from movmo.operations.card_numbers import CardNumberRefused
from movmo.operations.context import Caller
from movmo.sandbox_vault.app import SandboxVault
from tests.conftest import StoppedClock
from tests.contract.world import World, new_key, the, type_code, view_of
from tests.letters import post

pytestmark = pytest.mark.django_db

AMEX = "378282246310005"


def cards(world: World) -> list[PaymentMethodView]:
    return view_of(PaymentMethodList, world.call("get_payment_methods")).data


def named(card: PaymentMethodView) -> dict[str, Any]:
    return {"payment_method_id": str(card.payment_method_id)}


def deleted(world: World, card: PaymentMethodView) -> PaymentMethod:
    with TestCase.captureOnCommitCallbacks(execute=True):
        world.call("delete_payment_method", **named(card))
    return PaymentMethod.objects.get(pk=card.payment_method_id)


@pytest.fixture
def no_vault() -> Any:
    """The vault is configured, and nobody answers there."""
    before = dict(registry._vaults)
    secret = {"environment_key": "e", "access_secret": "s", "receiver": "r"}
    registry.install_spreedly(name="sandbox", url="http://127.0.0.1:9", **secret)
    yield
    registry._vaults.update(before)


class TestAdding:
    def test_the_vault_says_what_card_it_is(self, world: World) -> None:
        card = world.card()
        assert (card.brand, card.last4, card.exp_month, card.exp_year) == ("visa", "4242", 12, 2034)
        assert card.is_test
        assert cards(world) == [card]
        assert world.card(AMEX).brand == "american_express"

    def test_a_capture_is_good_for_one_card(self, world: World) -> None:
        captured = world.captured()
        world.call("create_payment_method", **captured)
        with pytest.raises(CaptureInvalid):
            world.call("create_payment_method", **{**world.captured(), "capture_id": captured["capture_id"]})

    def test_a_capture_ends(self, world: World, clock: StoppedClock) -> None:
        captured = world.captured()
        clock.forward(minutes=31)
        with pytest.raises(CaptureInvalid):
            world.call("create_payment_method", **captured)

    def test_a_capture_is_its_travelers_own(self, world: World, bo_at_aviare: Caller) -> None:
        captured = world.captured()
        with pytest.raises(NotFound):
            world.call("create_payment_method", by=bo_at_aviare, **captured)
        assert CardCapture.objects.get().used_at is None

    def test_a_token_that_the_vault_does_not_know(self, world: World) -> None:
        with pytest.raises(CardNotCaptured):
            world.call("create_payment_method", **{**world.captured(), "vault_token": "x" * 27})
        assert cards(world) == []

    def test_a_card_is_kept_once(self, world: World, bo_at_aviare: Caller) -> None:
        token = world.captured()["vault_token"]
        world.call("create_payment_method", **{**world.captured(), "vault_token": token})
        with pytest.raises(CardAlreadyKept):
            world.call("create_payment_method", **{**world.captured(), "vault_token": token})
        bos = World(bo_at_aviare)
        with pytest.raises(CardNotCaptured):  # as if it were nobody's
            bos.call("create_payment_method", **{**bos.captured(), "vault_token": token})
        assert cards(bos) == []

    def test_an_expired_card_is_refused(self, world: World, clock: StoppedClock) -> None:
        clock.set(clock.now.replace(year=2035))
        with pytest.raises(CardExpired):
            world.card()
        assert cards(world) == []

    def test_while_the_vault_is_away_nothing_is_lost(self, world: World, no_vault: None) -> None:
        captured, key = self._capture_elsewhere(world), new_key()
        with pytest.raises(VaultUnavailable) as caught:
            world.call("create_payment_method", key=key, **captured)
        assert caught.value.retryable
        assert cards(world) == []

    def _capture_elsewhere(self, world: World) -> dict[str, Any]:
        capture = world.call("open_card_capture").view
        return {"capture_id": str(capture.model_dump()["capture_id"]), "vault_token": "x" * 27}

    def test_once_it_is_back_the_same_call_goes_on(self, world: World, the_vault: SandboxVault) -> None:
        captured, key = world.captured(), new_key()
        working = registry._vaults["sandbox"]
        secret = {"environment_key": "e", "access_secret": "s", "receiver": "r"}
        registry.install_spreedly(name="sandbox", url="http://127.0.0.1:9", **secret)
        with pytest.raises(VaultUnavailable):
            world.call("create_payment_method", key=key, **captured)
        registry.install(working)
        answer = world.call("create_payment_method", key=key, **captured)
        assert view_of(PaymentMethodView, answer).last4 == "4242"


class TestTheDefault:
    def test_there_is_one_at_most(self, world: World) -> None:
        first, second = world.card(is_default=True), world.card(AMEX, is_default=True)
        assert [(card.last4, card.is_default) for card in cards(world)] == [("0005", True), ("4242", False)]
        change = {"exp_month": 1, "exp_year": 2033, "is_default": True}
        world.call("update_payment_method", **named(first), **change)
        assert [(card.last4, card.is_default) for card in cards(world)] == [("4242", True), ("0005", False)]
        assert second.payment_method_id != first.payment_method_id

    def test_deleting_it_leaves_none(self, world: World) -> None:
        default = world.card(is_default=True)
        world.card(AMEX)
        deleted(world, default)
        assert [card.is_default for card in cards(world)] == [False]


class TestChanging:
    @pytest.mark.parametrize(
        ("change", "pointer"), [({"exp_month": 13}, "/exp_month"), ({"exp_year": 2099}, "/exp_year")]
    )
    def test_a_malformed_field_is_named(self, world: World, change: dict[str, Any], pointer: str) -> None:
        whole = {"exp_month": 5, "exp_year": 2033, "is_default": False, **change}
        with pytest.raises(InvalidArguments) as caught:
            world.call("update_payment_method", **named(world.card()), **whole)
        assert set(caught.value.fields) == {pointer}

    def test_into_the_past_is_refused(self, world: World) -> None:
        with pytest.raises(CardExpired):
            world.call("update_payment_method", **named(world.card()), exp_month=1, exp_year=2020, is_default=False)

    def test_another_travelers_card_is_not_found(self, world: World, bo_at_aviare: Caller) -> None:
        card = world.card()
        for name in ("get_payment_method", "delete_payment_method"):
            with pytest.raises(NotFound):
                world.call(name, by=bo_at_aviare, **named(card))
        assert cards(world) == [card]


class TestTheSecurityCode:
    def told(self, world: World, card: PaymentMethodView) -> SecurityCodeView:
        return view_of(SecurityCodeView, world.call("open_security_code_capture", **named(card)))

    def test_the_form_is_told_and_whether_there_is_need_of_it(self, world: World, the_vault: SandboxVault) -> None:
        captured = world.captured(AMEX)
        card = view_of(PaymentMethodView, world.call("create_payment_method", **captured))
        told = self.told(world, card)
        assert (told.is_held, told.brand, told.last4) == (True, "american_express", "0005")
        assert (told.vault_token, told.environment_key) == (captured["vault_token"], "sandbox-environment")
        kept = the_vault.cards.get(told.vault_token)
        assert kept is not None
        kept.code = ""
        assert not self.told(world, card).is_held
        type_code(told.script_url, told.vault_token, "1234").raise_for_status()
        assert self.told(world, card).is_held

    def test_another_travelers_is_not_found(self, world: World, bo_at_aviare: Caller) -> None:
        card = world.card()
        with pytest.raises(NotFound):
            world.call("open_security_code_capture", by=bo_at_aviare, **named(card))

    def test_a_deleted_one_is_not_found(self, world: World) -> None:
        card = world.card()
        deleted(world, card)
        with pytest.raises(NotFound):
            self.told(world, card)

    def test_one_that_the_vault_has_forgotten_is_gone(self, world: World, the_vault: SandboxVault) -> None:
        card = world.card()
        the_vault.cards.redact(PaymentMethod.objects.get().token or "")
        with pytest.raises(CardGone):
            self.told(world, card)

    def test_a_vault_that_is_away_says_nothing(self, world: World) -> None:
        card, working = world.card(), registry._vaults["sandbox"]
        secret = {"environment_key": "e", "access_secret": "s", "receiver": "r"}
        registry.install_spreedly(name="sandbox", url="http://127.0.0.1:9", **secret)
        try:
            with pytest.raises(VaultUnavailable) as caught:
                self.told(world, card)
        finally:
            registry.install(working)
        assert caught.value.retryable

    def test_no_agent_has_a_tool_for_it(self) -> None:
        assert not the("open_security_code_capture").tool


class TestDeleting:
    def test_the_vault_forgets_the_number(self, world: World, the_vault: SandboxVault) -> None:
        captured = world.captured()
        card = view_of(PaymentMethodView, world.call("create_payment_method", **captured))
        assert deleted(world, card).token is None
        kept = the_vault.cards.get(captured["vault_token"])
        assert kept is not None
        assert not Redaction.objects.exists()
        assert (kept.storage_state, kept.number) == ("redacted", "4242")
        assert cards(world) == []

    def test_a_vault_that_is_away_is_told_later(self, world: World) -> None:
        card, working = world.card(), registry._vaults["sandbox"]
        secret = {"environment_key": "e", "access_secret": "s", "receiver": "r"}
        registry.install_spreedly(name="sandbox", url="http://127.0.0.1:9", **secret)
        assert deleted(world, card).deleted_at is not None
        assert services.sweep() == (0, 1)
        registry.install(working)
        assert services.sweep() == (1, 0)
        assert services.sweep() == (0, 0)

    def test_not_while_a_booking_pays_with_it(self, world: World) -> None:
        card = world.card()
        services.install_use_check(lambda card_id: card_id == card.payment_method_id)
        try:
            with pytest.raises(CardInUse):
                world.call("delete_payment_method", **named(card))
        finally:
            services.install_use_check(pays_with)
        assert cards(world) == [card]


class TestSecrets:
    def test_the_token_is_encrypted(self, world: World) -> None:
        captured = world.captured()
        world.call("create_payment_method", **captured)
        with connection.cursor() as cursor:
            cursor.execute("SELECT token, lookup FROM payment_method")
            stored = b"".join(bytes(part) for part in cursor.fetchone())
        assert captured["vault_token"].encode() not in stored

    @pytest.mark.parametrize("text", ["4242424242424242", "4242 4242 4242 4242", "my card: 4242-4242-4242-4242"])
    def test_a_card_number_is_refused_wherever_it_is(self, world: World, text: str) -> None:
        sent = {"given_name": text, "family_name": "A", "birth_date": "1988-04-12", "gender": "F"}
        with pytest.raises(CardNumberRefused) as caught:
            world.call("create_passenger_profile", **sent)
        assert set(caught.value.fields) == {"/given_name"}
        with pytest.raises(CardNumberRefused):
            world.call("create_payment_method", **{**world.captured(), "number": text})
        with pytest.raises(CardNumberRefused):
            world.call("create_payment_method", key="4242424242424242", **world.captured())


def test_cards_that_end_are_noticed_once(world: World) -> None:
    world.card()
    assert queries.expiring(today=date(2034, 10, 31)) == []
    (ending,) = queries.expiring(today=date(2034, 11, 1))
    assert queries.expiring(today=date(2034, 12, 31)) == [ending]
    assert queries.expiring(today=date(2035, 1, 1)) == []


def test_their_owners_are_told_once(world: World, clock: StoppedClock) -> None:
    world.card()
    clock.set(clock.now.replace(year=2034, month=11))
    for _ in range(2):
        call_command("card_notices")
    post()
    (letter,) = mail.outbox
    assert (letter.to, letter.subject) == (["ana@example.com"], "Your visa ending in 4242 expires soon")


def test_captures_that_ended_are_swept(world: World, clock: StoppedClock) -> None:
    world.captured()
    services.sweep()
    assert CardCapture.objects.exists()
    clock.forward(minutes=61)
    services.sweep()
    assert not CardCapture.objects.exists()
