"""Tables of the pipeline: what was asked once, and what was asked at all."""

from django.db import models

from movmo.kit.encrypted import EncryptedField
from movmo.kit.ids import new_id
from movmo.operations.approval.models import Approval, Mandate
from movmo.operations.trail.models import AuditArchive, AuditVerification

__all__ = [
    "Approval",
    "AuditArchive",
    "AuditEvent",
    "AuditHead",
    "AuditSeal",
    "AuditShard",
    "AuditVerification",
    "Event",
    "EventCounter",
    "HouseKey",
    "IdempotencyRecord",
    "Mandate",
    "Outbox",
    "UsageCount",
]


class IdempotencyRecord(models.Model):
    """One idempotency key of one owner. The unique constraint decides which of two callers is first.

    `outcome` is null while the first call runs. The body of a write that no resource can tell again is kept in
    `stored`, encrypted. `expires_at` is null for what is kept as long as the thing it made.
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
    expires_at = models.DateTimeField(null=True, db_index=True)

    class Meta:
        db_table = "idempotency_record"
        constraints = [models.UniqueConstraint(fields=["owner_id", "key_hash"], name="one_record_per_owner_and_key")]

    def __str__(self) -> str:
        return f"{self.operation} {self.id}"


class AuditEvent(models.Model):
    """One line of the audit trail: an intent before the act, or an outcome. Only ever inserted: triggers see to it.

    `shard` is the chain that seals it: see `seals`.
    """

    class Phase(models.TextChoices):
        INTENT = "intent"
        OUTCOME = "outcome"

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    call_id = models.UUIDField(db_index=True)
    shard = models.PositiveSmallIntegerField()
    phase = models.CharField(max_length=10, choices=Phase.choices)
    at = models.DateTimeField(db_index=True)
    door = models.CharField(max_length=10)
    operation = models.CharField(max_length=80)
    user_id = models.UUIDField(null=True)
    partner_id = models.UUIDField(null=True)
    client_id = models.CharField(max_length=255, null=True)
    request_id = models.CharField(max_length=64, blank=True)
    arguments = models.JSONField(null=True)
    code = models.CharField(max_length=80, blank=True)
    resource_id = models.UUIDField(null=True)
    approval_id = models.UUIDField(null=True)
    duration_ms = models.PositiveIntegerField(null=True)

    class Meta:
        db_table = "audit_event"
        ordering = ["-id"]
        # Each in the order of the list, so that a page of it is read and no more.
        indexes = [
            models.Index(fields=["user_id", "id"], name="audit_of_user"),
            models.Index(fields=["partner_id", "id"], name="audit_of_partner"),
            models.Index(fields=["operation", "id"], name="audit_of_operation"),
            models.Index(
                fields=["client_id", "id"], condition=models.Q(client_id__isnull=False), name="audit_of_client"
            ),
            models.Index(fields=["code", "id"], name="audit_of_code"),
            models.Index(fields=["door", "id"], name="audit_of_door"),
            models.Index(fields=["request_id"], name="audit_of_request"),
            models.Index(
                fields=["resource_id"], condition=models.Q(resource_id__isnull=False), name="audit_event_of_resource"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.phase} {self.operation} {self.code}".strip()


class AuditShard(models.Model):
    """The end of one chain. Whoever seals holds this row until the commit."""

    shard = models.PositiveSmallIntegerField(primary_key=True)
    sequence = models.PositiveBigIntegerField(default=0)
    hash = models.BinaryField(max_length=32)
    event_id = models.UUIDField(null=True)

    class Meta:
        db_table = "audit_shard"

    def __str__(self) -> str:
        return f"{self.shard}: {self.sequence}"


class AuditSeal(models.Model):
    """The place of an audit line in its chain, and the keyed hash of the line and of all before it. Only inserted."""

    shard = models.PositiveSmallIntegerField()
    sequence = models.PositiveBigIntegerField()
    event_id = models.UUIDField(unique=True)
    hash = models.BinaryField(max_length=32)

    class Meta:
        db_table = "audit_seal"
        constraints = [models.UniqueConstraint(fields=["shard", "sequence"], name="one_seal_per_place")]

    def __str__(self) -> str:
        return f"{self.shard}/{self.sequence}"


class AuditHead(models.Model):
    """The ends of all chains at one moment, signed. A copy that is kept elsewhere shows that an end was cut off."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    at = models.DateTimeField()
    head = models.TextField()

    class Meta:
        db_table = "audit_head"

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M}"


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


class Outbox(models.Model):
    """Work that follows a change: see `outbox`. `payload` holds ids and nothing else."""

    class State(models.TextChoices):
        READY = "ready"
        DONE = "done"
        GIVEN_UP = "given_up"

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    topic = models.CharField(max_length=40)
    dedup = models.CharField(max_length=120, unique=True)
    payload = models.JSONField(default=dict)
    state = models.CharField(max_length=10, choices=State.choices, default=State.READY)
    fence = models.PositiveIntegerField(default=0)
    attempts = models.PositiveSmallIntegerField(default=0)
    due_at = models.DateTimeField()
    lease_until = models.DateTimeField(null=True)
    reason = models.CharField(max_length=80, blank=True)
    created_at = models.DateTimeField()

    class Meta:
        db_table = "outbox"
        verbose_name_plural = "outbox"
        constraints = [
            models.CheckConstraint(condition=models.Q(state__in=["ready", "done", "given_up"]), name="outbox_state")
        ]
        indexes = [
            models.Index(fields=["due_at", "id"], condition=models.Q(state="ready"), name="outbox_due"),
            models.Index(fields=["created_at"], condition=models.Q(state="done"), name="outbox_done"),
            models.Index(fields=["created_at"], condition=models.Q(state="given_up"), name="outbox_given_up"),
        ]

    def __str__(self) -> str:
        return f"{self.topic} {self.state}"


class Event(models.Model):
    """Something that happened to a subject, a booking for one, written with the change itself: see `events`.

    `sequence` counts the events of the subject without gaps. `position` orders all events as they became readable; it
    is null until the event is published.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    type = models.CharField(max_length=60)
    subject_id = models.UUIDField()
    sequence = models.PositiveIntegerField()
    position = models.PositiveBigIntegerField(null=True, unique=True)
    partner_id = models.UUIDField(null=True)
    user_id = models.UUIDField(null=True)
    is_live = models.BooleanField()
    payload = models.JSONField(default=dict)
    created_at = models.DateTimeField()

    class Meta:
        db_table = "event"
        constraints = [models.UniqueConstraint(fields=["subject_id", "sequence"], name="one_event_per_sequence")]
        indexes = [
            models.Index(fields=["partner_id", "position"], name="event_of_partner"),
            models.Index(fields=["created_at"], name="event_age"),
        ]

    def __str__(self) -> str:
        return f"{self.type} {self.sequence}"


class EventCounter(models.Model):
    """One row: the last position given out. Whoever publishes holds it to the commit, so positions appear in order."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1)
    position = models.PositiveBigIntegerField(default=0)

    class Meta:
        db_table = "event_counter"

    def __str__(self) -> str:
        return str(self.position)
