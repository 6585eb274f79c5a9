"""The workers' part. Messages carry ids only; one that is lost or too old is no loss: the next sweep sends another."""

from uuid import UUID

from celery import shared_task

from bookings.booking import sweeping, watching
from bookings.booking.provider_call import services as provider_calls
from movmo.kit import clock

STALE_SECONDS = 4
"""Two sweeps: what workers have not come to by then is found again, so that a backlog does not multiply."""
MOST_AT_ONCE = 100


@shared_task
def sweep() -> None:
    for booking_id in sweeping.due(now=clock.now(), limit=MOST_AT_ONCE):
        drive.apply_async(kwargs={"booking_id": str(booking_id)}, expires=STALE_SECONDS, expiration=STALE_SECONDS)
    for booking_id in watching.due(now=clock.now(), limit=MOST_AT_ONCE):
        watch.apply_async(kwargs={"booking_id": str(booking_id)}, expires=STALE_SECONDS, expiration=STALE_SECONDS)


@shared_task
def drive(*, booking_id: str) -> None:
    sweeping.drive(UUID(booking_id), clock=clock.now)


@shared_task
def watch(*, booking_id: str) -> None:
    watching.look(UUID(booking_id), clock=clock.now)


@shared_task
def purge_provider_calls() -> None:
    provider_calls.purge(now=clock.now())
