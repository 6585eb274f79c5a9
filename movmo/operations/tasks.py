"""The pipeline's own work: the outbox, and what has been kept for long enough."""

from celery import shared_task

from movmo.operations import outbox


@shared_task
def drain_outbox() -> None:
    outbox.drain()
