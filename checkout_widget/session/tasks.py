"""Checkouts that nobody looks at go on all the same."""

from celery import shared_task

from checkout_widget.session import services, watching
from movmo.kit import clock


@shared_task
def sweep() -> None:
    now = clock.now()
    services.expire(now=now)
    watching.sweep(now=now)
