"""Which days each provider was asked for, and which are still to be asked for."""

from django.db import models

from movmo.kit.ids import new_id

LONGEST_PROBLEM = 200


class PulledDay(models.Model):
    """A UTC day of a provider that tells what it sold. It is owed until `done_at`: then its statements are here.

    Whoever holds `lease_until` is asking. `failures` counts how often it was asked for in vain, `problem` says why it
    was so the last time.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    provider = models.CharField(max_length=40)
    day = models.DateField()
    failures = models.PositiveIntegerField("asked in vain", default=0)
    problem = models.CharField(max_length=LONGEST_PROBLEM, blank=True)
    failed_at = models.DateTimeField(null=True)
    lease_until = models.DateTimeField(null=True)
    done_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "reconciliation_pulled_day"
        constraints = [models.UniqueConstraint(fields=["provider", "day"], name="one_pull_per_day")]

    def __str__(self) -> str:
        return f"{self.provider}, {self.day}"
