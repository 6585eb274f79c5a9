"""How often a pending sign-in was tried, counted where parallel requests meet.

allauth counts in the session: load, add one, save. Requests sent at once all load the same number, so each of them is
judged, and one that saves late brings back an attempt that had ended. One conditional UPDATE knows no such gap.
"""

from datetime import timedelta
from hashlib import sha256
from typing import Any

from allauth.account import app_settings
from django.db.models import F

from movmo.accounts.models import SignInAttempts
from movmo.kit import clock


def take(pending: str, *, limit: int) -> bool:
    """Take one of `limit` tries of a pending sign-in; False when none is left. To be asked before judging."""
    SignInAttempts.objects.bulk_create([SignInAttempts(pending=pending)], ignore_conflicts=True)
    return SignInAttempts.objects.filter(pending=pending, taken__lt=limit).update(taken=F("taken") + 1) == 1


def name_of(session_key: str, state: dict[str, Any], action: str) -> str:
    """The name of a pending sign-in. It stays the same when another code is asked for, and tells no session key."""
    return sha256(f"{session_key}:{state['at']}:{action}".encode()).hexdigest()


def forget_ended() -> None:
    """Delete the counts of sign-ins whose codes work no longer."""
    ended = clock.now() - 2 * timedelta(seconds=app_settings.LOGIN_BY_CODE_TIMEOUT)
    SignInAttempts.objects.filter(begun_at__lt=ended).delete()
