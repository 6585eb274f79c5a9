"""How often a pending code was tried, counted where parallel requests meet.

A count in the session is loaded, raised and saved. Requests sent at once all load the same number, so each of them is
judged, and one that saves late brings back an attempt that had ended. One conditional UPDATE knows no such gap.
"""

from datetime import timedelta
from hashlib import sha256

from django.db.models import F

from movmo.accounts.models import SignInAttempts
from movmo.kit import clock


def take(pending: str, *, limit: int) -> bool:
    """Take one of `limit` tries of a pending sign-in; False when none is left. To be asked before judging."""
    SignInAttempts.objects.bulk_create([SignInAttempts(pending=pending)], ignore_conflicts=True)
    return SignInAttempts.objects.filter(pending=pending, taken__lt=limit).update(taken=F("taken") + 1) == 1


def taken(pending: str) -> int:
    return SignInAttempts.objects.values_list("taken", flat=True).get(pending=pending)


def name_of(pending: str, action: str) -> str:
    """The name of the count of one action. It is not what the session holds."""
    return sha256(f"{pending}:{action}".encode()).hexdigest()


def forget_ended(*, after: timedelta) -> None:
    """Delete the counts of codes that work no longer, `after` they were begun."""
    SignInAttempts.objects.filter(begun_at__lt=clock.now() - after).delete()
