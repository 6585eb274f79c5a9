"""How a trip stands, in words for the person who travels."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

SHORT = {
    "ticketed": "Booked, with tickets",
    "confirmed": "Booked, tickets to follow",
    "held": "Held, not paid",
    "confirming": "Being paid for",
    "lapsed": "Not paid in time",
    "cancelling": "Being cancelled",
    "cancelled": "Cancelled",
    "failed": "Not booked",
    "requires_action": "Your bank asks for your word",
    "manual_review": "Our staff asks the airline",
}
UNDECIDED = "Being decided by the airline"

WAIT = "Do not book it again; look here in a moment."
LONG = {
    "ticketed": "Booked. The airline has issued the tickets.",
    "confirmed": "Booked. The airline has yet to issue the tickets; there is nothing that you have to do.",
    "reserved": f"The booking is about to be sent to the airline. {WAIT}",
    "submitting": f"The booking is being sent to the airline. {WAIT}",
    "pending": f"The airline has not decided yet. {WAIT}",
    "unknown": f"The airline's answer was lost, and it is being asked. {WAIT}",
    "confirming": "The airline is being paid for the seats that it holds. Do not pay again; look here in a moment.",
    "cancelling": "The airline is being asked to cancel. Nothing is cancelled until this page says so.",
    "manual_review": "The airline does not tell what became of it. Our staff asks; do not book it again.",
}
# The operations name the provider, which tells a traveler nothing.
WHY = {
    "provider_refused": "The airline refused the booking.",
    "provider_unavailable": "The airline could not be reached.",
}
UNDER_WAY = {
    "accept_schedule_change": "The airline is being told that the new times suit you.",
}


def in_short(status: object) -> str:
    return SHORT.get(str(status), UNDECIDED)


def of(trip: Mapping[str, Any], *, now: datetime) -> str:
    """`trip` is what get_booking tells."""
    status = str(trip["status"].value)
    told = {"held": _held, "lapsed": _lapsed, "failed": _failed, "cancelled": _cancelled, "requires_action": _asked}
    if status in told:
        return told[status](trip, now)
    return f"{LONG[status]} {UNDER_WAY.get(trip['under_way'] or '', '')}".rstrip()


def _held(trip: Mapping[str, Any], now: datetime) -> str:
    deadline = trip["payment_required_by"]
    if deadline is None:
        return "The seats are held for you, and not paid for yet. Pay for them where you booked them."
    if now < deadline:
        return f"The seats are held for you, and not paid for yet. Pay by {moment(deadline)} where you booked them."
    return f"They had to be paid for by {moment(deadline)}. Whether the airline still holds the seats, it has not said."


def _lapsed(trip: Mapping[str, Any], now: datetime) -> str:
    deadline = trip["payment_required_by"]
    until = f" by {moment(deadline)}" if deadline else ""
    return f"Nobody paid{until}, and the airline has let the seats go. You were not charged."


def _failed(trip: Mapping[str, Any], now: datetime) -> str:
    failure = trip["failure"]
    return f"{WHY.get(failure['code'], failure['message'])} Nothing was booked."


def _cancelled(trip: Mapping[str, Any], now: datetime) -> str:
    by_airline = trip["cancellation"]["cancelled_by"] == "airline"
    return f"{'The airline has cancelled this trip.' if by_airline else 'This trip is cancelled.'} {_refund(trip)}"


def _refund(trip: Mapping[str, Any]) -> str:
    refund, penalty = trip["cancellation"]["refund"], trip["cancellation"]["penalty"]
    if refund is None:
        return "What it gives back, the airline has not said yet."
    if not refund["amount"].strip("0."):
        was_never_paid = not trip["documents"] and penalty is not None and not penalty["amount"].strip("0.")
        return "It had not been paid for." if was_never_paid else "Nothing is given back."
    return f"{refund['amount']} {refund['currency']} is given back."


def _asked(trip: Mapping[str, Any], now: datetime) -> str:
    """A hold has an order already: there, it is only the payment that waits."""
    what = "paid" if trip["record_locator"] else "booked"
    return f"Your bank asks whether it is you who pays. Nothing is {what} until you have answered."


def moment(at: datetime) -> str:
    return f"{at:%-d %b %Y, %H:%M} UTC"


def of_change(change: Mapping[str, Any]) -> str:
    """What became of an announced change of schedule."""
    if change["state"] == "accepted":
        return "Accepted by Movmo, for the times move little." if change["decided_by"] == "movmo" else "Accepted."
    return {
        "waiting": "The airline means to fly at other times.",
        "withdrawn": "The airline has taken it back.",
        "declined": "The trip was cancelled instead.",
    }[change["state"]]
