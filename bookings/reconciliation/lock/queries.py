"""Which days are locked."""

from datetime import date, timedelta
from uuid import UUID

from django.db import connection

from bookings.reconciliation import queries
from bookings.reconciliation.lock.models import PeriodLock
from bookings.reconciliation.models import Statement
from bookings.reconciliation.refusals import PeriodLocked


def with_a_day_of(provider: str, starts_on: date, ends_on: date, *, partner_id: UUID | None) -> list[PeriodLock]:
    """Locks in force that have a day of these. Those of everybody's statements hold for a partner's, too."""
    known = queries.locks(provider, partner_id)
    return [lock for lock in known if lock.starts_on <= ends_on and lock.ends_on >= starts_on]


def check_unlocked(statement: Statement) -> None:
    """Raises PeriodLocked."""
    days = (statement.period_start, statement.period_end)
    check_days_unlocked(statement.provider, *days, partner_id=statement.partner_id)


def check_days_unlocked(provider: str, starts_on: date, ends_on: date, *, partner_id: UUID | None) -> None:
    """Raises PeriodLocked, where one of these days is."""
    for lock in with_a_day_of(provider, starts_on, ends_on, partner_id=partner_id):
        raise PeriodLocked(
            provider=lock.provider, starts_on=lock.starts_on.isoformat(), ends_on=lock.ends_on.isoformat()
        )


def check_open(provider: str, starts_on: date, ends_on: date, *, partner_id: UUID | None) -> None:
    """Raises PeriodLocked, where all of these days are, be it by several locks."""
    known, day = with_a_day_of(provider, starts_on, ends_on, partner_id=partner_id), starts_on
    for lock in known:
        if lock.starts_on > day:
            return
        if lock.ends_on >= ends_on:
            first, last = known[0].starts_on.isoformat(), lock.ends_on.isoformat()
            raise PeriodLocked(provider=provider, starts_on=first, ends_on=last)
        day = max(day, lock.ends_on + timedelta(days=1))


def hold_still() -> None:
    """Until the transaction ends no period is locked: whoever would waits for it, and what the days come to is settled
    by then. Before any row is locked, so that nobody who waits for a lock of a period has what we want. Those who hold
    still do not wait for one another; SQLite has one writer at a time, anyway.
    """
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute(f"LOCK TABLE {PeriodLock._meta.db_table} IN ROW EXCLUSIVE MODE")


def check_stays_unlocked(statement: Statement) -> None:
    """Until the transaction ends. Raises PeriodLocked."""
    hold_still()
    check_unlocked(statement)
