"""The days that are still to be asked for: written down as soon as they are over, and kept until they are here.

So neither an outage of a provider nor one of ours, however long, lets a day be forgotten.
"""

from datetime import date, datetime, timedelta

from django.db.models import F, Q, QuerySet

from bookings.reconciliation import queries
from bookings.reconciliation.pull.models import LONGEST_PROBLEM, PulledDay
from movmo.kit.text import one_line

LOOK_BACK_DAYS = 3
"""The first pull of a provider begins so many days before. Of these days what was refused is asked for anew."""
MOST_DAYS = 14
"""In one night, of one provider."""
PATIENCE = 3
"""A day that was asked for in vain so often lets all others go first: it may be the day, not the provider."""
LEASE = timedelta(minutes=10)
"""Longer than a provider is asked for one day. Whoever comes back after it has lost the day, and writes nothing."""


def note(provider: str, *, today: date) -> None:
    """Every day up to yesterday, from the last that was noted. Two who note at once note the same."""
    last = PulledDay.objects.filter(provider=provider).order_by("-day").values_list("day", flat=True).first()
    first = today - timedelta(days=LOOK_BACK_DAYS)
    day, missing = min(first, last + timedelta(days=1)) if last else first, []
    while day < today:
        missing.append(PulledDay(provider=provider, day=day))
        day += timedelta(days=1)
    PulledDay.objects.bulk_create(missing, batch_size=500, ignore_conflicts=True)


def due(provider: str, *, today: date) -> list[date]:
    """The oldest first, at most MOST_DAYS that are owed. Locked ones wait until they are unlocked."""
    locks = queries.locks(provider, None)
    new = Q(day__gte=today - timedelta(days=LOOK_BACK_DAYS))
    rows = PulledDay.objects.filter(Q(done_at=None) | new, provider=provider).order_by("day")
    free = [one for one in rows if not any(lock.starts_on <= one.day <= lock.ends_on for lock in locks)]
    owed = [one for one in free if one.done_at is None]
    owed.sort(key=lambda one: (one.failures >= PATIENCE, one.day))
    taken = {one.day: None for one in owed[:MOST_DAYS]}
    return [*taken, *(one.day for one in free if one.done_at is not None)]


def claim(provider: str, day: date, *, now: datetime) -> PulledDay | None:
    """Of two who would ask for it one gets it, on every database: the update is the claim. None: somebody is asking."""
    PulledDay.objects.bulk_create([PulledDay(provider=provider, day=day)], ignore_conflicts=True)
    row = PulledDay.objects.get(provider=provider, day=day)
    free, until = Q(lease_until=None) | Q(lease_until__lte=now), now + LEASE
    if not PulledDay.objects.filter(free, pk=row.pk).update(lease_until=until):
        return None
    row.lease_until = until
    return row


def _held(row: PulledDay) -> QuerySet[PulledDay]:
    """It, as long as nobody else has taken it: no two leases end at one moment."""
    return PulledDay.objects.filter(pk=row.pk, lease_until=row.lease_until)


def hold(row: PulledDay) -> bool:
    """Whether the day is still whose row this is; if so, until the transaction ends."""
    return _held(row).select_for_update(no_key=True).values_list("pk").first() is not None


def done(row: PulledDay, *, now: datetime) -> None:
    _held(row).update(lease_until=None, done_at=now, failures=0, problem="", failed_at=None)


def failed(row: PulledDay, problem: str, *, now: datetime) -> None:
    """A day that is here stays so: whoever asked for it again has learned nothing."""
    told = one_line(problem, longest=LONGEST_PROBLEM)
    _held(row).update(lease_until=None, failures=F("failures") + 1, problem=told, failed_at=now)
