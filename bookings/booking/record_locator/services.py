"""Writing down the further PNRs of a booking, in the transaction of the step that learns of them."""

from typing import Any

from bookings.booking.models import Booking
from bookings.booking.record_locator.models import FurtherLocator


def note(booking: Booking, changes: dict[str, Any]) -> None:
    """`booking` is the row before a step, `changes` are the columns that the step changes."""
    told = set(changes.get("record_locators", [])[1:])
    if "record_locators" not in changes or not (told or booking.record_locators[1:]):
        return
    rows = FurtherLocator.objects.filter(booking=booking)
    rows.exclude(locator__in=told).delete()
    new = told - set(rows.values_list("locator", flat=True))
    FurtherLocator.objects.bulk_create(FurtherLocator(booking=booking, locator=locator) for locator in sorted(new))
