"""Runs of the verification that staff asked for: the table is their queue, their progress and their record. And where
lines are that were archived."""

from django.db import models

from movmo.kit.ids import new_id


class AuditVerification(models.Model):
    """`is_under_way` is true while it waits or runs; the constraint lets there be one such run. `lines` have been read
    so far, of about `expected`. `head` is the last signed one that the chains agreed with, as it was logged.
    """

    class State(models.TextChoices):
        WAITING = "waiting", "waiting"
        RUNNING = "running", "running"
        WHOLE = "whole", "whole"
        BROKEN = "broken", "broken"
        FAILED = "failed", "not finished"

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    state = models.CharField(max_length=10, choices=State.choices, default=State.WAITING)
    is_under_way = models.BooleanField(default=True)
    clerk_id = models.UUIDField()
    asked_at = models.DateTimeField()
    touched_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    lines = models.PositiveBigIntegerField(default=0)
    expected = models.PositiveBigIntegerField(default=0)
    problems = models.JSONField(default=list)
    head = models.TextField(blank=True)
    head_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "audit_verification"
        constraints = [
            models.UniqueConstraint(
                fields=["is_under_way"], condition=models.Q(is_under_way=True), name="one_verification_at_a_time"
            )
        ]

    def __str__(self) -> str:
        return f"{self.asked_at:%Y-%m-%d %H:%M}: {self.get_state_display()}"


class AuditArchive(models.Model):
    """Lines of one chain, from `first` to `last`, that are in a file now: see `archive`. Only inserted.

    `previous` and `hash` are those before its first and of its last line, `sha256` is the file's. `mac` is over all of
    that, by the key of the seals.
    """

    at = models.DateTimeField()
    shard = models.PositiveSmallIntegerField()
    first = models.PositiveBigIntegerField()
    last = models.PositiveBigIntegerField()
    previous = models.BinaryField(max_length=32)
    hash = models.BinaryField(max_length=32)
    file = models.CharField(max_length=140)
    sha256 = models.CharField(max_length=64)
    byte_count = models.PositiveBigIntegerField()
    mac = models.BinaryField(max_length=32)

    class Meta:
        db_table = "audit_archive"
        constraints = [models.UniqueConstraint(fields=["shard", "first"], name="one_archive_per_place")]

    def __str__(self) -> str:
        return f"{self.shard}/{self.first}–{self.last}"
