"""One-time codes sent by e-mail: to sign in, and to show again that one is who one was.

What waits for its code is kept by whoever asked (`Kept`: the session of a browser, a checkout), without the code: only
a keyed digest of it. How many tries and letters were taken is counted in a table, see `attempts`. Who asks for a code
to sign in becomes nobody's traveler by that: every address gets the same work, the same page and the same letter, and
an account comes to be when its code is entered. So there are no accounts of addresses that somebody else typed, and
none to be purged.
"""

import hmac
import secrets
from collections.abc import MutableMapping
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from enum import Enum, StrEnum, auto
from typing import Any, Self

import structlog
from django.utils.crypto import salted_hmac

from movmo.accounts.letter import sending as letters
from movmo.accounts.models import User
from movmo.accounts.sign_in import attempts
from movmo.kit import clock

log = structlog.get_logger()

Kept = MutableMapping[str, Any]
"""Where plain values are kept from the letter until its code is typed: `request.session` for pages."""

LASTS = timedelta(minutes=10)
TRIES = 3
MORE_LETTERS = 2
LONGEST = (1 + MORE_LETTERS) * LASTS  # from the first letter until the last one's code is over


class Purpose(StrEnum):
    SIGN_IN = "sign_in"
    CONFIRM = "confirm"


class Verdict(Enum):
    RIGHT = auto()
    WRONG = auto()
    USED = auto()  # right, and so was another request a moment ago: a button pressed twice
    ENDED = auto()


class LetterNotSent(Exception):
    """The mail server did not take the letter. Nothing is pending that was not before."""


@dataclass(frozen=True, slots=True)
class Pending:
    """A code that was sent. `name` stays when another one is sent; `digest` belongs to the newest."""

    name: str
    email: str
    digest: str
    sent_at: str

    @classmethod
    def of(cls, kept: Kept, purpose: Purpose) -> Self | None:
        found = kept.get(_place(purpose))
        return cls(**found) if found else None

    @property
    def is_over(self) -> bool:
        return clock.now() - datetime.fromisoformat(self.sent_at) > LASTS


def send(kept: Kept, purpose: Purpose, *, email: str) -> None:
    """Send a first code; what was pending for this purpose is forgotten. Raises LetterNotSent."""
    attempts.forget_ended(after=LONGEST)
    _send(kept, purpose, name=secrets.token_hex(16), email=email)


def send_again(kept: Kept, purpose: Purpose, pending: Pending) -> bool:
    """Send another code in the place of the pending one. False when no more letters are left. Raises LetterNotSent."""
    if not attempts.take(attempts.name_of(pending.name, "resend"), limit=MORE_LETTERS):
        return False
    _send(kept, purpose, name=pending.name, email=pending.email)
    return True


def judge(kept: Kept, purpose: Purpose, pending: Pending, typed: str) -> Verdict:
    """Take one try, then look. Right and ended codes are pending no longer.

    A used one leaves what is kept as it is: the request that was right has already put another in its place.
    """
    counted = attempts.name_of(pending.name, "verify")
    if pending.is_over or not attempts.take(counted, limit=TRIES):
        forget(kept, purpose)
        return Verdict.ENDED
    if hmac.compare_digest(_digest(pending.name, "".join(typed.split())), pending.digest):
        if not attempts.take(attempts.name_of(pending.name, "use"), limit=1):
            return Verdict.USED
        forget(kept, purpose)
        return Verdict.RIGHT
    if attempts.taken(counted) >= TRIES:
        forget(kept, purpose)
        return Verdict.ENDED
    return Verdict.WRONG


def forget(kept: Kept, purpose: Purpose) -> None:
    kept.pop(_place(purpose), None)


def _send(kept: Kept, purpose: Purpose, *, name: str, email: str) -> None:
    code = f"{secrets.randbelow(10**6):06}"
    # A closed account gets a letter that says so. The page does not tell.
    is_closed = User.objects.filter(email=email, is_active=False).exists()
    letter = "account_closed" if is_closed else f"{purpose}_code"
    if not letters.send(letter, email, {"code": code}):
        raise LetterNotSent
    digest = _digest(name, secrets.token_hex() if is_closed else code)
    pending = Pending(name=name, email=email, digest=digest, sent_at=clock.now().isoformat())
    kept[_place(purpose)] = asdict(pending)


def _place(purpose: Purpose) -> str:
    return f"movmo.code.{purpose}"


def _digest(name: str, code: str) -> str:
    return salted_hmac("movmo.accounts.sign_in.codes", f"{name}:{code}", algorithm="sha256").hexdigest()
