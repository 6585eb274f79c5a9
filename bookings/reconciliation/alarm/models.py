"""Which bookings of an unknown end somebody was told of."""

from django.db import models

from bookings.booking.models import Booking
from movmo.kit.ids import new_id


class UnknownAlarm(models.Model):
    """One for each time that a booking's end was lost: the constraint is what tells people once."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    booking = models.ForeignKey(Booking, on_delete=models.PROTECT, related_name="unknown_alarms")
    unknown_since = models.DateTimeField()
    raised_at = models.DateTimeField()

    class Meta:
        db_table = "unknown_alarm"
        constraints = [models.UniqueConstraint(fields=["booking", "unknown_since"], name="unknown_end_is_told_once")]

    def __str__(self) -> str:
        return f"{self.booking_id} of an unknown end"
