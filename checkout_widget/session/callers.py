"""Who calls from a checkout: the partner whose page it is, and the traveler once they have signed in."""

from datetime import timedelta
from uuid import UUID

from checkout_widget.session.models import CheckoutAttempt, CheckoutSession
from movmo.kit import clock
from movmo.operations.context import Caller, Door
from movmo.operations.scopes import SCOPES

EVERY_SCOPE = frozenset(SCOPES)
LINGERS = timedelta(hours=1)
"""A frame that was left open forgets by then who sat before it."""


def of(session: CheckoutSession, *, request_id: str = "") -> Caller:
    """The person who signed in in the frame, at the partner's: nobody had to grant them anything."""
    is_forgotten = session.expires_at + LINGERS <= clock.now()
    return _at(session, None if is_forgotten else session.user_id, request_id)


def of_attempt(attempt: CheckoutAttempt, *, request_id: str = "") -> Caller:
    """The person who said yes, whoever holds the frame since."""
    return _at(attempt.session, attempt.user_id, request_id)


def of_partner(session: CheckoutSession, *, request_id: str = "") -> Caller:
    """Nobody but the partner."""
    return _at(session, None, request_id)


def _at(session: CheckoutSession, user_id: UUID | None, request_id: str) -> Caller:
    return Caller(
        door=Door.CHECKOUT,
        user_id=user_id,
        partner_id=session.partner_id,
        checkout_id=session.pk,
        scopes=EVERY_SCOPE if user_id else frozenset(),
        is_live_key=session.is_live_key,
        request_id=request_id,
    )
