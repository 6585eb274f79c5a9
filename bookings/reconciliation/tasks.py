"""The workers' part. Messages carry ids only; one that is lost is no loss: the next sweep sends another."""

from uuid import UUID

from celery import shared_task

from bookings.reconciliation import services, tidying
from movmo.kit import clock

STALE_SECONDS = 20
MOST_AT_ONCE = 20


@shared_task
def sweep_statements() -> None:
    for statement_id in services.due(now=clock.now(), limit=MOST_AT_ONCE):
        advance.apply_async(kwargs={"statement_id": str(statement_id)}, expires=STALE_SECONDS, expiration=STALE_SECONDS)


@shared_task
def tidy_statements() -> None:
    now = clock.now()
    tidying.lapse(now=now)
    tidying.tidy(now=now)


@shared_task(soft_time_limit=services.MOST_SECONDS, time_limit=services.MOST_SECONDS + 30)
def advance(*, statement_id: str) -> None:
    services.advance(UUID(statement_id), clock=clock.now)
