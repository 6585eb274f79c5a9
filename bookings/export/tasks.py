"""Exports: what waits is written, and old files are deleted."""

from celery import shared_task

from bookings.export import making, services
from movmo.kit import clock

# A million rows take seconds; a table that takes an hour is written by its next worker from the beginning.
LONGEST_SECONDS = 50 * 60


@shared_task(soft_time_limit=LONGEST_SECONDS, time_limit=LONGEST_SECONDS + 60)
def make_due() -> None:
    making.make_due(clock=clock.now)


@shared_task
def purge_exports() -> None:
    services.purge(now=clock.now())
