"""A change of schedule as the airline announced it, with the itinerary before and after: no version is lost."""

from django.db import models

from bookings.booking.models import Booking
from movmo.kit.ids import new_id


class ScheduleChange(models.Model):
    """Minor ones are accepted by policy; a major one waits for its person to accept it or to cancel the booking.

    `version` is the itinerary's once the change is accepted. `before` and `after` are lists of slices as shown.
    """

    class Severity(models.TextChoices):
        MINOR = "minor"
        MAJOR = "major"

    class State(models.TextChoices):
        WAITING = "waiting"
        ACCEPTED = "accepted"
        WITHDRAWN = "withdrawn"
        DECLINED = "declined"

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    booking = models.ForeignKey(Booking, on_delete=models.PROTECT, related_name="schedule_changes")
    reference = models.CharField(max_length=100)
    version = models.PositiveSmallIntegerField()
    severity = models.CharField(max_length=10, choices=Severity.choices)
    state = models.CharField(max_length=10, choices=State.choices, default=State.WAITING)
    before = models.JSONField()
    after = models.JSONField()
    announced_at = models.DateTimeField()
    decided_at = models.DateTimeField(null=True)
    decided_by = models.CharField(max_length=10, blank=True)

    class Meta:
        db_table = "schedule_change"
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(fields=["booking", "reference"], name="one_row_per_announcement"),
            models.UniqueConstraint(fields=["booking"], condition=models.Q(state="waiting"), name="one_change_waits"),
            models.CheckConstraint(
                condition=models.Q(state__in=["waiting", "accepted", "withdrawn", "declined"]),
                name="schedule_change_state",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.severity} {self.state}"
