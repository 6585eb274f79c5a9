"""An export that was ordered, and what became of it. Its file may go; the record stays."""

from django.conf import settings
from django.db import models
from django.db.models import Q

from bookings.export.datasets import DATASETS
from bookings.export.schemas import Format
from bookings.export.states import OPEN, ExportState
from movmo.kit.ids import new_id
from partners.partner.models import Partner

STATES = [(state.value, state.name.lower()) for state in ExportState]
FORMATS = [
    (Format.CSV.value, "CSV"),
    (Format.JSONL.value, "JSON Lines"),
    (Format.PARQUET.value, "Parquet"),
    (Format.XLSX.value, "Excel, at most 100,000 rows"),
]


class Export(models.Model):
    """Ordered with a partner's key, for its own rows, or by a clerk, for those of all.

    `fence` counts claims: rows and outcome are written only by the holder of the newest, until `lease_until`. `as_of`
    is the moment of the snapshot. `file` is its name in the storage.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    dataset = models.CharField(max_length=20, choices=[(one.name.value, one.title) for one in DATASETS.values()])
    format = models.CharField(max_length=10, choices=FORMATS)
    has_bom = models.BooleanField("byte order mark", default=False)
    filters = models.JSONField(default=dict)
    partner = models.ForeignKey(Partner, null=True, on_delete=models.PROTECT, related_name="exports")
    api_key_id = models.UUIDField(null=True)
    is_live = models.BooleanField(null=True)
    clerk = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="exports")
    state = models.CharField(max_length=10, choices=STATES, default=ExportState.ORDERED.value)
    fence = models.PositiveIntegerField(default=0)
    attempts = models.PositiveSmallIntegerField(default=0)
    due_at = models.DateTimeField()
    lease_until = models.DateTimeField(null=True)
    rows_expected = models.PositiveBigIntegerField(null=True)
    rows_written = models.PositiveBigIntegerField(default=0)
    as_of = models.DateTimeField(null=True)
    row_count = models.PositiveBigIntegerField(null=True)
    byte_count = models.PositiveBigIntegerField(null=True)
    sha256 = models.CharField(max_length=64, blank=True)
    file = models.CharField(max_length=120, blank=True)
    failure_code = models.CharField(max_length=40, blank=True)
    created_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True)
    file_expires_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "export"
        default_permissions = ("add", "view")
        constraints = [
            models.CheckConstraint(
                condition=Q(partner__isnull=False, api_key_id__isnull=False, is_live__isnull=False, clerk=None)
                | Q(partner=None, api_key_id=None, is_live=None, clerk__isnull=False),
                name="export_is_a_keys_or_a_clerks",
            ),
            models.CheckConstraint(condition=Q(state__in=[state.value for state in ExportState]), name="export_state"),
            models.CheckConstraint(
                condition=~Q(state="ready") | (Q(as_of__isnull=False, row_count__isnull=False) & ~Q(file="")),
                name="export_ready_has_a_file",
            ),
        ]
        indexes = [
            models.Index(fields=["partner", "-id"], name="export_of_partner"),
            models.Index(
                fields=["due_at", "id"], condition=Q(state__in=[state.value for state in OPEN]), name="export_due"
            ),
            models.Index(fields=["file_expires_at"], condition=Q(state="ready"), name="export_to_purge"),
        ]

    def __str__(self) -> str:
        return f"{self.get_dataset_display()} as {self.format} ({self.state})"

    @property
    def suffix(self) -> str:
        return self.format

    def file_of(self, fence: int) -> str:
        """A name of its own for each claim, so that two workers never write one file."""
        return f"{self.pk}-{fence}.{self.suffix}"
