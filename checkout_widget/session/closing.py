"""What staff have closed since a checkout was opened is closed in it too.

A booking that is under way, and what was booked, are told all the same: the booking decides.
"""

from checkout_widget.session.models import CheckoutSession
from checkout_widget.session.states import EARLY
from movmo.accounts.models import User
from partners.origin import queries as registered


def is_closed(session: CheckoutSession) -> bool:
    """Its partner was suspended, its page is registered no longer, or the traveler's account was closed."""
    if session.state not in EARLY:
        return False
    if not registered.is_registered(session.partner_id, session.origin):
        return True
    return session.user_id is not None and not User.objects.filter(pk=session.user_id, is_active=True).exists()
