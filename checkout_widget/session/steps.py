"""The single steps of a checkout: compare-and-swap, each told as an event, in one transaction.

What is compared is the state, the sequence, the quote and the frame's token: a frame that was replaced changes nothing,
whatever a step changes stays with the frame for which it was decided, and nobody says yes to a quote of the past.
"""

from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import F, QuerySet

from checkout_widget.session import events
from checkout_widget.session.models import CheckoutSession
from checkout_widget.session.states import EARLY, LATE, STEPS
from checkout_widget.session.states import CheckoutState as State

MOST_RACES = 10
"""So often somebody else may be faster before a call gives up."""


def move(session: CheckoutSession, after: State, *, now: datetime, is_late: bool = False, **changes: Any) -> bool:
    """False when somebody else was faster, or its time is over; then nothing has changed, here or in the table.

    `is_late`: a booking that was told as failed turned out to be booked.
    """
    before = State(session.state)
    allowed = (LATE if is_late else STEPS).get(before, frozenset())
    if after not in allowed:
        raise ValueError(f"a checkout does not go from {before} to {after}")
    still = _as_read(session)
    if before in EARLY and after in (*EARLY, State.CONFIRMING):
        still = still.filter(expires_at__gt=now)
    with transaction.atomic():
        if not still.update(state=after, sequence=F("sequence") + 1, updated_at=now, **changes):
            return False
        _take_over(session, changes)
        events.tell(session, after, at=now)
        _take_over(session, {"state": after, "updated_at": now, "sequence": session.sequence + 1})
    return True


def note(session: CheckoutSession, **changes: Any) -> bool:
    """Columns of a session that stays in its state. False when somebody else was faster."""
    if not _as_read(session).update(**changes):
        return False
    _take_over(session, changes)
    return True


def _as_read(session: CheckoutSession) -> QuerySet[CheckoutSession]:
    return CheckoutSession.objects.filter(
        pk=session.pk,
        state=session.state,
        sequence=session.sequence,
        quote_version=session.quote_version,
        bearer_digest=session.bearer_digest,
    )


def _take_over(session: CheckoutSession, changes: dict[str, Any]) -> None:
    for name, value in changes.items():
        setattr(session, name, value)


def state_of(session: CheckoutSession, *, now: datetime) -> State:
    """As everybody sees it: one whose time is over is expired, whether or not anybody has looked since."""
    is_over = session.state in EARLY and session.expires_at <= now
    return State.EXPIRED if is_over else State(session.state)
