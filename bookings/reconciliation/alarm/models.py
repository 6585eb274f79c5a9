"""Which bookings of an unknown end somebody was told of."""

from django.db import models

from bookings.booking.models import Booking
from movmo.kit.ids import new_id


class UnknownAlarm(models.Model):
    """One for each booking, whatever becomes of it afterwards: the constraint is what tells people once."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    booking = models.OneToOneField(Booking, on_delete=models.PROTECT, related_name="unknown_alarm")
    unknown_since = models.DateTimeField()
    raised_at = models.DateTimeField()

    class Meta:
        db_table = "unknown_alarm"

    def __str__(self) -> str:
        return f"{self.booking_id} of an unknown end"
