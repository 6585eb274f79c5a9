"""A cancellation's terms in words."""

from movmo.kit.text import one_line

REFUND_TO = {
    "": "to the way it was paid",
    "original_payment": "to the way it was paid",
    "original_form_of_payment": "to the way it was paid",
    "card": "to the card that was charged",
    "voucher": "as a voucher of the airline",
    "airline_credits": "as credit with the airline",
    "balance": "to the account that Movmo has with the airline",
}


def refund_to(told: str) -> str:
    """Where the refund goes; `told` is the airline's word for it."""
    return REFUND_TO.get(told) or one_line(told.replace("_", " "))
