"""Failures to sign in to the back office, counted where parallel guesses meet, and what follows: a rest.

A password and a second factor are counted apart. Whoever knows no more than an address can make the password rest, but
not in a browser that the clerk signed in with before, which is counted by itself; and a code by e-mail does not rest.
To make the second factor rest one has to have passed the first. Passkeys cannot be guessed and never rest.
"""

from datetime import datetime, timedelta
from enum import Enum

from django.db.models import F, Q

from movmo.accounts.models import Lockout, User

FAILURES = 10
RESTS_FOR = timedelta(minutes=15)


class Way(Enum):
    PASSWORD = "password"  # noqa: S105  (a way to sign in, not a secret)
    SECOND_FACTOR = "second factor"


class Try(Enum):
    REFUSED = "refused"
    TAKEN = "taken"
    TAKEN_AND_LOCKED = "taken and locked"  # the last one: what comes next is refused until the rest is over


def name_of(user: User, way: Way, browser: str | None = None) -> str:
    """`browser`: what `devices.known_as` calls it, if it does."""
    return f"{user.pk} {way.value}" + (f" from browser {browser[:8]}" if browser else "")


def person_of(name: str) -> User | None:
    return User.objects.filter(pk=name.partition(" ")[0]).first()


def take(name: str, *, now: datetime) -> Try:
    """Take one try. To be asked before judging, and to be forgotten when it succeeds.

    The tenth in a row locks before it is judged, so that nothing slips in between. Failures stay when the rest is
    over: then there is one try, and another rest after it, until one succeeds.
    """
    Lockout.objects.bulk_create([Lockout(account=name)], ignore_conflicts=True)
    row = Lockout.objects.filter(account=name)
    if row.filter(failures__lt=FAILURES - 1).update(failures=F("failures") + 1, last_failed_at=now):
        return Try.TAKEN
    free = Q(locked_until=None) | Q(locked_until__lte=now)
    if row.filter(free).update(failures=FAILURES, last_failed_at=now, locked_until=now + RESTS_FOR):
        return Try.TAKEN_AND_LOCKED
    return Try.REFUSED


def forget_all(user: User) -> None:
    """Every way of signing in of a person, from every browser."""
    Lockout.objects.filter(account__startswith=f"{user.pk} ").delete()


def forget(name: str) -> None:
    """A success, or an operator."""
    Lockout.objects.filter(account=name).delete()
