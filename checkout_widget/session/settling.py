"""What became of an attempt, written down: by the booking as it is read, or by the refusal that left none."""

from datetime import datetime

import structlog
from django.db import transaction

from checkout_widget.session import callers, steps
from checkout_widget.session.asking import values_of
from checkout_widget.session.models import CheckoutAttempt, CheckoutSession
from checkout_widget.session.states import BOOKED, MOST_DECLINES, UNDER_WAY
from checkout_widget.session.states import CheckoutState as State
from movmo.kit import clock

log = structlog.get_logger()

GIVEN_BACK = frozenset({"lapsed", "cancelled"})
NOT_BOOKED = GIVEN_BACK | {"failed"}
BANK_ASKS = "requires_action"

DECLINED, CARD_GONE = "payment_declined", "payment_method_gone"
SOLD_OUT, STALE, PRICE_CHANGED = "sold_out", "offer_stale", "price_changed"
DROPPED = "services_dropped"
"""No attempt ends by it: a seat or a bag of the quote before is not sold any more."""
STILL_SOLD = frozenset(
    {
        DECLINED,
        CARD_GONE,
        "card_expired",
        "card_not_for_provider",
        PRICE_CHANGED,
        "seat_taken",
        "provider_unavailable",
    }
)
"""Failures after which the same offer may be booked: the traveler is asked again."""
OF_THE_PARTY = frozenset(
    {
        "passenger_missing",
        "passenger_type_mismatch",
        "infant_turns_two",
        "duplicate_name",
        "gender_unsupported",
        "document_missing",
        "document_type_unsupported",
        "document_expired",
    }
)
"""Who travels has changed meanwhile: the traveler chooses anew."""


def hear(attempt: CheckoutAttempt, *, request_id: str = "") -> None:
    """Read the attempt's booking and settle by it. Raises what get_booking refuses."""
    caller = callers.of_attempt(attempt, request_id=request_id)
    booking = values_of(caller, "get_booking", booking_id=str(attempt.booking_id))
    failure, locator = booking["failure"], booking["record_locator"] or ""
    settle(attempt, str(booking["status"]), failure=failure["code"] if failure else "", record_locator=locator)


def settle(attempt: CheckoutAttempt, status: str, *, failure: str = "", record_locator: str = "") -> None:
    """By the booking's status, and why it failed. Whatever is known already is left."""
    for _ in range(steps.MOST_RACES):
        now = clock.now()
        with transaction.atomic():
            session = CheckoutSession.objects.get(pk=attempt.session_id)
            if not _moved(session, attempt, status, failure=failure, record_locator=record_locator, now=now):
                continue  # somebody else was faster: decide by what they have left
            if status in BOOKED or status in NOT_BOOKED:
                _end(attempt, failure or status, is_final=status not in (*BOOKED, *GIVEN_BACK), now=now)
            return
    log.warning("checkout.crowded", session_id=str(attempt.session_id))  # the sweep comes back to it


def _moved(
    session: CheckoutSession, attempt: CheckoutAttempt, status: str, *, failure: str, record_locator: str, now: datetime
) -> bool:
    """False when somebody else was faster."""
    if status in BOOKED:
        return _completed(session, attempt, record_locator, now=now)
    if session.state not in UNDER_WAY or session.attempts_made != attempt.number:
        return True
    if status in NOT_BOOKED:
        return _refused(session, failure or status, now=now)
    after = State.REQUIRES_ACTION if status == BANK_ASKS else State.CONFIRMING
    return session.state == after or steps.move(session, after, now=now)


def _completed(session: CheckoutSession, attempt: CheckoutAttempt, record_locator: str, *, now: datetime) -> bool:
    if session.state != State.COMPLETED:
        changes = {"booking_id": attempt.booking_id, "record_locator": record_locator, "failure_code": ""}
        if session.user_id != attempt.user_id:
            changes["user_id"] = None  # it is not the booking of whoever signed in since
        is_late = session.state not in UNDER_WAY
        return steps.move(session, State.COMPLETED, now=now, is_late=is_late, **changes)
    if session.booking_id != attempt.booking_id:
        log.error("checkout.booked_twice", session_id=str(session.pk), booking_id=str(attempt.booking_id))
        return True
    if not record_locator or session.record_locator == record_locator:
        return True
    return steps.note(session, record_locator=record_locator)


def _refused(session: CheckoutSession, code: str, *, now: datetime) -> bool:
    """Nothing was booked. The traveler may mend it while the offer is still sold and not too many cards failed."""
    declines = session.declines + (code == DECLINED)
    after = State.FAILED
    if session.expires_at > now and declines < MOST_DECLINES and code in STILL_SOLD | OF_THE_PARTY:
        after = State.READY if code in STILL_SOLD else State.AUTHENTICATED
        if session.user_id is None:  # another frame has claimed it meanwhile, and nobody has signed in there
            after = State.OPEN
    return steps.move(session, after, now=now, failure_code=code, declines=declines)


def _end(attempt: CheckoutAttempt, outcome: str, *, is_final: bool, now: datetime) -> None:
    """A failure is told once. What turns out to be booked all the same, or was booked and given back, is told then."""
    known = CheckoutAttempt.objects.filter(pk=attempt.pk)
    if is_final:
        known = known.filter(ended_at=None)
    known.update(outcome=outcome[:80], ended_at=now)
