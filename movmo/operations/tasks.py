"""The pipeline's own work: the outbox, and what has been kept for long enough."""

from celery import shared_task

from movmo.kit import clock
from movmo.operations import idempotency, outbox, seals


@shared_task
def drain_outbox() -> None:
    outbox.drain()


@shared_task
def seal_audit() -> None:
    seals.seal(now=clock.now())


@shared_task
def sign_audit() -> None:
    seals.sign(now=clock.now())


@shared_task
def clean_up() -> None:
    """Two at once delete the same rows: harmless."""
    outbox.tidy(now=clock.now())
    idempotency.tidy(now=clock.now())
