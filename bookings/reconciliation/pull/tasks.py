"""The nightly pull. A worker that dies in it loses nothing: the next night asks for what is not there."""

from celery import shared_task

from bookings.reconciliation.pull import services
from movmo.kit import clock


@shared_task
def pull_statements() -> None:
    services.pull_due(clock=clock.now)
