"""Batches, and their lines."""

from django.db import models

from movmo.kit.encrypted import EncryptedField
from movmo.kit.ids import new_id
from partners.batch.states import OPEN, BatchState, LineState
from partners.partner.models import Partner

STATES = [(state.value, state.value) for state in BatchState]
LINE_STATES = [(state.value, state.value) for state in LineState]


class Batch(models.Model):
    """Calls that a partner's key left with us. `done`, `refused` and `skipped` count lines that are settled, and change
    in the transactions that settle them. `due_at` is when it may go on, where a limit of its plan holds it up:
    `waits_for` is that refusal's code. `served_at` is its last turn. `ended_by` is who cancelled it: partner or movmo.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    partner = models.ForeignKey(Partner, on_delete=models.CASCADE, related_name="batches")
    api_key_id = models.UUIDField(null=True)
    is_live = models.BooleanField()
    state = models.CharField(max_length=10, choices=STATES, default=BatchState.RUNNING)
    lines = models.PositiveIntegerField()
    done = models.PositiveIntegerField(default=0)
    refused = models.PositiveIntegerField(default=0)
    skipped = models.PositiveIntegerField(default=0)
    due_at = models.DateTimeField(null=True)
    waits_for = models.CharField(max_length=80, blank=True)
    served_at = models.DateTimeField(null=True)
    ended_by = models.CharField(max_length=10, blank=True)
    created_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "batch"
        verbose_name_plural = "batches"
        constraints = [
            models.CheckConstraint(condition=models.Q(state__in=[one.value for one in BatchState]), name="batch_state"),
            models.CheckConstraint(
                condition=models.Q(lines__gte=models.F("done") + models.F("refused") + models.F("skipped")),
                name="batch_settles_each_line_once",
            ),
        ]
        indexes = [
            models.Index(fields=["partner", "-id"], name="batch_of_partner"),
            models.Index(
                fields=["served_at"],
                condition=models.Q(state__in=[state.value for state in OPEN]),
                name="batch_still_open",
            ),
            models.Index(fields=["ended_at"], condition=models.Q(ended_at__isnull=False), name="batch_ended"),
        ]

    def __str__(self) -> str:
        return f"{self.id} ({self.state})"

    @property
    def settled(self) -> int:
        return self.done + self.refused + self.skipped

    @property
    def mode(self) -> str:
        return "live" if self.is_live else "test"


class BatchLine(models.Model):
    """One call. `content` holds its arguments, key and token, and is wiped when the line is settled. `fence` counts who
    took it; `claims` those who may have begun it: a worker that gives it back unbegun takes its own away again.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    batch = models.ForeignKey(Batch, on_delete=models.CASCADE, related_name="rows")
    number = models.PositiveIntegerField()
    operation = models.CharField(max_length=80)
    user_id = models.UUIDField(null=True)
    content = EncryptedField(null=True)
    state = models.CharField(max_length=10, choices=LINE_STATES, default=LineState.WAITING)
    fence = models.PositiveIntegerField(default=0)
    claims = models.PositiveSmallIntegerField(default=0)
    lease_until = models.DateTimeField(null=True)
    status = models.PositiveSmallIntegerField(null=True)
    code = models.CharField(max_length=80, blank=True)
    result = EncryptedField(null=True)
    settled_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "batch_line"
        constraints = [
            models.UniqueConstraint(fields=["batch", "number"], name="one_line_per_number"),
            models.CheckConstraint(
                condition=models.Q(state__in=[one.value for one in LineState]), name="batch_line_state"
            ),
            models.CheckConstraint(
                condition=models.Q(state=LineState.WAITING.value) | models.Q(content__isnull=True),
                name="batch_line_wiped",
            ),
        ]
        indexes = [
            models.Index(
                fields=["batch", "number"],
                condition=models.Q(state=LineState.WAITING.value),
                name="batch_line_waiting",
            ),
            models.Index(
                fields=["lease_until"],
                condition=models.Q(state=LineState.WAITING.value, lease_until__isnull=False),
                name="batch_line_taken",
            ),
            models.Index(fields=["user_id"], condition=models.Q(user_id__isnull=False), name="batch_line_of_user"),
        ]

    def __str__(self) -> str:
        return f"{self.number} {self.operation} {self.state}"
