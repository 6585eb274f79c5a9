"""The end of events: after RETENTION they are forgotten, with what became of their deliveries."""

from datetime import datetime, timedelta

from django.db import transaction

from movmo.operations.models import Event

RETENTION = timedelta(days=30)
BATCH = 500


def forget(*, now: datetime) -> int:
    """A batch in each transaction. Returns how many."""
    old = Event.objects.filter(created_at__lt=now - RETENTION).exclude(position=None).order_by("created_at")
    forgotten = 0
    while ids := list(old.values_list("pk", flat=True)[:BATCH]):
        with transaction.atomic(durable=True):
            Event.objects.filter(pk__in=ids).delete()
        forgotten += len(ids)
    return forgotten
