"""Card numbers have no place in any field: they go from the traveler's browser to the vault, and nowhere else.

Found by their shape (`kit.card_digits`), in the input as a whole, before anything of it is judged, stored or logged.
"""

from typing import Any

from movmo.kit import card_digits
from movmo.kit.errors import DomainError, Kind


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
    if isinstance(value, dict):
        for name, part in value.items():
            refuse(str(name), pointer)  # a name with a card number in it cannot be repeated
            refuse(part, f"{pointer}/" + str(name).replace("~", "~0").replace("/", "~1"))
    elif isinstance(value, list):
        for index, part in enumerate(value):
            refuse(part, f"{pointer}/{index}")
    elif card_digits.is_in(f"{value:.0f}" if isinstance(value, float) else str(value)):
        raise CardNumberRefused(pointer)
