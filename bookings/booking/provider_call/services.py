"""Writes of the record of provider calls: it is kept for as long as somebody asks what happened."""

from datetime import datetime, timedelta

from django.db.models import QuerySet

from bookings.booking.provider_call.models import ProviderCall

KEPT = timedelta(days=90)
MOST_AT_ONCE = 5_000


def purge(*, now: datetime) -> int:
    """Those that are older than KEPT, in statements of MOST_AT_ONCE. How many they were."""
    purged = 0
    while old := list(_old(now).values_list("pk", flat=True)[:MOST_AT_ONCE]):
        purged += ProviderCall.objects.filter(pk__in=old).delete()[0]
    return purged


def _old(now: datetime) -> QuerySet[ProviderCall]:
    return ProviderCall.objects.filter(at__lt=now - KEPT).order_by("at")
