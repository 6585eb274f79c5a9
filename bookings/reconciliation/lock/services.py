"""Locking a period, and unlocking it, which one person asks for and another signs."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

import structlog
from django.db import IntegrityError, OperationalError, connection, transaction

from bookings.reconciliation.lock import queries
from bookings.reconciliation.lock.models import PeriodLock
from bookings.reconciliation.resolution import trail
from bookings.reconciliation.resolution.models import Countersignature
from bookings.reconciliation.resolution.refusals import AskedAlready, LockInvalid, NothingToSign
from bookings.reconciliation.resolution.schemas import By
from movmo.kit.errors import DomainError, Kind, NotFound

log = structlog.get_logger()


class PeriodsInUse(DomainError):
    """A lock of days waits for whoever goes by the locks; a long statement takes longer than a page may."""

    kind = Kind.CONFLICT
    code = "periods_in_use"
    message = "At this moment a statement is being compared, a discrepancy ended or another period locked."
    hint = "Nothing was locked. Try again in a minute."
    retryable = True


def lock(provider: str, starts_on: date, ends_on: date, *, reason: str, by: By, now: datetime) -> PeriodLock:
    """Raises LockInvalid or PeriodsInUse."""
    period: dict[str, Any] = {"starts_on": starts_on.isoformat(), "ends_on": ends_on.isoformat()}
    if starts_on > ends_on:
        raise LockInvalid(**period, reason="it ends before it begins")
    made = PeriodLock(
        provider=provider,
        starts_on=starts_on,
        ends_on=ends_on,
        reason=reason[:200],
        locked_by=by.user_id,
        locked_at=now,
    )
    try:
        with transaction.atomic():
            _one_at_a_time()
            if queries.with_a_day_of(provider, starts_on, ends_on, partner_id=None):
                raise LockInvalid(**period, reason="a lock has some of its days already")
            made.save(force_insert=True)
            trail.audited("lock_period", by=by, resource_id=made.pk, provider=provider, **period)
    except OperationalError as failure:
        log.warning("reconciliation.not_locked", provider=provider, failure=str(failure)[:200])
        raise PeriodsInUse from failure
    return made


def _one_at_a_time() -> None:
    """Two locks that overlap do not see each other before they are committed, nor does whoever takes a statement over,
    compares it or ends a discrepancy see this one (`queries.hold_still`): they wait for one another. SQLite has one
    writer at a time, anyway; whoever reads is not kept waiting.
    """
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute(f"LOCK TABLE {PeriodLock._meta.db_table} IN SHARE ROW EXCLUSIVE MODE")


def ask_to_unlock(lock_id: UUID, *, reason: str, by: By, now: datetime) -> Countersignature:
    """Raises NothingToSign for one that is unlocked, AskedAlready where somebody has asked before."""
    if by.user_id is None:
        raise RuntimeError("only a person asks for an unlocking")
    try:
        with transaction.atomic():
            made = PeriodLock.objects.filter(pk=lock_id).first()
            if made is None:
                raise NotFound("lock")
            if made.unlocked_at is not None:
                raise NothingToSign(state="unlocked")
            asked = Countersignature.objects.create(
                what=Countersignature.What.UNLOCK, lock=made, reason=reason[:200], asked_by=by.user_id, asked_at=now
            )
            trail.audited("ask_to_unlock", by=by, resource_id=made.pk, countersignature_id=str(asked.pk))
    except IntegrityError:
        raise AskedAlready(what="The unlocking of this period") from None
    return asked


def end(made: PeriodLock, *, by: By, now: datetime) -> None:
    """In the transaction of the second person's word."""
    PeriodLock.objects.filter(pk=made.pk, unlocked_at__isnull=True).update(unlocked_by=by.user_id, unlocked_at=now)
