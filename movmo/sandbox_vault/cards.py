"""The cards of the sandbox vault: in memory, and only those that everybody may know."""

import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum

from movmo.kit import card_digits


class Behaviour(StrEnum):
    """What the airline's bank says to a card."""

    APPROVED = "approved"
    CHALLENGE = "challenge"
    CHALLENGE_THEN_DECLINED = "challenge_then_declined"
    DECLINED = "declined"


TEST_CARDS = {
    "4242424242424242": Behaviour.APPROVED,
    "5555555555554444": Behaviour.APPROVED,
    "378282246310005": Behaviour.APPROVED,
    "4000002500003155": Behaviour.CHALLENGE,
    "4000002760003184": Behaviour.CHALLENGE,
    "4000000000003220": Behaviour.CHALLENGE,
    "4000008400001629": Behaviour.CHALLENGE_THEN_DECLINED,
    "4000000000000002": Behaviour.DECLINED,
    "4000000000009995": Behaviour.DECLINED,
    "4000000000000069": Behaviour.DECLINED,
    "4000000000000127": Behaviour.DECLINED,
    "4000000000000119": Behaviour.DECLINED,
    "4000000000000341": Behaviour.DECLINED,
}
LENGTH_OF_CODE = {"american_express": 4}
CODE_LASTS = 600.0
"""Seconds that a security code is kept, unless it is delivered before."""


class CardRefused(Exception):
    """Not taken; `field` names the input and the message is for the person who typed it."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field


@dataclass(slots=True)
class Card:
    token: str
    number: str = field(repr=False)
    brand: str = ""
    month: int = 0
    year: int = 0
    full_name: str = ""
    storage_state: str = "cached"
    code: str = field(default="", repr=False)
    code_until: float = 0.0

    @property
    def behaviour(self) -> Behaviour:
        return TEST_CARDS[self.number]


class Cards:
    """Everything the vault knows; ends with the process. `seconds` is a clock that only goes forward."""

    def __init__(self, *, seconds: Callable[[], float] = time.monotonic) -> None:
        self._cards: dict[str, Card] = {}
        self._seconds = seconds

    def capture(self, *, number: str, code: str, month: int, year: int, full_name: str) -> Card:
        """Raises CardRefused."""
        digits = "".join(letter for letter in number if letter.isdigit())
        if digits not in TEST_CARDS:
            message = "This is a sandbox: it takes its test cards only, such as 4242 4242 4242 4242."
            raise CardRefused("number", message)
        _check_code(code, brand_of(digits))
        if not 1 <= month <= 12:
            raise CardRefused("month", "The month of the expiry is a number from 1 to 12.")
        if not 2000 <= year <= 2099:
            raise CardRefused("year", "The year of the expiry has four digits.")
        if card_digits.is_in(full_name):
            raise CardRefused("full_name", "Write the name that stands on the card, not its number.")
        card = Card(_token(), digits, brand_of(digits), month, year, full_name[:100])
        self._cards[card.token] = card
        self._hold(card, code)
        return card

    def recache(self, token: str, *, code: str) -> Card | None:
        """The code of a card that is kept, typed again. Raises CardRefused."""
        card = self.get(token)
        if card is None or card.storage_state == "redacted":
            return None
        if card.storage_state != "retained":
            raise CardRefused("base", "A card must be retained before its security code can be recached.")
        _check_code(code, card.brand)
        self._hold(card, code)
        return card

    def _hold(self, card: Card, code: str) -> None:
        card.code, card.code_until = code, self._seconds() + CODE_LASTS

    def get(self, token: str) -> Card | None:
        card = self._cards.get(token)
        if card is not None and card.code_until <= self._seconds():
            card.code = ""
        return card

    def take_code(self, card: Card) -> str:
        """Once: whoever asks again gets none."""
        code, card.code = card.code, ""
        return code

    def retain(self, token: str) -> Card | None:
        card = self.get(token)
        if card is not None and card.storage_state == "cached":
            card.storage_state = "retained"
        return card

    def redact(self, token: str) -> Card | None:
        """The number goes, the rest stays to be told."""
        card = self.get(token)
        if card is not None:
            card.number, card.storage_state, card.code = card.number[-4:], "redacted", ""
        return card


def _check_code(code: str, brand: str) -> None:
    """Raises CardRefused."""
    if not code.isascii() or not code.isdigit() or len(code) != LENGTH_OF_CODE.get(brand, 3):
        raise CardRefused("verification_value", "The security code is the 3 digits on the back, 4 for Amex.")


def _token() -> str:
    return "".join(secrets.choice("ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz23456789") for _ in range(27))


def brand_of(number: str) -> str:
    """In Spreedly's words."""
    return {"4": "visa", "5": "master", "3": "american_express"}.get(number[:1], "unknown")
