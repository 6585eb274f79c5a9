"""A checkout, and the bookings that were tried in it."""

from __future__ import annotations

from django.db import models

from checkout_widget.session.states import EARLY, UNDER_WAY, CheckoutState
from movmo.kit.encrypted import EncryptedField
from movmo.kit.ids import new_id
from movmo.kit.money import Money
from partners.partner.models import Partner


class CheckoutSession(models.Model):
    """`total` is what the traveler was shown last, at `quote_version`. `secret_digest` is of the client secret, which
    the partner's page hands to the frame; `bearer_digest` of the token that the frame works with, which a new claim
    replaces. `is_live_key` is whether the partner's key was for live providers. `customer_email` is what the partner
    knows of its customer, to spare them typing; it proves nothing. `signing_in` is the code that waits to be typed.
    """

    State = CheckoutState

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    partner = models.ForeignKey(Partner, on_delete=models.PROTECT, related_name="checkout_sessions")
    is_live_key = models.BooleanField()
    origin = models.CharField(max_length=200)
    return_url = models.CharField(max_length=2_000)
    locale = models.CharField(max_length=5)
    customer_email = EncryptedField(null=True)
    provider = models.CharField(max_length=40)
    offer_id = models.UUIDField(db_index=True)
    provider_offer_id = models.CharField(max_length=300)
    total_minor = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    quote_version = models.PositiveIntegerField(default=1)
    state = models.CharField(max_length=15, choices=State.choices, default=State.OPEN)
    sequence = models.PositiveIntegerField(default=0)
    secret_digest = models.CharField(max_length=64)
    bearer_digest = models.CharField(max_length=64, blank=True)
    claims = models.PositiveIntegerField(default=0)
    user_id = models.UUIDField(null=True, db_index=True)
    signing_in = EncryptedField(null=True)
    payment_method_id = models.UUIDField(null=True)
    attempts_made = models.PositiveSmallIntegerField(default=0)
    declines = models.PositiveSmallIntegerField(default=0)
    failure_code = models.CharField(max_length=80, blank=True)
    booking_id = models.UUIDField(null=True, db_index=True)
    record_locator = models.CharField(max_length=13, blank=True)
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    updated_at = models.DateTimeField()

    class Meta:
        db_table = "checkout_session"
        ordering = ["-id"]
        constraints = [
            models.CheckConstraint(condition=models.Q(state__in=CheckoutState.values), name="checkout_state"),
        ]
        indexes = [
            models.Index(
                fields=["expires_at"],
                condition=models.Q(state__in=[state.value for state in EARLY]),
                name="checkout_to_expire",
            ),
            models.Index(
                fields=["updated_at"],
                condition=models.Q(state__in=[state.value for state in UNDER_WAY]),
                name="checkout_under_way",
            ),
            models.Index(
                fields=["updated_at"],
                condition=models.Q(customer_email__isnull=False),
                name="checkout_to_forget",
            ),
            models.Index(fields=["created_at", "state"], name="checkout_by_day"),
        ]

    def __str__(self) -> str:
        return f"{self.origin} {self.state}"

    @property
    def total(self) -> Money:
        return Money(self.total_minor, self.currency)

    @property
    def offer_named(self) -> dict[str, str]:
        """The offer, as operations are asked for it."""
        return {"provider": self.provider, "offer_id": str(self.offer_id)}


class CheckoutAttempt(models.Model):
    """One yes of the traveler, to one total, with one card. Its id is the idempotency key of its booking.

    A provider's offer is bought once by one person, in however many checkouts a page has opened for it.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    session = models.ForeignKey(CheckoutSession, on_delete=models.CASCADE, related_name="attempts")
    number = models.PositiveSmallIntegerField()
    user_id = models.UUIDField(db_index=True)
    provider = models.CharField(max_length=40)
    provider_offer_id = models.CharField(max_length=300)
    payment_method_id = models.UUIDField(null=True)
    total_minor = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    booking_id = models.UUIDField(null=True, unique=True)
    outcome = models.CharField(max_length=80, blank=True, help_text="The booking's status, or why there is none.")
    began_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "checkout_attempt"
        ordering = ["session", "number"]
        constraints = [
            models.UniqueConstraint(fields=["session", "number"], name="one_attempt_of_number"),
            models.UniqueConstraint(
                fields=["user_id", "provider", "provider_offer_id"],
                condition=models.Q(ended_at=None),
                name="one_purchase_at_a_time",
            ),
        ]
        indexes = [
            models.Index(fields=["session"], condition=models.Q(ended_at=None), name="checkout_attempt_open"),
        ]

    def __str__(self) -> str:
        return f"attempt {self.number}"

    @property
    def key(self) -> str:
        return str(self.id)
