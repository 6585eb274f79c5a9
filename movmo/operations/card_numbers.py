"""Card numbers have no place in any field: they go from the traveler's browser to the vault, and nowhere else.

Found by their shape (`kit.card_digits`), in the input as a whole, before anything of it is judged, stored or logged.
In an address digits may come as %34 and spaces as %20 or +: what whoever decodes it would read is looked at, too.
"""

import re
from typing import Any
from urllib.parse import unquote

from movmo.kit import card_digits
from movmo.kit.errors import DomainError, Kind

MOST_DECODED = 5
MAYBE_ENCODED = re.compile(r"%[0-9A-Fa-f]{2}")
PLUS_FOR_SPACE = re.compile(r"(?<=[\d+])\+|(?<=%[0-9A-Fa-f]{2})\+")  # the first of a telephone number stays
NESTED = re.compile(r"%(?:25)+(?=[0-9A-Fa-f]{2})")  # encoded again and again
ADDRESS = "://"


class CardNumberRefused(DomainError):
    kind = Kind.INVALID
    code = "card_number_refused"
    message = "The input holds a card number. It was not stored, and nothing was done."
    hint = "Never send card numbers here: the traveler types them into the card form of their Movmo account."

    def __init__(self, pointer: str, line: int | None = None) -> None:
        super().__init__()
        self._pointer, self._line = pointer, line

    @property
    def fields(self) -> dict[str, str]:
        where = "" if self._line is None else f", in line {self._line}"
        return {self._pointer: f"This holds a card number{where}."}


def refuse(value: Any, pointer: str = "") -> None:
    """Raises CardNumberRefused that points at the first text with a card number in it, names of fields included."""
    if isinstance(value, dict):
        for name, part in value.items():
            refuse(str(name), pointer)  # a name with a card number in it cannot be repeated
            refuse(part, f"{pointer}/" + str(name).replace("~", "~0").replace("/", "~1"))
    elif isinstance(value, list):
        for index, part in enumerate(value):
            refuse(part, f"{pointer}/{index}")
    elif _is_in(text := f"{value:.0f}" if isinstance(value, float) else str(value)):
        raise CardNumberRefused(pointer, _line_in(text))


def _line_in(text: str) -> int | None:
    """Which line of a longer text it is, from 1: nobody finds it among ten thousand."""
    lines = text.split("\n")
    return next((number for number, one in enumerate(lines, 1) if _is_in(one)), None) if len(lines) > 1 else None


def may_be_in_json(text: str) -> bool:
    """One look at a whole JSON text. False says that `refuse` would find nothing in it."""
    return card_digits.may_be_in_json(text) or MAYBE_ENCODED.search(text) is not None


def _is_in(text: str) -> bool:
    """In the text as it is, or decoded as an address's parts are: once, and then however often it was encoded."""
    if card_digits.is_in(text):
        return True
    for _ in range(MOST_DECODED):
        decoded = unquote(PLUS_FOR_SPACE.sub(" ", text) if ADDRESS in text else text)
        if decoded == text:
            return False
        if card_digits.is_in_decoded(decoded, text):
            return True
        text = NESTED.sub("%", decoded)
    return False
