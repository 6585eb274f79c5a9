"""Card numbers have no place in any field: they go from the traveler's browser to the vault, and nowhere else.

Found by their shape: 13 to 19 digits, in groups or not, that begin as a card's do and pass the check of ISO/IEC 7812
(Luhn). Looked for in the input as a whole, before anything of it is judged, stored or logged.
"""

import re
from typing import Any

from movmo.kit.errors import DomainError, Kind

# Not within a longer word or number: ids have digits enough that every thousandth would pass for a card.
CANDIDATE = re.compile(r"(?<![0-9A-Za-z.,_+-])[2-6][0-9](?:[ -]?[0-9]){11,17}(?![0-9A-Za-z_]|[.,-][0-9A-Za-z])")
ISSUERS = re.compile(r"4|5[1-5]|2(?:22[1-9]|2[3-9]|[3-6]|7[01]|720)|3[47]|3(?:0[0-5]|[689])|35(?:2[89]|[3-8])|6")


class CardNumberRefused(DomainError):
    kind = Kind.INVALID
    code = "card_number_refused"
    message = "The input holds a card number. It was not stored, and nothing was done."
    hint = "Never send card numbers here: the traveler types them into the card form of their Movmo account."

    def __init__(self, pointer: str) -> None:
        super().__init__()
        self._pointer = pointer

    @property
    def fields(self) -> dict[str, str]:
        return {self._pointer: "This holds a card number."}


def refuse(value: Any, pointer: str = "") -> None:
    """Raises CardNumberRefused that points at the first text with a card number in it, names of fields included."""
    if isinstance(value, str):
        if is_in(value):
            raise CardNumberRefused(pointer)
    elif isinstance(value, dict):
        for name, part in value.items():
            refuse(str(name), pointer)  # a name with a card number in it cannot be repeated
            refuse(part, f"{pointer}/" + str(name).replace("~", "~0").replace("/", "~1"))
    elif isinstance(value, list):
        for index, part in enumerate(value):
            refuse(part, f"{pointer}/{index}")
    elif isinstance(value, int) and not isinstance(value, bool):
        refuse(str(value), pointer)


def is_in(text: str) -> bool:
    return any(_is_card(re.sub(r"[ -]", "", found.group())) for found in CANDIDATE.finditer(text))


def _is_card(digits: str) -> bool:
    return ISSUERS.match(digits) is not None and passes_luhn(digits)


def passes_luhn(digits: str) -> bool:
    doubled = (sum(divmod(2 * int(digit), 10)) for digit in digits[-2::-2])
    return (sum(map(int, digits[-1::-2])) + sum(doubled)) % 10 == 0
