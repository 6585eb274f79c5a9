"""What somebody asked of a live order: to pay for a hold, to cancel, to accept a new schedule. One at a time."""

from django.db import models

from bookings.booking.models import Booking
from movmo.kit.ids import new_id


class Amendment(models.Model):
    """`reference` is what the provider calls the thing that is agreed to: its quote, its schedule change; else empty.

    The booking's own fence and lease guard the provider's call, so two workers never ask at once. `returns_to` is the
    state of the booking before, where it goes back to if the airline refuses.
    """

    class Kind(models.TextChoices):
        CONFIRM_HOLD = "confirm_hold"
        CANCEL = "cancel"
        ACCEPT_SCHEDULE_CHANGE = "accept_schedule_change"

    class State(models.TextChoices):
        OPEN = "open"
        DONE = "done"
        REFUSED = "refused"
        REVIEW = "review"

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    booking = models.ForeignKey(Booking, on_delete=models.PROTECT, related_name="amendments")
    kind = models.CharField(max_length=30, choices=Kind.choices)
    state = models.CharField(max_length=10, choices=State.choices, default=State.OPEN)
    subject_id = models.UUIDField(null=True)
    reference = models.CharField(max_length=100, blank=True)
    amount_minor = models.BigIntegerField(null=True)
    returns_to = models.CharField(max_length=20)
    who = models.CharField(max_length=10)
    via = models.CharField(max_length=100, blank=True)
    user_id = models.UUIDField(null=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    sent_at = models.DateTimeField(null=True)
    failure_code = models.CharField(max_length=80, blank=True)
    failure_facts = models.JSONField(default=dict)
    created_at = models.DateTimeField()
    settled_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "amendment"
        constraints = [
            models.UniqueConstraint(
                fields=["booking"], condition=models.Q(state__in=["open", "review"]), name="one_amendment_at_a_time"
            ),
            models.CheckConstraint(
                condition=models.Q(state__in=["open", "done", "refused", "review"]), name="amendment_state"
            ),
        ]
        indexes = [models.Index(fields=["id"], condition=models.Q(state="open"), name="amendment_open")]

    def __str__(self) -> str:
        return f"{self.kind} {self.state}"
