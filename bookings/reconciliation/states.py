"""The lives of a statement and of a discrepancy (a case), the classes, and by which key a line was matched.

Statement   received → staged → accepted → reconciled      staged: read, counted, waits for a person's word
            received | staged → refused                    the file as a whole is of no use, or a person declined it,
                                                           or nobody of the partner accepted it in time
            received | accepted → refused                  its file is gone, it takes too long, or worker after worker
                                                           was lost over it
            staged | refused → received                    the same file is sent again, and something else said of it
            accepted → staged                              a day of it was locked meanwhile
Discrepancy open ↔ investigating ↔ disputed → resolved | written_off
            any of the first three → gone                  a later run does not find it any more; found again → open
"""

from enum import StrEnum


class StatementState(StrEnum):
    RECEIVED = "received"
    STAGED = "staged"
    ACCEPTED = "accepted"
    RECONCILED = "reconciled"
    REFUSED = "refused"


WAITING = frozenset({StatementState.RECEIVED, StatementState.ACCEPTED})
"""A worker has something to do for it."""
NOT_ACCEPTED = (StatementState.RECEIVED, StatementState.STAGED)
"""It waits for somebody's word, or will: of a partner's there are only so many."""


class CaseState(StrEnum):
    """How far people are with a discrepancy."""

    OPEN = "open"
    INVESTIGATING = "investigating"
    DISPUTED = "disputed"
    RESOLVED = "resolved"
    WRITTEN_OFF = "written_off"
    GONE = "gone"


STANDING = frozenset({CaseState.OPEN, CaseState.INVESTIGATING, CaseState.DISPUTED})
"""Somebody still has to do something about it."""

_ENDS = {CaseState.RESOLVED, CaseState.WRITTEN_OFF, CaseState.GONE}

TRANSITIONS: dict[CaseState, frozenset[CaseState]] = {
    **{state: frozenset({*STANDING, *_ENDS} - {state}) for state in sorted(STANDING)},
    **{state: frozenset({CaseState.OPEN}) for state in sorted(_ENDS)},
}


class Class(StrEnum):
    """What is wrong. A line has one class: the first that applies, in the order of `classes`."""

    MISSING_AT_PROVIDER = "missing_at_provider"
    MISSING_LOCALLY = "missing_locally"
    STATUS_MISMATCH = "status_mismatch"
    AMOUNT_MISMATCH = "amount_mismatch"
    TAX_MISMATCH = "tax_mismatch"
    FEE_MISMATCH = "fee_mismatch"
    CURRENCY_MISMATCH = "currency_mismatch"
    DUPLICATE = "duplicate"
    VOID_NOT_REFLECTED = "void_not_reflected"
    REFUND_NOT_REFLECTED = "refund_not_reflected"
    TICKET_MISSING = "ticket_missing"
    LAPSED_HOLD = "lapsed_hold"
    ADM = "adm"
    ACM = "acm"
    AMBIGUOUS = "ambiguous"


MATCHED = "matched"
"""What a line is that has no class."""


class Tier(StrEnum):
    """By which key both sides were found to be the same, the strongest first."""

    ORDER_ID = "order_id"
    CLIENT_REFERENCE = "client_reference"
    TICKET_NUMBER = "ticket_number"
    RECORD_LOCATOR = "record_locator"
    BY_HAND = "by_hand"
    NONE = "none"


EXPLANATIONS = {
    Tier.ORDER_ID: "the provider's order id is the same",
    Tier.CLIENT_REFERENCE: "the client reference is our booking's id",
    Tier.TICKET_NUMBER: "the ticket number is the same",
    Tier.RECORD_LOCATOR: "the record locator, the surname and the date are the same",
    Tier.BY_HAND: "a person linked them",
    Tier.NONE: "nothing of ours has one of its keys",
}


class IllegalStep(RuntimeError):
    """A programming error: the table does not know this step."""


def check(before: CaseState, after: CaseState) -> None:
    """Raises IllegalStep."""
    if after not in TRANSITIONS[before]:
        raise IllegalStep(f"{before} → {after}")
