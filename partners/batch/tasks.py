"""Batches: their lines, and what has been kept for long enough."""

from celery import shared_task

from movmo.kit import clock
from partners.batch import running, services


@shared_task
def run_due() -> None:
    running.run_due()


@shared_task
def purge_batches() -> None:
    services.end_overdue(now=clock.now())
    services.purge(now=clock.now())
