"""Why somebody did a thing, in words that a colleague or an auditor can read later."""

from movmo.kit.errors import InvalidArguments
from movmo.kit.text import letters, one_line
from movmo.operations import card_numbers
from movmo.operations.card_numbers import CardNumberRefused

SHORTEST, LONGEST = 5, 200
FEWEST_LETTERS = 3
REASON = "/reason"


def reason_of(typed: str) -> str:
    """A reason as it is written down, of whoever gives one. What nobody can read is none. Raises InvalidArguments."""
    reason = one_line(typed, longest=LONGEST + 1)
    if not SHORTEST <= len(reason) <= LONGEST:
        raise InvalidArguments(
            {REASON: f"Say why in {SHORTEST} to {LONGEST} characters: a colleague reads it later in the audit trail."}
        )
    if letters(reason) < FEWEST_LETTERS:
        raise InvalidArguments({REASON: "Say why in words: a colleague reads it later in the audit trail."})
    try:
        card_numbers.refuse(reason, REASON)
    except CardNumberRefused:
        raise InvalidArguments({REASON: "This holds a card number. Say why without it."}) from None
    return reason
