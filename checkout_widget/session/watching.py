"""What becomes of a booking is what becomes of its checkout, whoever hears of it first."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from checkout_widget.session import callers, confirming
from checkout_widget.session.asking import told
from checkout_widget.session.models import CheckoutAttempt, CheckoutSession
from checkout_widget.session.states import UNDER_WAY
from movmo.kit.errors import DomainError
from movmo.operations.models import Event

QUIET = timedelta(seconds=10)
"""Nobody has moved it for so long: whoever drove it is gone, or waits for a booking that is not decided."""


def receive(published: Sequence[Event]) -> None:
    """The sink of events, in the transaction that publishes them."""
    states = {one.subject_id: one.payload["status"] for one in published if one.type.startswith("booking.")}
    for attempt in CheckoutAttempt.objects.filter(booking_id__in=states):
        assert attempt.booking_id is not None
        confirming.settle(attempt, status=states[attempt.booking_id])


def sweep(*, now: datetime, limit: int = 50) -> int:
    """Go on with what nobody goes on with: whoever called create_booking has died. Returns how many."""
    quiet = CheckoutSession.objects.filter(state__in=UNDER_WAY, updated_at__lte=now - QUIET).order_by("updated_at")
    found = list(quiet[:limit])
    for session in found:
        look(session)
    return len(found)


def look(session: CheckoutSession, *, request_id: str = "") -> None:
    """Ask how its booking stands, which goes on by that as far as it can."""
    attempt = session.attempts.order_by("-number").first()
    if attempt is None or attempt.ended_at is not None or session.state not in UNDER_WAY:
        return
    if attempt.booking_id is None:
        confirming.drive(session, request_id=request_id)
        return
    caller = callers.of(session, request_id=request_id)
    try:
        view = told(caller, "get_booking", booking_id=str(attempt.booking_id))
    except DomainError:
        return  # the airline is away, or we are too busy: the next look tells
    failure = view["failure"]
    locator = view["record_locator"] or ""
    confirming.settle(
        attempt, status=str(view["status"]), failed_with=failure["code"] if failure else "", record_locator=locator
    )
