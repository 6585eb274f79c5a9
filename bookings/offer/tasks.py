"""What workers do about offers, by the clock."""

from celery import shared_task

from bookings.offer import expiring
from movmo.kit import clock


@shared_task
def expire_offers() -> None:
    expiring.tell_expired(now=clock.now())


@shared_task
def purge_offers() -> None:
    expiring.purge(now=clock.now())
