"""A journey may have a record locator (PNR) for each slice, and people quote any of them.

The first is the booking's own column, which nearly all bookings are content with. The others stand here, one row each,
for the index: what is searched by a PNR asks both.
"""

from django.db import models

from bookings.booking.models import Booking
from movmo.kit.ids import new_id


class FurtherLocator(models.Model):
    """Written by the step that learns of it, in the same transaction: see `services`."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    booking = models.ForeignKey(Booking, on_delete=models.CASCADE, related_name="further_locators")
    locator = models.TextField()  # An airline's words are as long as it likes: a booking is not lost over them.

    class Meta:
        db_table = "booking_further_locator"
        constraints = [models.UniqueConstraint(fields=["booking", "locator"], name="one_row_per_further_locator")]
        indexes = [models.Index(fields=["locator"], name="booking_by_further_locator")]

    def __str__(self) -> str:
        return self.locator
