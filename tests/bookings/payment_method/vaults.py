"""What every vault does, told once. A vault's own tests give a `Stage` and get these for it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from bookings.payment_method.vaults.port import Delivered, TokenUnknown, Vault, VaultUnavailable


@dataclass(frozen=True, slots=True)
class Stage:
    """A vault, a token of a card that was just captured in it, and an address that it may deliver to. `type_code` does
    what the vault's field does in a browser."""

    vault: Vault
    token: str
    receiver_url: str
    elsewhere_url: str
    type_code: Callable[[], None]


CODE_PLACE = "{{credit_card_verification_value}}"
TEMPLATE = {
    "number": "{{credit_card_number}}",
    "amount": "412.30",
    "currency": "EUR",
    "reference": "0199d2ab-5c1e-7c11-9d6f-2f6f5f0c3a10",
}


class VaultContract:
    """Subclasses provide the fixture `stage`."""

    def test_the_form_is_reached_without_a_secret(self, stage: Stage) -> None:
        access = stage.vault.form_access()
        assert access.script_url.startswith(access.frame_origin)
        assert access.vault == stage.vault.name
        assert "secret" not in repr(access)

    def test_a_captured_card_is_kept_and_described(self, stage: Stage) -> None:
        card = stage.vault.retain(stage.token)
        assert (card.token, card.brand, card.last4) == (stage.token, "visa", "4242")
        assert stage.vault.describe(stage.token) == card
        assert stage.vault.retain(stage.token) == card

    @pytest.mark.parametrize("token", ["x" * 27, "", "../receivers", "a b", "ä", "56wyNnSmuA6CWYP7w0MiYCVIbW6\n"])
    def test_an_unknown_token_is_unknown(self, stage: Stage, token: str) -> None:
        with pytest.raises(TokenUnknown):
            stage.vault.retain(token)
        with pytest.raises(TokenUnknown):
            stage.vault.describe(token)

    def test_the_number_gets_to_the_receiver_and_no_further(self, stage: Stage) -> None:
        stage.vault.retain(stage.token)
        answer = stage.vault.deliver(
            stage.token, url=stage.receiver_url, template=TEMPLATE, idempotency_key=TEMPLATE["reference"]
        )
        assert answer.status == 200
        assert answer.body["status"] == "approved"
        assert "4242424242424242" not in repr(answer)

    def test_a_code_goes_with_one_delivery_and_is_typed_for_the_next(self, stage: Stage) -> None:
        assert stage.vault.retain(stage.token).has_code
        for _ in range(2):
            self.deliver(stage, {**TEMPLATE, "verification_value": CODE_PLACE})
            assert not stage.vault.describe(stage.token).has_code
            stage.type_code()
            assert stage.vault.describe(stage.token).has_code

    def test_a_card_without_a_code_is_delivered_all_the_same(self, stage: Stage) -> None:
        stage.vault.retain(stage.token)
        template = {**TEMPLATE, "verification_value": CODE_PLACE}
        assert [self.deliver(stage, template).body["status"] for _ in range(2)] == ["approved", "approved"]

    def test_what_does_not_ask_for_the_code_leaves_it(self, stage: Stage) -> None:
        stage.vault.retain(stage.token)
        self.deliver(stage, TEMPLATE)
        assert stage.vault.describe(stage.token).has_code

    @staticmethod
    def deliver(stage: Stage, template: dict[str, Any]) -> Delivered:
        return stage.vault.deliver(stage.token, url=stage.receiver_url, template=template, idempotency_key="k")

    def test_nothing_is_delivered_to_a_host_that_is_not_listed(self, stage: Stage) -> None:
        stage.vault.retain(stage.token)
        with pytest.raises(VaultUnavailable):
            stage.vault.deliver(stage.token, url=stage.elsewhere_url, template=TEMPLATE, idempotency_key="k")

    def test_a_card_that_is_forgotten_is_forgotten(self, stage: Stage) -> None:
        stage.vault.retain(stage.token)
        stage.vault.redact(stage.token)
        stage.vault.redact(stage.token)
        for gone in (stage.vault.retain, stage.vault.describe):
            with pytest.raises(TokenUnknown):
                gone(stage.token)
        with pytest.raises(TokenUnknown):
            stage.vault.deliver(stage.token, url=stage.receiver_url, template=TEMPLATE, idempotency_key="k")

    def test_forgetting_a_stranger_is_fine(self, stage: Stage) -> None:
        stage.vault.redact("x" * 27)


def captured(told: Any) -> str:
    token: str = told["transaction"]["payment_method"]["token"]
    return token
