"""Checkouts that nobody looks at go on all the same."""

from celery import shared_task

from checkout_widget import privacy
from checkout_widget.session import services, watching
from movmo.kit import clock


@shared_task
def sweep() -> None:
    watching.sweep(now=clock.now())
    services.expire(now=clock.now())


@shared_task
def purge_checkouts() -> None:
    privacy.purge(now=clock.now())
