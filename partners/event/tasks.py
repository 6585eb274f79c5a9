"""Events: what has been kept for long enough."""

from celery import shared_task

from movmo.kit import clock
from partners.event import services


@shared_task
def forget_old_events() -> None:
    services.forget(now=clock.now())
