"""The workers' part: a look each minute."""

from celery import shared_task

from bookings.reconciliation.alarm import services
from movmo.kit import clock


@shared_task
def raise_alarms() -> None:
    services.raise_due(now=clock.now())
