"""The nightly pull. A worker that dies in it loses nothing: the next night asks for what is not there."""

from celery import shared_task

from bookings.reconciliation.pull import services
from movmo.kit import clock

LONGEST_SECONDS = 30 * 60
"""Of one provider. It is asked for some days, and may take its time over each."""


@shared_task
def pull_statements() -> None:
    """Each provider by a task of its own: a slow one keeps none waiting."""
    for provider in services.tellers():
        pull_provider.delay(provider=provider)


@shared_task(soft_time_limit=LONGEST_SECONDS, time_limit=LONGEST_SECONDS + 60)
def pull_provider(*, provider: str) -> None:
    services.pull_owed(provider, clock=clock.now)
