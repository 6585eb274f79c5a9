"""The life of a booking: its states and every legal transition. Nothing else changes a state.

reserved → requires_action → reserved           the cardholder's bank asks, and was answered
reserved | requires_action → failed            the card was declined, or the offer ended meanwhile
reserved → submitting → confirmed | held | pending | failed | unknown
pending  → confirmed | held | failed
unknown  → confirmed | held | failed | pending     found by look-up
unknown  → reserved                                nothing found after the settle window: submit again
unknown  → manual_review                           nothing found, and tried often enough: a person asks the airline
manual_review → confirmed | held | pending | failed   an order turned up after all
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


DECIDED = frozenset({State.CONFIRMED, State.HELD, State.FAILED})
OPEN = (State.RESERVED, State.REQUIRES_ACTION, State.SUBMITTING, State.PENDING, State.UNKNOWN)
UNDER_WAY = (*OPEN, State.MANUAL_REVIEW)
ASKED_ABOUT = frozenset({State.PENDING, State.UNKNOWN, State.MANUAL_REVIEW})
"""Sent, or perhaps sent: the provider can tell what became of it."""

_ANSWERS = frozenset({State.CONFIRMED, State.HELD, State.PENDING, State.FAILED})

TRANSITIONS: dict[State, frozenset[State]] = {
    State.RESERVED: frozenset({State.SUBMITTING, State.REQUIRES_ACTION, State.FAILED}),
    State.REQUIRES_ACTION: frozenset({State.RESERVED, State.FAILED}),
    State.SUBMITTING: _ANSWERS | {State.UNKNOWN},
    State.PENDING: _ANSWERS - {State.PENDING},
    State.UNKNOWN: _ANSWERS | {State.RESERVED, State.MANUAL_REVIEW},
    State.CONFIRMED: frozenset(),
    State.HELD: frozenset(),
    State.FAILED: frozenset({State.MANUAL_REVIEW}),
    State.MANUAL_REVIEW: _ANSWERS,
}


class IllegalTransition(RuntimeError):
    """A programming error: the table does not know this step."""


def check(before: State, after: State) -> None:
    """Raises IllegalTransition."""
    if after not in TRANSITIONS[before]:
        raise IllegalTransition(f"{before} → {after}")
