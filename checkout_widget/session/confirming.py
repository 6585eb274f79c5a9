"""The traveler's yes: one attempt, one booking, through create_booking like behind every other door.

    confirm   the price is asked for anew; then one compare-and-swap makes the attempt, whose id is the idempotency key
    drive     calls create_booking with that key, and writes down what became of it. Safe to repeat, by anybody: the
              frame that polls, another one, the sweep after a crash
    settle    by the booking's state, told by the call or by an event of the booking

Of two yeses at once one makes an attempt, and the other is shown how it goes. A booking whose outcome is not known
keeps the checkout in `confirming`, however long that takes.
"""

from datetime import datetime
from typing import Any
from uuid import UUID

import structlog
from django.db import IntegrityError, transaction

from checkout_widget.session import callers, services, steps
from checkout_widget.session.asking import ask
from checkout_widget.session.models import CheckoutAttempt, CheckoutSession
from checkout_widget.session.refusals import QuoteChanged
from checkout_widget.session.states import MOST_DECLINES, UNDER_WAY
from checkout_widget.session.states import CheckoutState as State
from movmo.kit import clock
from movmo.kit.errors import DomainError, Kind
from movmo.kit.ids import new_id
from movmo.kit.money import Money

log = structlog.get_logger()

BOOKED = frozenset({"confirmed", "ticketed", "held"})
NOT_BOOKED = frozenset({"failed", "lapsed", "cancelled"})
DECLINED = "payment_declined"
STILL_SOLD = frozenset({DECLINED, "price_changed", "seat_taken", "provider_unavailable"})
"""Failures after which the same offer may be booked: the traveler is asked again."""


def confirm(
    session: CheckoutSession, *, quote_version: int, payment_method_id: UUID | None, request_id: str = ""
) -> None:
    """Raises CheckoutNotOpen, QuoteChanged, or what refresh_offer refuses. Afterwards the session stands as it stands:
    read its state.
    """
    now = clock.now()
    if steps.state_of(session, now=now) is not State.READY:
        if session.state in UNDER_WAY or session.state == State.COMPLETED:
            return  # pressed twice
        raise services.not_open(session, now=now)
    shown = session.total
    _check_price(session, request_id=request_id)
    if session.quote_version != quote_version:
        raise QuoteChanged(old=_told(shown), new=_told(session.total))
    _begin(session, payment_method_id=payment_method_id)
    drive(session, request_id=request_id)


def _told(money: Money) -> dict[str, str]:
    return {"amount": money.amount, "currency": money.currency}


def _check_price(session: CheckoutSession, *, request_id: str) -> None:
    named = {"provider": session.provider, "offer_id": str(session.offer_id)}
    view = ask(callers.of(session, request_id=request_id), "refresh_offer", named).view.model_dump()
    services.requote(session, Money.parse(view["new"]["amount"], view["new"]["currency"]), now=clock.now())


def _begin(session: CheckoutSession, *, payment_method_id: UUID | None) -> None:
    """One attempt, or the one that somebody else has just begun."""
    assert session.user_id is not None
    now, number = clock.now(), session.attempts_made + 1
    changes: dict[str, Any] = {"attempts_made": number, "payment_method_id": payment_method_id, "failure_code": ""}
    try:
        with transaction.atomic(durable=True):
            if not steps.move(session, State.CONFIRMING, now=now, **changes):
                raise services.not_open(session, now=now)
            CheckoutAttempt.objects.create(
                id=new_id(),
                session=session,
                number=number,
                user_id=session.user_id,
                payment_method_id=payment_method_id,
                total_minor=session.total_minor,
                currency=session.currency,
                began_at=now,
            )
    except IntegrityError:
        raise services.not_open(session, now=now) from None


def drive(session: CheckoutSession, *, request_id: str = "") -> None:
    """Go on with the attempt that is under way. Raises nothing that the booking refused: that is written down."""
    attempt = session.attempts.order_by("-number").first()
    if attempt is None or attempt.ended_at is not None:
        return
    caller = callers.of(session, request_id=request_id)
    arguments = {
        "provider": session.provider,
        "offer_id": str(session.offer_id),
        "expected_total": _told(Money(attempt.total_minor, attempt.currency)),
        "payment_method_id": str(attempt.payment_method_id) if attempt.payment_method_id else None,
    }
    try:
        view = ask(caller, "create_booking", arguments, attempt.key).view.model_dump()
    except DomainError as refusal:
        if not refusal.retryable and refusal.kind not in (Kind.INTERNAL, Kind.LIMITED):
            settle(attempt, failed_with=refusal.code)
        return
    _note_booking(attempt, view["booking_id"])
    settle(attempt, status=str(view["status"]), record_locator=view["record_locator"] or "")


def _note_booking(attempt: CheckoutAttempt, booking_id: UUID) -> None:
    CheckoutAttempt.objects.filter(pk=attempt.pk, booking_id=None).update(booking_id=booking_id)
    attempt.booking_id = booking_id


def settle(attempt: CheckoutAttempt, *, status: str = "", failed_with: str = "", record_locator: str = "") -> None:
    """Write down what became of the attempt, in a transaction that may be open. Whatever is known already is left."""
    session = CheckoutSession.objects.get(pk=attempt.session_id)
    now = clock.now()
    if status in BOOKED:
        is_late = session.state not in UNDER_WAY
        if session.state != State.COMPLETED:
            changes: dict[str, Any] = {"booking_id": attempt.booking_id, "record_locator": record_locator}
            steps.move(session, State.COMPLETED, now=now, is_late=is_late, failure_code="", **changes)
        _end(attempt, status, now=now)
    elif failed_with or status in NOT_BOOKED:
        if session.state in UNDER_WAY and session.attempts_made == attempt.number:
            _refused(session, failed_with or status, now=now)
        _end(attempt, failed_with or status, now=now)
    elif status == "requires_action" and session.state == State.CONFIRMING:
        steps.move(session, State.REQUIRES_ACTION, now=now)
    elif status and status != "requires_action" and session.state == State.REQUIRES_ACTION:
        steps.move(session, State.CONFIRMING, now=now)


def _refused(session: CheckoutSession, code: str, *, now: datetime) -> None:
    """Nothing was booked. The traveler may try again while the offer is still sold and not too many cards failed."""
    declines = session.declines + (code == DECLINED)
    goes_on = code in STILL_SOLD and declines < MOST_DECLINES and session.expires_at > now
    steps.move(session, State.READY if goes_on else State.FAILED, now=now, failure_code=code, declines=declines)


def _end(attempt: CheckoutAttempt, outcome: str, *, now: datetime) -> None:
    CheckoutAttempt.objects.filter(pk=attempt.pk, ended_at=None).update(outcome=outcome[:80], ended_at=now)
