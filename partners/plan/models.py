"""What a partner's key may spend."""

from django.core.exceptions import ValidationError
from django.db import models

from movmo.kit.ids import new_id
from movmo.operations.catalogue import names
from movmo.operations.history import kept

# Calls a second with a key at /v1/mcp, whatever the plan. Not a column: the door refuses keys before it knows whose.
MCP_RATE = 0


class UsagePlan(models.Model):
    """A named allowance: `rate` calls a second on average, `burst` at once, `month_quota` in a calendar month (UTC).

    Keys have no rate on the MCP door at all, whatever the plan: agents come with a traveler's token.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    name = models.SlugField(max_length=40, unique=True)
    rate = models.PositiveIntegerField(
        help_text="Cost units a second, on average: a search or a booking costs 10, other calls 1."
    )
    burst = models.PositiveIntegerField(help_text="Cost units at once.")
    month_quota = models.PositiveBigIntegerField(
        null=True, blank=True, help_text="Calls in a calendar month, UTC. Empty: as many as the rate allows."
    )
    allowed_operations = models.TextField(
        blank=True, help_text="Names of the operations these keys may call, separated by spaces. Empty: every one."
    )
    history = kept(table="usage_plan_history")

    live_keys = models.BooleanField(
        default=True, help_text="Whether live keys may be made. Those that are there go on, and are not rotated."
    )

    class Meta:
        db_table = "usage_plan"

    def __str__(self) -> str:
        return self.name

    def clean(self) -> None:
        """A name that is none would allow nothing, and one that is misspelled something else than was meant."""
        if unknown := [name for name in self.allowed_operations.split() if name not in names()]:
            raise ValidationError({"allowed_operations": f"There is no operation called {', '.join(unknown)}."})
