"""Tables of the pipeline: what was asked once, and what was asked at all."""

from django.db import models

from movmo.kit.encrypted import EncryptedField
from movmo.kit.ids import new_id


class IdempotencyRecord(models.Model):
    """One idempotency key of one owner. The unique constraint decides which of two callers is first.

    `outcome` is null while the first call runs. A refusal after acceptance and the body of a write that no resource
    can tell again are kept in `stored`, encrypted.
    """

    class Outcome(models.TextChoices):
        DONE = "done"
        REFUSED = "refused"

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    owner_id = models.UUIDField()
    key_hash = models.BinaryField(max_length=32)
    operation = models.CharField(max_length=80)
    fingerprint = models.BinaryField(max_length=32)
    resource_id = models.UUIDField()
    reference = models.JSONField(null=True)
    outcome = models.CharField(max_length=10, choices=Outcome.choices, null=True)
    status = models.PositiveSmallIntegerField(null=True)
    stored = EncryptedField(null=True)
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField(db_index=True)

    class Meta:
        db_table = "idempotency_record"
        constraints = [models.UniqueConstraint(fields=["owner_id", "key_hash"], name="one_record_per_owner_and_key")]

    def __str__(self) -> str:
        return f"{self.operation} {self.id}"


class AuditEvent(models.Model):
    """One line of the audit trail: an intent before the act, or an outcome. Only ever inserted."""

    class Phase(models.TextChoices):
        INTENT = "intent"
        OUTCOME = "outcome"

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    call_id = models.UUIDField(db_index=True)
    phase = models.CharField(max_length=10, choices=Phase.choices)
    at = models.DateTimeField(db_index=True)
    door = models.CharField(max_length=10)
    operation = models.CharField(max_length=80)
    user_id = models.UUIDField(null=True, db_index=True)
    partner_id = models.UUIDField(null=True, db_index=True)
    client_id = models.CharField(max_length=255, null=True)
    request_id = models.CharField(max_length=64, blank=True)
    arguments = models.JSONField(null=True)
    code = models.CharField(max_length=80, blank=True)
    resource_id = models.UUIDField(null=True)
    duration_ms = models.PositiveIntegerField(null=True)

    class Meta:
        db_table = "audit_event"
        ordering = ["-id"]

    def __str__(self) -> str:
        return f"{self.phase} {self.operation} {self.code}".strip()


class UsageCount(models.Model):
    """How often a partner's keys called an operation on a day (UTC). Written by `usage`, in bulk, a little late.

    `calls` are those that were let through to the operation, `refused` those that a limit or the plan turned away.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    partner_id = models.UUIDField()
    day = models.DateField()
    operation = models.CharField(max_length=80)
    calls = models.PositiveBigIntegerField(default=0)
    refused = models.PositiveBigIntegerField(default=0)

    class Meta:
        db_table = "usage_count"
        constraints = [models.UniqueConstraint(fields=["partner_id", "day", "operation"], name="one_count_of_day")]

    def __str__(self) -> str:
        return f"{self.operation} on {self.day}: {self.calls}"


class HouseKey(models.Model):
    """A key of the house that never changes, encrypted with the ring, which does: see `lookup`."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    name = models.CharField(max_length=20, unique=True)
    wrapped = EncryptedField()

    class Meta:
        db_table = "house_key"

    def __str__(self) -> str:
        return self.name
