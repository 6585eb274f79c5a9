"""What the airline would give back for a booking, for as long as it stands by its word."""

from django.db import models

from bookings.booking.models import Booking
from movmo.kit.ids import new_id
from movmo.kit.money import Money


class CancellationQuote(models.Model):
    """total = refund + penalty, in the booking's currency. Used at most once, and by the one cancellation that took it.

    `refund_to` is where the airline sends the money.
    """

    class State(models.TextChoices):
        OPEN = "open"
        USED = "used"

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    booking = models.ForeignKey(Booking, on_delete=models.PROTECT, related_name="cancellation_quotes")
    reference = models.CharField(max_length=100)
    state = models.CharField(max_length=10, choices=State.choices, default=State.OPEN)
    refund_minor = models.BigIntegerField()
    penalty_minor = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    refund_to = models.CharField(max_length=30)
    itinerary_version = models.PositiveSmallIntegerField()
    expires_at = models.DateTimeField()
    created_at = models.DateTimeField()

    class Meta:
        db_table = "cancellation_quote"
        constraints = [
            models.CheckConstraint(
                condition=models.Q(refund_minor__gte=0, penalty_minor__gte=0), name="quote_is_not_negative"
            ),
            models.CheckConstraint(condition=models.Q(state__in=["open", "used"]), name="quote_state"),
        ]

    def __str__(self) -> str:
        return f"{self.refund} back"

    @property
    def refund(self) -> Money:
        return Money(self.refund_minor, self.currency)

    @property
    def penalty(self) -> Money:
        return Money(self.penalty_minor, self.currency)
