"""Webhooks: what is due is sent."""

from celery import shared_task

from partners.webhook import delivering


@shared_task
def deliver_due() -> None:
    delivering.deliver_due()
