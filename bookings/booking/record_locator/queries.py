"""Whose a further PNR is."""

from collections.abc import Iterable
from uuid import UUID

from bookings.booking.record_locator.models import FurtherLocator


def bookings_with(locators: Iterable[str], *, most: int | None = None) -> list[UUID]:
    """The newest `most` bookings that have one of them after their first."""
    rows = FurtherLocator.objects.filter(locator__in=set(locators)).order_by("-booking_id")
    return list(rows.values_list("booking_id", flat=True).distinct()[:most])
