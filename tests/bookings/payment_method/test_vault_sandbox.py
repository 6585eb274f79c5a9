"""The sandbox vault, over HTTP."""

import json
from typing import Any
from urllib.parse import urljoin

import httpx2
import pytest

from bookings.payment_method.vaults import registry
from movmo.sandbox_vault.app import SandboxVault
from movmo.sandbox_vault.cards import TEST_CARDS
from tests.bookings.payment_method.vaults import Stage, VaultContract
from tests.contract.world import type_card


@pytest.fixture
def script_url(the_vault: SandboxVault) -> str:
    vault = registry.current()
    assert vault is not None
    return vault.form_access().script_url


def ask(script_url: str, path: str, method: str = "GET", **sent: Any) -> httpx2.Response:
    return httpx2.request(method, urljoin(script_url, path), trust_env=False, **sent)


def capture(script_url: str, **changes: Any) -> httpx2.Response:
    card = {"number": "4242424242424242", "verification_value": "123", "month": 1, "year": 2034, **changes}
    sent = {"environment_key": "sandbox-environment", "payment_method": {"credit_card": card}}
    return ask(script_url, "/v1/payment_methods/restricted.json", "POST", json=sent)


class TestSandboxVault(VaultContract):
    @pytest.fixture
    def stage(self, script_url: str) -> Stage:
        vault = registry.current()
        assert vault is not None
        token = type_card(script_url, "4242424242424242")
        return Stage(
            vault, token, urljoin(script_url, "/desk/authorizations"), "http://127.0.0.1:9/desk/authorizations"
        )


class TestWhatIsTaken:
    @pytest.mark.parametrize("number", sorted(TEST_CARDS))
    def test_its_test_cards(self, script_url: str, number: str) -> None:
        code = "1234" if number.startswith("3") else "123"
        assert capture(script_url, number=number, verification_value=code).status_code == 201

    @pytest.mark.parametrize(
        ("changes", "field"),
        [
            ({"number": "4111111111111111"}, "number"),
            ({"number": "4242424242424241"}, "number"),
            ({"number": ""}, "number"),
            ({"verification_value": "12"}, "verification_value"),
            ({"verification_value": "abc"}, "verification_value"),
            ({"month": 13}, "month"),
            ({"month": None}, "number"),
        ],
    )
    def test_nothing_else(self, script_url: str, changes: dict[str, Any], field: str) -> None:
        answer = capture(script_url, **changes)
        (error,) = answer.json()["errors"]
        assert (answer.status_code, error["attribute"]) == (422, field)
        if changes.get("number"):
            assert changes["number"] not in answer.text

    def test_months_without_end_are_none(self, script_url: str) -> None:
        card = b'{"number": "4242424242424242", "verification_value": "123", "month": 1e999, "year": 2034}'
        sent = b'{"environment_key": "sandbox-environment", "payment_method": {"credit_card": ' + card + b"}}"
        assert ask(script_url, "/v1/payment_methods/restricted.json", "POST", content=sent).status_code == 422

    @pytest.mark.parametrize(
        "body", [b"", b"[]", b"{", b"null", b'{"environment_key": "sandbox-environment"}', b"[" * 100_000]
    )
    def test_garbage_is_refused(self, script_url: str, body: bytes) -> None:
        assert ask(script_url, "/v1/payment_methods/restricted.json", "POST", content=body).status_code == 422


class TestWhoMayAsk:
    PATHS = (("GET", "/{}.json"), ("PUT", "/{}/retain.json"), ("PUT", "/{}/redact.json"))

    @pytest.mark.parametrize("auth", [None, ("sandbox-environment", "wrong"), ("", "")])
    def test_without_the_secret_nothing_is_told_or_done(
        self, script_url: str, the_vault: SandboxVault, auth: tuple[str, str] | None
    ) -> None:
        token = type_card(script_url, "4242424242424242")
        for method, path in self.PATHS:
            answer = ask(script_url, "/v1/payment_methods" + path.format(token), method, auth=auth)
            assert answer.status_code == 401
        body = {"delivery": {"payment_method_token": token, "url": urljoin(script_url, "/desk/authorizations")}}
        answer = ask(script_url, "/v1/receivers/any/deliver.json", "POST", auth=auth, json=body)
        assert answer.status_code == 401
        card = the_vault.cards.get(token)
        assert card is not None
        assert card.storage_state == "cached"

    def test_fields_are_framed_by_movmo_only(self, script_url: str) -> None:
        for field in ("number", "cvv"):
            policy = ask(script_url, f"/fields/{field}").headers["Content-Security-Policy"]
            assert "frame-ancestors http://127.0.0.1:8000" in policy
            assert "script-src 'self'" in policy
        assert ask(script_url, "/fields/other").status_code == 404
        assert ask(script_url, "/fields/static/..%2fapp.py").status_code == 404


class TestTheBank:
    def authorize(self, script_url: str, number: str, reference: str = "r-1") -> dict[str, Any]:
        vault = registry.current()
        assert vault is not None
        token = type_card(script_url, number)
        vault.retain(token)
        template = {"number": "{{credit_card_number}}", "amount": "1.00", "currency": "EUR", "reference": reference}
        url = urljoin(script_url, "/desk/authorizations")
        told: dict[str, Any] = vault.deliver(token, url=url, template=template, idempotency_key=reference).body
        return told

    def test_a_declined_card_is_declined(self, script_url: str) -> None:
        told = self.authorize(script_url, "4000000000009995", "r-declined")
        assert (told["status"], told["decline_code"]) == ("declined", "insufficient_funds")

    @pytest.mark.parametrize(
        ("number", "answer", "after"),
        [
            ("4000002500003155", "approve", "approved"),
            ("4000002500003155", "decline", "declined"),
            ("4000008400001629", "approve", "declined"),
        ],
    )
    def test_a_bank_that_asks_its_cardholder(self, script_url: str, number: str, answer: str, after: str) -> None:
        reference = f"r-{number}-{answer}"
        told = self.authorize(script_url, number, reference)
        assert told["status"] == "requires_action"
        page = ask(script_url, told["challenge_url"])
        assert "1.00 EUR" in page.text
        ask(script_url, told["challenge_url"], "POST", data={"answer": answer})
        assert self.authorize(script_url, number, reference)["status"] == after

    def test_the_same_request_again_is_one_authorization(self, script_url: str) -> None:
        once = self.authorize(script_url, "4242424242424242", "r-once")
        assert self.authorize(script_url, "4242424242424242", "r-once") == once


def test_no_answer_holds_a_number(script_url: str) -> None:
    assert "4242424242424242" not in json.dumps(capture(script_url).json())
