"""Opens the page of the bank's question once: a form posts it into a frame, where no Authorization header goes.

It names the attempt and the claim of the frame that shows it, works for a minute, and only the first time.
"""

from datetime import datetime, timedelta
from typing import Any

from django.core import signing
from django.core.cache import cache

from checkout_widget.session import callers
from checkout_widget.session.asking import told
from checkout_widget.session.models import CheckoutAttempt, CheckoutSession
from movmo.kit import clock
from movmo.kit.errors import DomainError
from movmo.kit.ids import new_id

LIFE = timedelta(minutes=1)
SALT = "checkout.challenge"


class ProofInvalid(Exception):
    """Forged, over, used, or of a frame that another one has replaced."""


def made(session: CheckoutSession, attempt: CheckoutAttempt) -> str:
    said = {
        "session": str(session.pk),
        "attempt": str(attempt.pk),
        "claims": session.claims,
        "until": (clock.now() + LIFE).isoformat(),
        "once": str(new_id()),
    }
    return signing.dumps(said, salt=SALT)


def use(session: CheckoutSession, proof: str) -> CheckoutAttempt:
    """The attempt that it is for. Raises ProofInvalid."""
    try:
        said: dict[str, Any] = signing.loads(proof, salt=SALT)
    except signing.BadSignature:
        raise ProofInvalid from None
    is_of_this_frame = said["session"] == str(session.pk) and said["claims"] == session.claims
    is_over = datetime.fromisoformat(said["until"]) <= clock.now()
    if not is_of_this_frame or is_over or not cache.add(f"checkout-proof:{said['once']}", True, LIFE.total_seconds()):
        raise ProofInvalid
    found = session.attempts.filter(pk=said["attempt"], ended_at=None).first()
    if found is None:
        raise ProofInvalid
    return found


def address_of(attempt: CheckoutAttempt) -> str:
    """Where the bank asks; empty where it does not, or where that is not told just now.

    Asked as the person who said yes: a frame that was loaded anew has nobody signed in, and shows nothing else of it.
    """
    if attempt.booking_id is None:
        return ""
    try:
        booking = told(callers.of_attempt(attempt), "get_booking", booking_id=str(attempt.booking_id))
    except DomainError:
        return ""
    return (booking["payment"] or {}).get("challenge_url") or ""
