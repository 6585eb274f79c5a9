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

from checkout_widget.session import callers, security_code, services, settling, steps
from checkout_widget.session.asking import ask, values_of
from checkout_widget.session.models import CheckoutAttempt, CheckoutSession
from checkout_widget.session.refusals import (
    BookedElsewhere,
    FrameReplaced,
    QuoteChanged,
    QuoteUnknown,
    UnderWayElsewhere,
)
from checkout_widget.session.schemas import TotalView
from checkout_widget.session.settling import CARD_GONE, PRICE_CHANGED, SOLD_OUT, STALE
from checkout_widget.session.states import BOOKED, UNDER_WAY
from checkout_widget.session.states import CheckoutState as State
from movmo.kit import clock
from movmo.kit.errors import DomainError
from movmo.kit.ids import new_id
from movmo.kit.money import Money
from movmo.operations import idempotency
from movmo.operations.dispatch import Contended, waiting_for_locks

log = structlog.get_logger()

YES_LASTS = timedelta(minutes=10)
GRACE = timedelta(minutes=2)
"""A call that began just before has written its booking down by then, if it ever will."""
MOST_TRIES = 3
TOO_LATE = "took_too_long"
UNASKED = "not_supported_by_provider"
GONE = frozenset({STALE, SOLD_OUT, "not_found", "provider_unknown", "provider_not_for_key"})
"""Asked for its price, the offer is not sold any more."""


def confirm(
    session: CheckoutSession, *, quote_version: int, payment_method_id: UUID | None, request_id: str = ""
) -> None:
    """Raises CheckoutNotOpen, FrameReplaced, QuoteUnknown, QuoteChanged, or what refresh_offer refuses for now.
    Afterwards the session stands as it stands: read its state. The same offer in another checkout of the same person
    raises UnderWayElsewhere or BookedElsewhere, a card without its code as security_code.check does.
    """
    now = clock.now()
    if steps.state_of(session, now=now) is not State.READY:
        return _pressed_again(session, State.COMPLETED, *UNDER_WAY)
    if not 1 <= quote_version <= session.quote_version:
        raise QuoteUnknown
    shown = session.total
    if not _is_still_sold(session, request_id=request_id):
        return None
    if session.quote_version != quote_version:
        raise QuoteChanged(old=_written(shown), new=_written(session.total))
    security_code.check(session, payment_method_id, request_id=request_id)
    if not _begin(session, payment_method_id=payment_method_id):
        return _pressed_again(session, State.READY, State.COMPLETED, *UNDER_WAY)
    return drive(session, request_id=request_id)


def renew(session: CheckoutSession, *, request_id: str = "") -> dict[str, Any]:
    """As services.renew, for a traveler who asks. Raises also what forbids their yes: BookedElsewhere or
    UnderWayElsewhere."""
    if (bought := elsewhere(session)) is not None:
        raise bought
    return services.renew(session, request_id=request_id)


def _is_still_sold(session: CheckoutSession, *, request_id: str) -> bool:
    """False where it goes on, or has ended, without this yes. Raises as `confirm`."""
    sequence = session.sequence
    try:
        return _is_sold(session, request_id=request_id)
    except DomainError as refusal:
        if isinstance(refusal, FrameReplaced) or not _has_moved(session, since=sequence):
            raise
        _pressed_again(session, State.READY, State.COMPLETED, *UNDER_WAY)
        return False


def _pressed_again(session: CheckoutSession, *shown: State) -> None:
    """Somebody's yes was faster: in these states the page shows how it goes. Raises CheckoutNotOpen in others, and
    FrameReplaced."""
    refusal = services.not_open(session, now=clock.now())
    if session.state not in shown or refusal.facts.get("status") != session.state:
        raise refusal


def _has_moved(session: CheckoutSession, *, since: int) -> bool:
    return not CheckoutSession.objects.filter(pk=session.pk, sequence=since).exists()


def _written(money: Money) -> dict[str, str]:
    return TotalView.of(money).model_dump()


def _is_sold(session: CheckoutSession, *, request_id: str) -> bool:
    """At the price that is noted now. False once the checkout has failed, because the offer is gone. Raises what
    refresh_offer refuses for now, CheckoutNotOpen or FrameReplaced."""
    sequence = session.sequence
    for _ in range(MOST_TRIES):
        try:
            services.renew(session, request_id=request_id)
        except DomainError as refusal:
            if refusal.code == UNASKED:
                return True  # a provider that is not asked for prices says so at the booking itself
            if refusal.code not in GONE or _has_moved(session, since=sequence):
                raise
            # Where it is to be had all the same, another call has just refreshed it.
            if refusal.code != STALE or not _is_active(session, request_id=request_id):
                return _fail(session, refusal)
        else:
            return True
    raise Contended(retry_after=1)


def _fail(session: CheckoutSession, refusal: DomainError) -> bool:
    if (bought := elsewhere(session)) is not None:
        raise bought from None
    if not steps.move(session, State.FAILED, now=clock.now(), failure_code=refusal.code):
        raise services.not_open(session, now=clock.now()) from None
    return False


def _is_active(session: CheckoutSession, *, request_id: str) -> bool:
    """Whether the offer could be booked all the same. It is asked for the partner, who sees it whoever has taken it."""
    try:
        caller = callers.of_partner(session, request_id=request_id)
        offer = values_of(caller, "get_offer_details", **session.offer_named)
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
            if (bought := elsewhere(session)) is not None:
                raise bought
    except IntegrityError:
        raise UnderWayElsewhere from None
    return True


def elsewhere(session: CheckoutSession) -> DomainError | None:
    """A page that was loaded again, or a second one, has opened another checkout for the same offer: what became of
    it there, while that forbids to buy it here."""
    if session.user_id is None:
        return None
    same = CheckoutAttempt.objects.filter(
        user_id=session.user_id, provider=session.provider, provider_offer_id=session.provider_offer_id
    ).exclude(session=session)
    if same.filter(outcome__in=BOOKED).exists():
        return BookedElsewhere()
    return UnderWayElsewhere() if same.filter(ended_at=None).exists() else None


def drive(session: CheckoutSession, *, request_id: str = "") -> None:
    """Go on with the attempt that is under way. Raises nothing that the booking refused: that is written down. Where
    others hold what it needs, the next look goes on."""
    try:
        with waiting_for_locks():
            _go_on(session, request_id=request_id)
    except Contended:
        log.info("checkout.contended", session_id=str(session.pk))


def _go_on(session: CheckoutSession, *, request_id: str) -> None:
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
        **attempt.session.offer_named,
        "expected_total": _written(Money(attempt.total_minor, attempt.currency)),
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
    return settling.settle(attempt, "failed", failure=CARD_GONE if is_card else refusal.code)


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
        services.renew(fresh, request_id=request_id)
    except DomainError:
        return  # the next yes asks for it anew
