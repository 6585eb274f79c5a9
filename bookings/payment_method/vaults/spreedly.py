"""Spreedly's API v1, and the sandbox vault, which speaks it too.

https://docs.spreedly.com/reference/api/v1/: HTTP Basic with the environment key and an access secret, JSON bodies.
"""

import json
import re
from collections.abc import Callable
from typing import Any

import httpx2

from bookings.payment_method.vaults.port import Delivered, FormAccess, TokenUnknown, VaultCard, VaultUnavailable
from bookings.providers.transport import refuse_in_transaction

SCRIPT = "/iframe/iframe-v1.min.js"
BRANDS = {"master": "mastercard"}


class SpreedlyVault:
    """`client` comes with the base URL and the credentials; tests give one with a transport of their own."""

    def __init__(
        self, *, name: str, public_url: str, environment_key: str, receiver: str, client: Callable[[], httpx2.Client]
    ) -> None:
        self.name = name
        self._public_url = public_url
        self._environment_key = environment_key
        self._receiver = receiver
        self._client = client

    def form_access(self) -> FormAccess:
        return FormAccess(
            vault=self.name,
            environment_key=self._environment_key,
            script_url=self._public_url + SCRIPT,
            frame_origin=self._public_url,
        )

    def retain(self, token: str) -> VaultCard:
        answer = self._ask("PUT", f"/v1/payment_methods/{_segment(token)}/retain.json")
        return _card(_part(answer, "transaction", "payment_method"))

    def describe(self, token: str) -> VaultCard:
        return _card(_part(self._ask("GET", f"/v1/payment_methods/{_segment(token)}.json"), "payment_method"))

    def deliver(self, token: str, *, url: str, template: dict[str, Any], idempotency_key: str) -> Delivered:
        delivery = {
            "payment_method_token": _segment(token),
            "url": url,
            "headers": f"Content-Type: application/json\r\nIdempotency-Key: {idempotency_key}",
            "body": json.dumps(template),
        }
        answer = self._ask("POST", f"/v1/receivers/{self._receiver}/deliver.json", {"delivery": delivery})
        response = _part(answer, "transaction", "response")
        try:
            return Delivered(status=int(response["status"]), body=json.loads(response["body"]))
        except (KeyError, TypeError, ValueError):
            raise VaultUnavailable("the receiver's answer cannot be read") from None

    def redact(self, token: str) -> None:
        try:
            self._ask("PUT", f"/v1/payment_methods/{_segment(token)}/redact.json")
        except TokenUnknown:
            return

    def _ask(self, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
        refuse_in_transaction()
        try:
            with self._client() as client:
                response = client.request(method, path, json=body)
                told = response.json()
        except (httpx2.HTTPError, ValueError) as failure:
            raise VaultUnavailable(f"{type(failure).__name__} from {self.name}") from None
        if response.status_code == httpx2.codes.NOT_FOUND:
            raise TokenUnknown(f"{self.name} does not know the token")
        if response.status_code >= httpx2.codes.BAD_REQUEST:
            raise VaultUnavailable(f"{self.name} answered {response.status_code}")
        return told


def _segment(token: str) -> str:
    """A token as part of a path. Raises TokenUnknown for what is none: it came from a browser."""
    if not token.isascii() or not token.isalnum():
        raise TokenUnknown("not a token")
    return token


def _part(answer: Any, *names: str) -> dict[str, Any]:
    for name in names:
        answer = answer.get(name) if isinstance(answer, dict) else None
    if not isinstance(answer, dict):
        raise VaultUnavailable(f"the answer has no {'.'.join(names)}")
    return answer


def _card(told: dict[str, Any]) -> VaultCard:
    if told.get("storage_state") not in ("retained", "cached"):
        raise TokenUnknown(f"the card is {told.get('storage_state')}")
    try:
        brand, last4 = str(told["card_type"]), str(told["last_four_digits"])
        month, year = int(told["month"]), int(told["year"])
        token, is_test = str(told["token"]), bool(told["test"])
    except (KeyError, TypeError, ValueError, OverflowError):
        raise VaultUnavailable("the card's description cannot be read") from None
    # Whatever else stands where the last digits belong, it must not get as far as the table.
    if not (re.fullmatch(r"[0-9]{4}", last4) and re.fullmatch(r"[a-z_]{1,30}", brand)):
        raise VaultUnavailable("the card's description is none")
    if not (1 <= month <= 12 and 2000 <= year <= 2099):
        raise VaultUnavailable("the card's expiry is no month")
    # While a code is there it is told as "XXX": https://docs.spreedly.com/guides/recaching-sensitive-data/
    has_code = bool(told.get("verification_value"))
    return VaultCard(token, BRANDS.get(brand, brand), last4, month, year, is_test, has_code)
