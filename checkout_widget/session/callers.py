"""Who calls from a checkout: the partner whose page it is, and the traveler once they have signed in."""

from checkout_widget.session.models import CheckoutSession
from movmo.operations.context import Caller, Door
from movmo.operations.scopes import SCOPES

EVERY_SCOPE = frozenset(SCOPES)


def of(session: CheckoutSession, *, request_id: str = "") -> Caller:
    """The person themselves, at the partner's: nobody had to grant them anything."""
    return Caller(
        door=Door.CHECKOUT,
        user_id=session.user_id,
        partner_id=session.partner_id,
        scopes=EVERY_SCOPE if session.user_id else frozenset(),
        is_live_key=session.is_live_key,
        request_id=request_id,
    )
