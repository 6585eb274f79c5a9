"""The life of a booking: its states and every legal transition. Nothing else changes a state.

reserved → requires_action → reserved           the cardholder's bank asks, and was answered
reserved | requires_action → failed            the card was declined, or the offer ended meanwhile
reserved → submitting → confirmed | held | pending | failed | unknown
pending  → confirmed | held | failed | manual_review
unknown  → confirmed | held | failed | pending     found by look-up
unknown | pending → cancelled | lapsed             there was an order, and the airline has ended it meanwhile
unknown  → reserved                                nothing found after the settle window: submit again
unknown  → manual_review                           nothing found, and tried often enough: a person asks the airline
confirmed → ticketed                               every passenger with a seat has a document
held → confirming → confirmed | held | lapsed      paid for in time, refused, or too late
held → lapsed                                      nobody paid for it in time
confirming → requires_action → confirming | held   the cardholder's bank asks about the hold's payment
held | confirmed | ticketed → cancelling → cancelled, or back where it was if the airline refuses
held | confirmed | ticketed → cancelled            the airline cancelled it
confirming → cancelled, cancelling → lapsed        the airline ended it while it was asked for something
confirming | cancelling → manual_review            the airline does not tell what became of it
manual_review → whatever the airline says in the end
failed   → manual_review                           an order came in after it was told as failed
"""

from enum import StrEnum


class State(StrEnum):
    RESERVED = "reserved"
    REQUIRES_ACTION = "requires_action"
    SUBMITTING = "submitting"
    CONFIRMED = "confirmed"
    HELD = "held"
    PENDING = "pending"
    FAILED = "failed"
    UNKNOWN = "unknown"
    MANUAL_REVIEW = "manual_review"
    TICKETED = "ticketed"
    CONFIRMING = "confirming"
    LAPSED = "lapsed"
    CANCELLING = "cancelling"
    CANCELLED = "cancelled"


LIVE = frozenset({State.HELD, State.CONFIRMED, State.TICKETED})
"""The airline has an order, and nothing is being asked of it."""
SOLD = frozenset({State.CONFIRMED, State.TICKETED})
OVER = frozenset({State.FAILED, State.LAPSED, State.CANCELLED})
DECIDED = LIVE | OVER
OPEN = (
    State.RESERVED,
    State.REQUIRES_ACTION,
    State.SUBMITTING,
    State.PENDING,
    State.UNKNOWN,
    State.CONFIRMING,
    State.CANCELLING,
)
UNDER_WAY = (*OPEN, State.MANUAL_REVIEW)
ASKED_ABOUT = frozenset({State.PENDING, State.UNKNOWN, State.MANUAL_REVIEW})
"""Sent, or perhaps sent: the provider can tell what became of it."""

UNPAID = frozenset({State.RESERVED, State.REQUIRES_ACTION})
"""Nothing was sent: the card comes first."""

_ANSWERS = frozenset({State.CONFIRMED, State.HELD, State.PENDING, State.FAILED})

TRANSITIONS: dict[State, frozenset[State]] = {
    State.RESERVED: frozenset({State.SUBMITTING, State.REQUIRES_ACTION, State.FAILED}),
    State.REQUIRES_ACTION: frozenset({State.RESERVED, State.FAILED, State.CONFIRMING, State.HELD}),
    State.SUBMITTING: _ANSWERS | {State.UNKNOWN},
    State.PENDING: (_ANSWERS - {State.PENDING}) | {State.MANUAL_REVIEW, State.CANCELLED, State.LAPSED},
    State.UNKNOWN: _ANSWERS | {State.RESERVED, State.MANUAL_REVIEW, State.CANCELLED, State.LAPSED},
    State.CONFIRMED: frozenset({State.TICKETED, State.CANCELLING, State.CANCELLED}),
    State.TICKETED: frozenset({State.CANCELLING, State.CANCELLED}),
    State.HELD: frozenset({State.CONFIRMING, State.CANCELLING, State.LAPSED, State.CANCELLED}),
    State.CONFIRMING: LIVE - {State.TICKETED}
    | {State.REQUIRES_ACTION, State.LAPSED, State.CANCELLED, State.MANUAL_REVIEW},
    State.CANCELLING: LIVE | {State.CANCELLED, State.LAPSED, State.MANUAL_REVIEW},
    State.CANCELLED: frozenset(),
    State.LAPSED: frozenset(),
    State.FAILED: frozenset({State.MANUAL_REVIEW}),
    State.MANUAL_REVIEW: _ANSWERS | {State.CANCELLED, State.LAPSED},
}


class IllegalTransition(RuntimeError):
    """A programming error: the table does not know this step."""


def check(before: State, after: State) -> None:
    """Raises IllegalTransition."""
    if after not in TRANSITIONS[before]:
        raise IllegalTransition(f"{before} → {after}")
