"""The traveler's yes: one attempt, one booking, through create_booking like behind every other door.

    confirm   the price is asked for anew; then one compare-and-swap makes the attempt, whose id is the idempotency key
    drive     calls create_booking with that key, until there is a booking; from then on asks how it stands. Safe to
              repeat, by anybody: the frame that polls, another one, the sweep after a crash
    settling  writes down what became of it

Of two yeses at once one makes an attempt, and the other is shown how it goes. A booking whose outcome is not known
keeps the checkout in `confirming`, however long that takes. A yes of which nothing was booked is good for YES_LASTS.
"""

from datetime import timedelta
from typing import Any
from uuid import UUID

import structlog
from django.db import IntegrityError, transaction

from checkout_widget.session import callers, services, settling, steps
from checkout_widget.session.asking import ask, told
from checkout_widget.session.models import CheckoutAttempt, CheckoutSession
from checkout_widget.session.refusals import BookedElsewhere, QuoteChanged, UnderWayElsewhere
from checkout_widget.session.states import BOOKED, UNDER_WAY
from checkout_widget.session.states import CheckoutState as State
from movmo.kit import clock
from movmo.kit.errors import DomainError
from movmo.kit.ids import new_id
from movmo.kit.money import Money
from movmo.operations import idempotency

log = structlog.get_logger()

YES_LASTS = timedelta(minutes=10)
GRACE = timedelta(minutes=2)
"""A call that began just before has written its booking down by then, if it ever will."""
MOST_TRIES = 3
TOO_LATE = "took_too_long"
STALE, PRICE_CHANGED = "offer_stale", "price_changed"
UNASKED = "not_supported_by_provider"
GONE = frozenset({STALE, "sold_out", "not_found", "provider_unknown", "provider_not_for_key"})
"""Asked for its price, the offer is not sold any more."""


def confirm(
    session: CheckoutSession, *, quote_version: int, payment_method_id: UUID | None, request_id: str = ""
) -> None:
    """Raises CheckoutNotOpen, FrameReplaced, QuoteChanged, or what refresh_offer refuses for now. Afterwards the
    session stands as it stands: read its state. The same offer in another checkout of the same person raises
    UnderWayElsewhere or BookedElsewhere.
    """
    now = clock.now()
    if steps.state_of(session, now=now) is not State.READY:
        return _pressed_again(session, State.COMPLETED, *UNDER_WAY)
    shown, sequence = session.total, session.sequence
    try:
        if not _is_sold(session, request_id=request_id):
            return None
    except DomainError:
        if _has_moved(session, since=sequence):
            return _pressed_again(session, State.READY, State.COMPLETED, *UNDER_WAY)
        raise
    if session.quote_version != quote_version:
        raise QuoteChanged(old=_told(shown), new=_told(session.total))
    if not _begin(session, payment_method_id=payment_method_id):
        return _pressed_again(session, State.READY, State.COMPLETED, *UNDER_WAY)
    return drive(session, request_id=request_id)


def _pressed_again(session: CheckoutSession, *shown: State) -> None:
    """Somebody's yes was faster: in these states the page shows how it goes. Raises CheckoutNotOpen in others, and
    FrameReplaced."""
    refusal = services.not_open(session, now=clock.now())
    if session.state not in shown or refusal.facts.get("status") != session.state:
        raise refusal


def _has_moved(session: CheckoutSession, *, since: int) -> bool:
    return not CheckoutSession.objects.filter(pk=session.pk, sequence=since).exists()


def _told(money: Money) -> dict[str, str]:
    return {"amount": money.amount, "currency": money.currency}


def _is_sold(session: CheckoutSession, *, request_id: str) -> bool:
    """At the price that is noted now. False once the checkout has failed, because the offer is gone. Raises what
    refresh_offer refuses for now, CheckoutNotOpen or FrameReplaced."""
    sequence = session.sequence
    try:
        _check_price(session, request_id=request_id)
    except DomainError as refusal:
        if refusal.code == UNASKED:
            return True  # a provider that is not asked for prices says so at the booking itself
        if refusal.code not in GONE or _has_moved(session, since=sequence):
            raise
        if refusal.code == STALE and _is_active(session, request_id=request_id):
            # Another call has just refreshed it.
            _check_price(session, request_id=request_id)
            return True
        if (elsewhere := _elsewhere(session)) is not None:
            raise elsewhere from None
        if not steps.move(session, State.FAILED, now=clock.now(), failure_code=refusal.code):
            raise services.not_open(session, now=clock.now()) from None
        return False
    return True


def _check_price(session: CheckoutSession, *, request_id: str) -> None:
    view = told(callers.of(session, request_id=request_id), "refresh_offer", **_offer_of(session))
    services.requote(session, Money.parse(view["new"]["amount"], view["new"]["currency"]), now=clock.now())


def _offer_of(session: CheckoutSession) -> dict[str, str]:
    return {"provider": session.provider, "offer_id": str(session.offer_id)}


def _is_active(session: CheckoutSession, *, request_id: str) -> bool:
    """Whether the offer could be booked all the same. It is asked for the partner, who sees it whoever has taken it."""
    try:
        offer = told(callers.of_partner(session, request_id=request_id), "get_offer_details", **_offer_of(session))
    except DomainError as refusal:
        return refusal.retryable
    return str(offer["status"]) == "active"


def _begin(session: CheckoutSession, *, payment_method_id: UUID | None) -> bool:
    """One attempt. False if somebody else has begun one, or the time is over."""
    assert session.user_id is not None, "a checkout that is ready has its traveler"
    now, number = clock.now(), session.attempts_made + 1
    changes: dict[str, Any] = {"attempts_made": number, "payment_method_id": payment_method_id, "failure_code": ""}
    attempt = CheckoutAttempt(
        id=new_id(),
        session=session,
        number=number,
        user_id=session.user_id,
        provider=session.provider,
        provider_offer_id=session.provider_offer_id,
        payment_method_id=payment_method_id,
        total_minor=session.total_minor,
        currency=session.currency,
        began_at=now,
    )
    try:
        with transaction.atomic(durable=True):
            if not steps.move(session, State.CONFIRMING, now=now, **changes):
                return False
            attempt.save(force_insert=True)
            # After the insert, which has waited for one that was just ending.
            if (elsewhere := _elsewhere(session)) is not None:
                raise elsewhere
    except IntegrityError:
        raise UnderWayElsewhere from None
    return True


def _elsewhere(session: CheckoutSession) -> DomainError | None:
    """A page that was loaded again, or a second one, has opened another checkout for the same offer."""
    assert session.user_id is not None, "a checkout that is ready has its traveler"
    same = CheckoutAttempt.objects.filter(
        user_id=session.user_id, provider=session.provider, provider_offer_id=session.provider_offer_id
    ).exclude(session=session)
    if same.filter(outcome__in=BOOKED).exists():
        return BookedElsewhere()
    return UnderWayElsewhere() if same.filter(ended_at=None).exists() else None


def drive(session: CheckoutSession, *, request_id: str = "") -> None:
    """Go on with the attempt that is under way. Raises nothing that the booking refused: that is written down."""
    attempt = session.attempts.select_related("session").order_by("-number").first()
    if attempt is None or attempt.ended_at is not None:
        return
    if attempt.booking_id is None:
        _book(attempt, request_id=request_id)
    else:
        _hear(attempt, request_id=request_id)
    show_new_price(session, request_id=request_id)


def _hear(attempt: CheckoutAttempt, *, request_id: str) -> None:
    try:
        settling.hear(attempt, request_id=request_id)
    except DomainError as refusal:
        if not refusal.retryable:  # otherwise we are too busy, or the airline is away: the next look tells
            log.error("checkout.booking_not_told", attempt_id=str(attempt.pk), code=refusal.code)


def _book(attempt: CheckoutAttempt, *, request_id: str) -> None:
    if _may_not_be_made(attempt) and _made_by(attempt) is None:
        return _end_late(attempt)
    for _ in range(MOST_TRIES):
        try:
            view = _create_booking(attempt, request_id=request_id)
        except DomainError as refusal:
            if not _was_refreshed(attempt, refusal, request_id=request_id):
                return _refused(attempt, refusal, request_id=request_id)
        else:
            _note_booking(attempt, view["booking_id"])
            return settling.settle(attempt, str(view["status"]), record_locator=view["record_locator"] or "")
    return None  # the next look tries again


def _may_not_be_made(attempt: CheckoutAttempt) -> bool:
    """The yes is too old, or the checkout is decided without it. What was made all the same is told as it is."""
    return attempt.session.state not in UNDER_WAY or attempt.began_at <= clock.now() - YES_LASTS


def _end_late(attempt: CheckoutAttempt) -> None:
    if attempt.began_at <= clock.now() - YES_LASTS - GRACE:
        settling.settle(attempt, "failed", failure=TOO_LATE)


def _create_booking(attempt: CheckoutAttempt, *, request_id: str) -> dict[str, Any]:
    arguments = {
        **_offer_of(attempt.session),
        "expected_total": _told(Money(attempt.total_minor, attempt.currency)),
        "payment_method_id": str(attempt.payment_method_id) if attempt.payment_method_id else None,
    }
    caller = callers.of_attempt(attempt, request_id=request_id)
    return ask(caller, "create_booking", arguments, attempt.key).view.model_dump()


def _was_refreshed(attempt: CheckoutAttempt, refusal: DomainError, *, request_id: str) -> bool:
    """Somebody asked for the offer's price at the moment when it was taken: the call was rolled back, and the offer is
    there to be booked."""
    is_free = refusal.code == STALE and _made_by(attempt) is None
    return is_free and _is_active(attempt.session, request_id=request_id)


def _refused(attempt: CheckoutAttempt, refusal: DomainError, *, request_id: str) -> None:
    """Where there is a booking it tells itself what became of it, whatever this call was refused for. Where there is
    none, a refusal that would be repeated ends the attempt."""
    if (booking_id := _made_by(attempt)) is not None:
        _note_booking(attempt, booking_id)
        return _hear(attempt, request_id=request_id)
    if refusal.retryable:
        return None
    is_card = refusal.code == "not_found" and refusal.facts.get("what") != "offer"
    return settling.settle(attempt, "failed", failure=settling.CARD_GONE if is_card else refusal.code)


def _made_by(attempt: CheckoutAttempt) -> UUID | None:
    """The booking that a call with the attempt's key has written down, if any has."""
    return idempotency.made_with(attempt.key, owner_id=attempt.user_id)


def _note_booking(attempt: CheckoutAttempt, booking_id: UUID) -> None:
    CheckoutAttempt.objects.filter(pk=attempt.pk, booking_id=None).update(booking_id=booking_id)
    attempt.booking_id = booking_id


def show_new_price(session: CheckoutSession, *, request_id: str = "") -> None:
    """The airline has refused the price that was shown: the traveler sees the new one before they say yes again."""
    fresh = CheckoutSession.objects.get(pk=session.pk)
    if fresh.state != State.READY or fresh.failure_code != PRICE_CHANGED:
        return
    try:
        _check_price(fresh, request_id=request_id)
    except DomainError:
        return  # the next yes asks for it anew
