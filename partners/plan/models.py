"""What a partner's key may spend."""

from django.db import models

from movmo.kit.ids import new_id


class UsagePlan(models.Model):
    """A named allowance: `rate` calls a second on average, `burst` at once, `month_quota` in a calendar month (UTC).

    Keys have no rate on the MCP door at all, whatever the plan: agents come with a traveler's token.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    name = models.SlugField(max_length=40, unique=True)
    rate = models.PositiveIntegerField(help_text="Calls a second, on average.")
    burst = models.PositiveIntegerField(help_text="Calls at once.")
    month_quota = models.PositiveBigIntegerField(
        null=True, blank=True, help_text="Calls in a calendar month, UTC. Empty: as many as the rate allows."
    )
    allowed_operations = models.TextField(
        blank=True, help_text="Names of the operations these keys may call, separated by spaces. Empty: every one."
    )

    class Meta:
        db_table = "usage_plan"

    def __str__(self) -> str:
        return self.name
