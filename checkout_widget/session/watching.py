"""What becomes of a booking is what becomes of its checkout, whoever hears of it first.

receive   the sink of events: orders a look at the checkouts of bookings that were decided, or whose bank asks
go_on     the outbox's handler of those orders: reads each booking, and settles by it
look      a frame that polls
sweep     what nobody goes on with, because whoever called create_booking has died
"""

import time
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

import structlog
from django.db.models import QuerySet

from checkout_widget.session import confirming, settling
from checkout_widget.session.models import CheckoutAttempt, CheckoutSession
from checkout_widget.session.states import BOOKED, UNDER_WAY
from movmo.kit import clock
from movmo.kit.errors import DomainError
from movmo.operations import outbox
from movmo.operations.dispatch import waiting_for_locks
from movmo.operations.models import Event, Outbox

log = structlog.get_logger()

TOPIC = "checkout"
QUIET = timedelta(seconds=10)
"""Nobody has moved it for so long: whoever drove it is gone, or waits for a booking that is not decided."""
# Each of them may wait for its airline. The next run goes on.
LONGEST_RUN_SECONDS = 20.0
NEWS = {*BOOKED, *settling.NOT_BOOKED, settling.BANK_ASKS}


def receive(published: Sequence[Event]) -> None:
    """In the transaction that publishes them, so it only orders: an event may be old news by now, and tells neither
    PNR nor why a booking failed."""
    news = {one.subject_id: one for one in published if one.type.startswith("booking.") and _status(one) in NEWS}
    found = CheckoutAttempt.objects.filter(booking_id__in=news).select_related("session")
    told = ((attempt, news[attempt.booking_id]) for attempt in found if attempt.booking_id is not None)
    wanted = [(attempt, event) for attempt, event in told if _is_news(attempt, _status(event))]
    orders = {f"checkout:{event.pk}": {"attempt_id": str(attempt.pk)} for attempt, event in wanted}
    if orders:
        outbox.put_all(TOPIC, orders, at=clock.now())


def _status(event: Event) -> str:
    return str(event.payload.get("status", ""))


def _is_news(attempt: CheckoutAttempt, status: str) -> bool:
    if attempt.ended_at is None:
        return True
    was_booked = attempt.outcome in BOOKED
    if status in settling.GIVEN_BACK:
        return was_booked
    return status in BOOKED and not (was_booked and attempt.session.record_locator)


def go_on(rows: Sequence[Outbox]) -> None:
    """Raises what may be otherwise later; then the orders come again."""
    for attempt in _attempts_of(rows):
        try:
            settling.hear(attempt)
        except DomainError as refusal:
            if refusal.retryable:
                raise
            log.warning("checkout.booking_not_told", attempt_id=str(attempt.pk), code=refusal.code)


def _attempts_of(rows: Sequence[Outbox]) -> Iterable[CheckoutAttempt]:
    named = [row.payload["attempt_id"] for row in rows]
    return CheckoutAttempt.objects.filter(pk__in=named).exclude(booking_id=None).select_related("session")


def sweep(*, now: datetime, limit: int = 50) -> int:
    """Go on with what nobody goes on with. Returns how many were looked at.

    Each look is a turn: those that were looked at in vain come again after all others.
    """
    quiet = CheckoutSession.objects.filter(state__in=UNDER_WAY, updated_at__lte=now - QUIET).order_by("updated_at")
    looked, ends_at = 0, time.monotonic() + LONGEST_RUN_SECONDS
    for session in [*quiet[:limit], *_left_open(now=now)[:limit]]:
        if time.monotonic() > ends_at:
            break
        if _take_turn(session, now=now):
            looked += 1
            _drive(session)
    return looked


def _left_open(*, now: datetime) -> QuerySet[CheckoutSession]:
    """Decided by another attempt, while nobody knows what became of the last one."""
    undecided = CheckoutAttempt.objects.filter(ended_at=None).values("session_id")
    decided = CheckoutSession.objects.filter(pk__in=undecided, updated_at__lte=now - QUIET)
    return decided.exclude(state__in=UNDER_WAY).order_by("updated_at")


def _drive(session: CheckoutSession) -> None:
    try:
        confirming.drive(session)
    except Exception:
        # Whatever it was, the others go on.
        log.exception("checkout.drive_crashed", session_id=str(session.pk))


def look(session: CheckoutSession, *, request_id: str = "") -> None:
    """Go on as far as it goes at this moment. The session is read anew afterwards."""
    attempt = session.attempts.select_related("session").order_by("-number").first()
    if attempt is None or attempt.ended_at is not None or session.state not in UNDER_WAY:
        return
    now = clock.now()
    try:
        with waiting_for_locks():
            if attempt.booking_id is not None:
                settling.hear(attempt, request_id=request_id)
                confirming.show_new_price(session, request_id=request_id)
            elif session.updated_at <= now - QUIET and _take_turn(session, now=now):
                confirming.drive(session, request_id=request_id)
    except DomainError as refusal:
        log.info("checkout.not_told", session_id=str(session.pk), code=refusal.code)
    finally:
        session.refresh_from_db()


def _take_turn(session: CheckoutSession, *, now: datetime) -> bool:
    """Of those who find it quiet at once, one goes on with it."""
    as_found = CheckoutSession.objects.filter(pk=session.pk, state=session.state, updated_at=session.updated_at)
    if not as_found.update(updated_at=now):
        return False
    session.updated_at = now
    return True
