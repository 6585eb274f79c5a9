"""The sandbox vault, over HTTP."""

import json
import re
from typing import Any
from urllib.parse import urljoin

import httpx2
import pytest

from bookings.payment_method.vaults import registry
from movmo.sandbox_vault.app import SandboxVault
from movmo.sandbox_vault.cards import CODE_LASTS, TEST_CARDS, Cards
from tests.bookings.payment_method.vaults import CODE_PLACE, Stage, VaultContract
from tests.contract.world import type_card, type_code


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
        desk, elsewhere = urljoin(script_url, "/desk/authorizations"), "http://127.0.0.1:9/desk/authorizations"

        def type_again() -> None:
            type_code(script_url, token).raise_for_status()

        return Stage(vault, token, desk, elsewhere, type_again)


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
            ({"year": 34}, "year"),
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


class TestTheSecurityCode:
    def kept(self, script_url: str, number: str = "4242424242424242") -> str:
        vault, token = registry.current(), type_card(script_url, number)
        assert vault is not None
        vault.retain(token)
        return token

    def test_it_is_kept_for_ten_minutes(self) -> None:
        now = 0.0
        cards = Cards(seconds=lambda: now)
        token = cards.capture(number="4242424242424242", code="739", month=1, year=2034, full_name="").token
        now = CODE_LASTS - 1
        assert (card := cards.get(token)) is not None and card.code == "739"
        now = CODE_LASTS
        assert (card := cards.get(token)) is not None and card.code == ""
        cards.retain(token)
        cards.recache(token, code="740")
        now = 2 * CODE_LASTS - 1
        assert (card := cards.get(token)) is not None and card.code == "740"
        cards.redact(token)
        assert card.code == ""

    def test_the_bank_gets_the_one_that_was_typed_last_and_gets_it_once(
        self, script_url: str, the_vault: SandboxVault
    ) -> None:
        token = self.kept(script_url)
        type_code(script_url, token, "740").raise_for_status()
        card = the_vault.cards.get(token)
        assert card is not None and card.code == "740"
        assert [self.cvv_result(script_url, token, key) for key in ("c-1", "c-2")] == ["M", "P"]
        type_code(script_url, token, "741").raise_for_status()
        assert self.cvv_result(script_url, token, "c-3") == "M"

    def cvv_result(self, script_url: str, token: str, key: str) -> str:
        vault, template = registry.current(), {"number": "{{credit_card_number}}", "verification_value": CODE_PLACE}
        assert vault is not None
        template |= {"amount": "1.00", "currency": "EUR", "reference": f"{token}-{key}"}
        url = urljoin(script_url, "/desk/authorizations")
        told: str = vault.deliver(token, url=url, template=template, idempotency_key=key).body["cvv_result"]
        return told

    @pytest.mark.parametrize("code", ["", "12", "1234", "abc", "１２３", "4242424242424242"])
    def test_what_is_none_is_refused_and_not_told_again(self, script_url: str, code: str) -> None:
        answer = type_code(script_url, self.kept(script_url), code)
        (error,) = answer.json()["errors"]
        assert (answer.status_code, error["attribute"]) == (422, "verification_value")
        assert not code or code not in answer.text

    def test_four_digits_are_american_express(self, script_url: str) -> None:
        token = self.kept(script_url, "378282246310005")
        assert [type_code(script_url, token, code).status_code for code in ("123", "1234")] == [422, 200]

    def test_the_code_is_in_no_answer(self, script_url: str) -> None:
        answer = type_code(script_url, self.kept(script_url), "739")
        assert answer.json()["transaction"]["transaction_type"] == "RecacheSensitiveData"
        assert answer.json()["transaction"]["payment_method"]["verification_value"] == "XXX"
        assert not re.search(r"\b739\b", answer.text)

    def test_only_of_a_card_that_is_kept_and_still_there(self, script_url: str) -> None:
        vault, captured = registry.current(), type_card(script_url, "4242424242424242")
        assert vault is not None
        assert type_code(script_url, captured).status_code == 422
        forgotten = self.kept(script_url)
        vault.redact(forgotten)
        assert type_code(script_url, forgotten).status_code == 404
        assert type_code(script_url, "NoSuchTokenAtAllHere").status_code == 404

    @pytest.mark.parametrize(
        "body", [b"", b"[]", b"null", b'{"environment_key": "sandbox-environment"}', b"[" * 100_000]
    )
    def test_garbage_is_refused(self, script_url: str, body: bytes) -> None:
        path = f"/v1/payment_methods/{self.kept(script_url)}/recache.json"
        assert ask(script_url, path, "POST", content=body).status_code == 422

    def test_a_stranger_s_environment_types_none(self, script_url: str, the_vault: SandboxVault) -> None:
        token = self.kept(script_url)
        sent = {"environment_key": "another", "payment_method": {"credit_card": {"verification_value": "740"}}}
        answer = ask(script_url, f"/v1/payment_methods/{token}/recache.json", "POST", json=sent)
        card = the_vault.cards.get(token)
        assert card is not None
        assert (answer.status_code, card.code) == (401, "123")

    def test_nobody_reads_it_in_a_trace(self, the_vault: SandboxVault, script_url: str) -> None:
        assert "code=" not in repr(the_vault.cards.get(self.kept(script_url)))


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
