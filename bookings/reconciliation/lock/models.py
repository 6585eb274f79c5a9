"""Days of which nothing changes any more. Staff make and end them."""

from django.db import models
from django.db.models import Q

from movmo.kit.ids import new_id
from partners.partner.models import Partner


class PeriodLock(models.Model):
    """Nothing of these days changes any more: no statement is taken over that has lines in them, none is run again.

    `unlocked_at` ends it. `partner` empty: for everybody's statements of the provider.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    provider = models.CharField(max_length=40)
    partner = models.ForeignKey(Partner, null=True, on_delete=models.PROTECT, related_name="period_locks")
    starts_on = models.DateField()
    ends_on = models.DateField()
    reason = models.CharField(max_length=200)
    locked_by = models.UUIDField(null=True)
    locked_at = models.DateTimeField()
    unlocked_by = models.UUIDField(null=True)
    unlocked_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "reconciliation_lock"
        constraints = [models.CheckConstraint(condition=Q(starts_on__lte=models.F("ends_on")), name="lock_period")]

    def __str__(self) -> str:
        return f"{self.provider} {self.starts_on} to {self.ends_on}"
