"""What people's pages leave behind, deleted in small pieces: no table is locked for long, and a run has an end.

Accounts are not among it. One comes to be when a code is entered, so there are none of addresses that somebody else
typed; those that nobody signed in to yet were made by staff, on purpose.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from allauth.usersessions.models import UserSession
from django.contrib.sessions.models import Session
from django.db.models import Exists, OuterRef, QuerySet

from movmo.accounts.models import CacheRow, ContactChange, Device, PendingLetter, SignInAttempts
from movmo.accounts.session import devices
from movmo.accounts.sign_in import codes
from movmo.kit import clock

AT_ONCE = 500
MOST = 100_000  # rows of a kind in one run

LETTERS_WAIT = timedelta(days=14)

Ended = Callable[[datetime], QuerySet[Any]]


def _sessions(now: datetime) -> QuerySet[Any]:
    return Session.objects.filter(expire_date__lt=now)


def _shown_sessions(now: datetime) -> QuerySet[Any]:
    """What the page of sessions knows of those that are over."""
    rows: QuerySet[Any] = UserSession.objects.all()
    return rows.exclude(Exists(Session.objects.filter(session_key=OuterRef("session_key"))))


def _attempts(now: datetime) -> QuerySet[Any]:
    return SignInAttempts.objects.filter(begun_at__lt=now - codes.LONGEST)


def _changes(now: datetime) -> QuerySet[Any]:
    """Changes of contact details that came to nothing hold addresses that may be somebody else's."""
    return ContactChange.objects.filter(expires_at__lt=now)


def _devices(now: datetime) -> QuerySet[Any]:
    """Whose cookie is gone from the browser. A person's last one stays: who has none is taken for somebody new, and a
    stranger's sign-in would be no news."""
    newer = Device.objects.filter(user=OuterRef("user"), last_seen_at__gt=OuterRef("last_seen_at"))
    return Device.objects.filter(Exists(newer), last_seen_at__lt=now - devices.LASTS)


def _letters(now: datetime) -> QuerySet[Any]:
    """That never left, whatever staff did about it: they hold addresses."""
    return PendingLetter.objects.filter(created_at__lt=now - LETTERS_WAIT)


def _cache(now: datetime) -> QuerySet[Any]:
    return CacheRow.objects.filter(expires__lt=now)


KINDS: dict[str, Ended] = {
    "sessions": _sessions,
    "rows of the sessions page": _shown_sessions,
    "sign-in attempts": _attempts,
    "changes of contact details": _changes,
    "devices": _devices,
    "letters that never left": _letters,
    "cache rows": _cache,
}


def run(*, most: int = MOST) -> dict[str, int]:
    """How many rows of each kind were deleted, `most` of each. What is left is for the next run."""
    now = clock.now()
    return {kind: _delete(ended(now), most) for kind, ended in KINDS.items()}


def _delete(ended: QuerySet[Any], most: int) -> int:
    deleted = 0
    while deleted < most:
        keys = list(ended.values_list("pk", flat=True)[: min(AT_ONCE, most - deleted)])
        if not keys:
            break
        ended.model._default_manager.filter(pk__in=keys).delete()
        deleted += len(keys)
    return deleted
