"""The pipeline's own work: the outbox, and what has been kept for long enough."""

from celery import shared_task

from movmo.kit import clock
from movmo.operations import archive, idempotency, outbox, seals
from movmo.operations.trail import services as trail

LONG_SECONDS = 50 * 60
"""Of work that reads the whole trail: below the time after which Redis gives a message to somebody else."""


@shared_task
def drain_outbox() -> None:
    outbox.drain()


@shared_task
def seal_audit() -> None:
    seals.seal(now=clock.now())


@shared_task
def sign_audit() -> None:
    seals.sign(now=clock.now())


@shared_task(soft_time_limit=LONG_SECONDS, time_limit=LONG_SECONDS + 60)
def verify_audit() -> None:
    """As long as it takes to read everything; what has lost its worker is given up."""
    trail.run_waiting(now=clock.now())


@shared_task(soft_time_limit=LONG_SECONDS, time_limit=LONG_SECONDS + 60)
def archive_audit() -> None:
    """Two at once make one record of each range of lines: the other takes its file back."""
    archive.archive(now=clock.now())


@shared_task
def clean_up() -> None:
    """Two at once delete the same rows: harmless."""
    outbox.tidy(now=clock.now())
    idempotency.tidy(now=clock.now())
