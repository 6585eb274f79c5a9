"""The sandbox airline's bank: it answers a card with yes, no, or "ask the cardholder". In memory."""

import secrets
from dataclasses import dataclass
from typing import Any

from movmo.sandbox_vault.cards import TEST_CARDS, Behaviour

DECLINED_AS = {
    "4000000000009995": "insufficient_funds",
    "4000000000000069": "expired_card",
    "4000000000000127": "incorrect_security_code",
    "4000000000000119": "processing_error",
    "4000000000000341": "declined_by_airline",
}


@dataclass(slots=True)
class Authorization:
    """`status` is approved, declined, requires_action or voided. `cvv_result` is M where a security code came with the
    card, P where none did: the sandbox's bank asks for none of cards that are kept.
    """

    id: str
    key: str
    amount: str
    currency: str
    behaviour: Behaviour
    status: str
    cvv_result: str
    decline_code: str | None = None


class Desk:
    """One authorization for each idempotency key; the same request again gets the same one."""

    def __init__(self, *, public_url: str) -> None:
        self._public_url = public_url
        self._by_key: dict[str, Authorization] = {}
        self._by_id: dict[str, Authorization] = {}

    def authorize(self, *, key: str, number: str, code: str, amount: str, currency: str) -> Authorization:
        known = self._by_key.get(key)
        if known is not None:
            return known
        behaviour = TEST_CARDS[number]
        cvv_result = "M" if code else "P"
        made = Authorization(secrets.token_urlsafe(16), key, amount, currency, behaviour, "approved", cvv_result)
        if behaviour is Behaviour.DECLINED:
            made.status, made.decline_code = "declined", DECLINED_AS.get(number, "card_declined")
        elif behaviour in (Behaviour.CHALLENGE, Behaviour.CHALLENGE_THEN_DECLINED):
            made.status = "requires_action"
        self._by_key[key] = self._by_id[made.id] = made
        return made

    def find(self, authorization_id: str) -> Authorization | None:
        return self._by_id.get(authorization_id)

    def answer_challenge(self, authorization_id: str, *, approved: bool) -> Authorization | None:
        """What the cardholder said to their bank. Only the first answer counts."""
        found = self.find(authorization_id)
        if found is None or found.status != "requires_action":
            return found
        if approved and found.behaviour is Behaviour.CHALLENGE:
            found.status = "approved"
        else:
            found.status, found.decline_code = "declined", "authentication_failed" if not approved else "card_declined"
        return found

    def void(self, authorization_id: str) -> Authorization | None:
        """Nothing was bought after all."""
        found = self.find(authorization_id)
        if found is not None and found.status in ("approved", "requires_action"):
            found.status = "voided"
        return found

    def view(self, authorization: Authorization) -> dict[str, Any]:
        told: dict[str, Any] = {"id": authorization.id, "status": authorization.status}
        told["cvv_result"] = authorization.cvv_result
        if authorization.decline_code:
            told["decline_code"] = authorization.decline_code
        if authorization.status == "requires_action":
            told["challenge_url"] = f"{self._public_url}/challenge/{authorization.id}"
        return told
