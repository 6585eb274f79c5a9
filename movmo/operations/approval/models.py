"""What a person was asked, and what they allowed an agent in advance."""

from __future__ import annotations

from datetime import datetime
from typing import Self
from uuid import UUID

from django.db import models

from movmo.kit.encrypted import EncryptedField
from movmo.kit.ids import new_id


class Mandate(models.Model):
    """A traveler lets one client spend by itself, within limits, until a day. Never changed: revoked, and given anew.

    Amounts are minor units of `currency`; a month is a calendar month, UTC.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    user_id = models.UUIDField()
    client_id = models.CharField(max_length=255)
    currency = models.CharField(max_length=3)
    per_booking_minor = models.BigIntegerField()
    per_month_minor = models.BigIntegerField()
    passenger_ids = models.JSONField(help_text="The travelers whom it may book for, and nobody else.")
    valid_until = models.DateTimeField()
    granted_at = models.DateTimeField()
    granted_with = models.CharField(max_length=10)
    revoked_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "mandate"
        constraints = [
            models.UniqueConstraint(
                fields=["user_id", "client_id", "currency"],
                condition=models.Q(revoked_at=None),
                name="one_mandate_of_client",
            ),
            models.CheckConstraint(
                condition=models.Q(per_booking_minor__gt=0, per_month_minor__gte=models.F("per_booking_minor")),
                name="mandate_amounts",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.client_id} until {self.valid_until:%Y-%m-%d}"


# Of this name in the OpenAPI document. No docstring: it would become the public description there.
class ApprovalState(models.TextChoices):
    PENDING = "pending"
    APPROVED = "approved"
    DECLINED = "declined"
    EXPIRED = "expired"
    WITHDRAWN = "withdrawn"
    USED = "used"


OPEN = (ApprovalState.PENDING, ApprovalState.APPROVED)


class ApprovalQuerySet(models.QuerySet["Approval"]):
    def of_client(self, user_id: UUID, client_id: str | None) -> Self:
        """What one client has asked of one traveler; None is a traveler's own page, which asks nothing."""
        return self.filter(user_id=user_id, client_id=client_id or "")

    def waiting(self, now: datetime) -> Self:
        """For their person."""
        return self.filter(state=ApprovalState.PENDING, expires_at__gt=now)


class Approval(models.Model):
    """One irreversible call of an agent, put to its person. Good for one use, by the same client, for the same thing.

    `fingerprint` is the call's (operation and canonical arguments), `terms` that of the proposal as it was shown: a
    call that would do something else by now is not the one that was approved. `decided_with` is how the person showed
    who they are (`code`, `passkey`), or `mandate`; `resource_id` is what the call made. `amount_minor` counts against
    the mandate unless it was `released_at`, because nothing was bought after all.
    """

    State = ApprovalState

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    user_id = models.UUIDField()
    client_id = models.CharField(max_length=255)
    partner_id = models.UUIDField(null=True)
    operation = models.CharField(max_length=80)
    fingerprint = models.BinaryField(max_length=32)
    key_hash = models.BinaryField(max_length=32)
    terms = models.BinaryField(max_length=32)
    proposal = EncryptedField()
    is_live = models.BooleanField(default=False)
    state = models.CharField(max_length=10, choices=State.choices, default=State.PENDING)
    sequence = models.PositiveSmallIntegerField(default=0)
    mandate = models.ForeignKey(Mandate, on_delete=models.PROTECT, null=True, related_name="uses")
    amount_minor = models.BigIntegerField(default=0)
    currency = models.CharField(max_length=3, blank=True)
    requested_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    decided_at = models.DateTimeField(null=True)
    decided_with = models.CharField(max_length=10, blank=True)
    used_at = models.DateTimeField(null=True)
    resource_id = models.UUIDField(null=True, db_index=True)
    released_at = models.DateTimeField(null=True)

    objects = ApprovalQuerySet.as_manager()

    class Meta:
        db_table = "approval"
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["user_id", "client_id", "fingerprint"],
                condition=models.Q(state="pending"),
                name="one_question_at_a_time",
            ),
            models.CheckConstraint(
                condition=models.Q(state__in=ApprovalState.values),
                name="approval_state",
            ),
        ]
        indexes = [
            models.Index(fields=["user_id", "fingerprint"], name="approval_of_call"),
            models.Index(fields=["user_id", "-id"], name="approval_of_person"),
        ]

    def __str__(self) -> str:
        return f"{self.operation} {self.state}"
