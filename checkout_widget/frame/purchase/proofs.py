"""Opens the page of the bank's question once: a form posts it into a frame, where no Authorization header goes.

It names the attempt and the claim of the frame that shows it, works for a minute, and only the first time.
"""

import re
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

import structlog
from django.core import signing
from django.core.cache import cache

from checkout_widget import csp
from checkout_widget.session import callers
from checkout_widget.session.asking import values_of
from checkout_widget.session.models import CheckoutAttempt, CheckoutSession
from movmo.kit import clock
from movmo.kit.errors import DomainError
from movmo.kit.ids import new_id

LIFE = timedelta(minutes=1)
SALT = "checkout.challenge"
PLAIN_HOST = re.compile(r"([A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*|\[[0-9A-Fa-f:.]+\])(:[0-9]{1,5})?")
"""Without a name and a password, and without what ends a source or a directive of a content policy."""

log = structlog.get_logger()


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
    """Where the bank asks; empty where it does not, where that is not told just now, or where it is no address to show.

    Asked as the person who said yes: a frame that was loaded anew has nobody signed in, and shows nothing else of it.
    """
    if attempt.booking_id is None:
        return ""
    try:
        booking = values_of(callers.of_attempt(attempt), "get_booking", booking_id=str(attempt.booking_id))
    except DomainError:
        return ""
    address = str((booking["payment"] or {}).get("challenge_url") or "")
    if address and not _may_be_shown(address):
        log.error("checkout.bank_not_shown", attempt_id=str(attempt.pk))
        return ""
    return address


def _may_be_shown(address: str) -> bool:
    """It comes from an airline's bank, and gets into a policy and a link: https and a plain host, or the bank that is
    a part of the sandbox's vault."""
    try:
        parts = urlsplit(address)
    except ValueError:
        return False
    if PLAIN_HOST.fullmatch(parts.netloc) is None:
        return False
    return parts.scheme == "https" or f"{parts.scheme}://{parts.netloc}" in csp.vaults()
