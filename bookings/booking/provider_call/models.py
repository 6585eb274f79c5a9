"""Each call to a provider about a booking: what was asked, when, for how long, and what came of it."""

from django.db import models

from bookings.booking.models import Booking
from movmo.kit.ids import new_id


class ProviderCall(models.Model):
    """Only ever inserted, and purged after 90 days. `request` and `response` hold the structure of what was said, and
    nothing of a person: see `bodies`. `correlation` is the request id of the call that made this one, where there is
    one; the client reference at the provider is the booking's id.
    """

    class Outcome(models.TextChoices):
        OK = "ok", "answered"
        REJECTED = "rejected"
        UNAVAILABLE = "unavailable"
        UNKNOWN = "unknown"

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    booking = models.ForeignKey(Booking, on_delete=models.PROTECT, related_name="provider_calls")
    provider = models.CharField(max_length=40)
    operation = models.CharField(max_length=40)
    at = models.DateTimeField(db_index=True)
    duration_ms = models.PositiveIntegerField()
    outcome = models.CharField(max_length=15, choices=Outcome.choices)
    refusal = models.CharField(max_length=40, blank=True)
    request = models.JSONField()
    response = models.JSONField(null=True)
    correlation = models.CharField(max_length=64, blank=True)

    class Meta:
        db_table = "provider_call"

    def __str__(self) -> str:
        return f"{self.operation} {self.outcome}"
