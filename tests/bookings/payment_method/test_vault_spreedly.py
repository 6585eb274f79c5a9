"""Spreedly's adapter, against answers in the shape that Spreedly documents, through a transport of our own."""

import json
from typing import Any

import httpx2
import pytest

from bookings.payment_method.vaults.port import Vault, VaultUnavailable
from bookings.payment_method.vaults.spreedly import SpreedlyVault
from tests.bookings.payment_method.vaults import CODE_PLACE, Stage, VaultContract

TOKEN = "56wyNnSmuA6CWYP7w0MiYCVIbW6"
RECEIVER = "https://api.airline.example/authorizations"


class Recorded:
    """Answers as Spreedly words them, for one card."""

    def __init__(self) -> None:
        self.storage_state = "cached"
        self.has_code = True
        self.requests: list[httpx2.Request] = []

    def __call__(self, request: httpx2.Request) -> httpx2.Response:
        self.requests.append(request)
        path = request.url.path
        if path.endswith("/deliver.json"):
            return self._deliver(json.loads(request.content)["delivery"])
        if f"/{TOKEN}" not in path:
            return self._error(404, "errors.payment_method_not_found", "Unable to find the specified payment method.")
        if path.endswith("/retain.json") and self.storage_state == "cached":
            self.storage_state = "retained"
        if path.endswith("/redact.json"):
            self.storage_state = "redacted"
        if path.endswith(f"/{TOKEN}.json"):
            return httpx2.Response(200, json={"payment_method": self._card()})
        transaction = {"token": "AXKchwDYMqAmDqDhxCSaEqiHBk0", "succeeded": True, "payment_method": self._card()}
        return httpx2.Response(200, json={"transaction": transaction})

    def _card(self) -> dict[str, Any]:
        return {
            "token": TOKEN,
            "storage_state": self.storage_state,
            "test": True,
            "last_four_digits": "4242",
            "first_six_digits": "424242",
            "card_type": "visa",
            "month": 3,
            "year": 2032,
            "payment_method_type": "credit_card",
            "number": "XXXX-XXXX-XXXX-4242",
            "verification_value": "XXX" if self.has_code else "",
        }

    def _deliver(self, delivery: dict[str, Any]) -> httpx2.Response:
        if delivery["payment_method_token"] != TOKEN or self.storage_state == "redacted":
            return self._error(404, "errors.payment_method_not_found", "Unable to find the specified payment method.")
        if delivery["url"] != RECEIVER:
            return self._error(422, "errors.invalid", "The URL does not match the receiver's hostnames.")
        if CODE_PLACE in delivery["body"]:
            self.has_code = False
        sent = {"status": "approved", "id": "auth_1"}
        response = {"status": 200, "headers": "Content-Type: application/json", "body": json.dumps(sent)}
        transaction = {"transaction_type": "DeliverPaymentMethod", "succeeded": True, "response": response}
        return httpx2.Response(200, json={"transaction": transaction})

    def _error(self, status: int, key: str, message: str) -> httpx2.Response:
        return httpx2.Response(status, json={"errors": [{"key": key, "message": message}]})


def vault_over(handler: Any) -> Vault:
    return SpreedlyVault(
        name="spreedly",
        public_url="https://core.spreedly.com",
        environment_key="env",
        receiver="rcv",
        client=lambda: httpx2.Client(
            base_url="https://core.spreedly.com", auth=("env", "secret"), transport=httpx2.MockTransport(handler)
        ),
    )


class TestSpreedly(VaultContract):
    @pytest.fixture
    def stage(self) -> Stage:
        recorded = Recorded()

        def type_again() -> None:
            recorded.has_code = True

        return Stage(vault_over(recorded), TOKEN, RECEIVER, "https://evil.example/", type_again)


def test_every_call_carries_the_credentials() -> None:
    recorded = Recorded()
    vault_over(recorded).retain(TOKEN)
    (request,) = recorded.requests
    assert request.headers["Authorization"] == "Basic ZW52OnNlY3JldA=="
    assert str(request.url) == f"https://core.spreedly.com/v1/payment_methods/{TOKEN}/retain.json"


def broken(*_: Any) -> httpx2.Response:
    raise httpx2.ConnectError("no route")


@pytest.mark.parametrize(
    "handler",
    [
        broken,
        lambda _: httpx2.Response(500, text="oops"),
        lambda _: httpx2.Response(200, text="<html>"),
        lambda _: httpx2.Response(200, json=[]),
        lambda _: httpx2.Response(200, json={"transaction": {"payment_method": {"storage_state": "retained"}}}),
        lambda _: httpx2.Response(429, json={"errors": []}),
    ],
    ids=["no route", "500", "no JSON", "a list", "half a card", "429"],
)
def test_an_answer_that_says_nothing_is_no_answer(handler: Any) -> None:
    with pytest.raises(VaultUnavailable) as caught:
        vault_over(handler).retain(TOKEN)
    assert TOKEN not in str(caught.value)


@pytest.mark.parametrize(
    "wrong",
    [
        {"last_four_digits": "4242424242424242"},
        {"last_four_digits": ""},
        {"card_type": "<b>visa</b>"},
        {"month": 13},
        {"year": 34},
    ],
)
def test_a_description_that_is_none_gets_no_further(wrong: dict[str, Any]) -> None:
    recorded = Recorded()

    def handler(request: httpx2.Request) -> httpx2.Response:
        told = recorded(request).json()
        told["transaction"]["payment_method"] |= wrong
        return httpx2.Response(200, json=told)

    with pytest.raises(VaultUnavailable):
        vault_over(handler).retain(TOKEN)
