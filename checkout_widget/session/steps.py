"""The single steps of a checkout: compare-and-swap, each told as an event, in one transaction."""

from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import F

from checkout_widget.session import events
from checkout_widget.session.models import CheckoutSession
from checkout_widget.session.states import EARLY, LATE, STEPS
from checkout_widget.session.states import CheckoutState as State


def move(session: CheckoutSession, after: State, *, now: datetime, is_late: bool = False, **changes: Any) -> bool:
    """False when somebody else was faster; then nothing has changed, here or in the table.

    `is_late`: a booking that was told as failed turned out to be booked.
    """
    before = State(session.state)
    allowed = (LATE if is_late else STEPS).get(before, frozenset())
    if after not in allowed:
        raise ValueError(f"a checkout does not go from {before} to {after}")
    with transaction.atomic():
        still = CheckoutSession.objects.filter(pk=session.pk, state=before, sequence=session.sequence)
        if before in EARLY and after in (*EARLY, State.CONFIRMING):
            still = still.filter(expires_at__gt=now)
        if not still.update(state=after, sequence=F("sequence") + 1, updated_at=now, **changes):
            return False
        for name, value in changes.items():
            setattr(session, name, value)
        events.tell(session, after, at=now)
        session.state, session.updated_at = after, now
        session.sequence += 1
    return True


def state_of(session: CheckoutSession, *, now: datetime) -> State:
    """As everybody sees it: one whose time is over is expired, whether or not anybody has looked since."""
    is_over = session.state in EARLY and session.expires_at <= now
    return State.EXPIRED if is_over else State(session.state)
