"""What a partner's key may spend."""

from django.db import models

from movmo.kit.ids import new_id


class UsagePlan(models.Model):
    """A named allowance: `rate` calls a second on average, `burst` at once."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    name = models.SlugField(max_length=40, unique=True)
    rate = models.PositiveIntegerField(help_text="Calls a second, on average.")
    burst = models.PositiveIntegerField(help_text="Calls at once.")

    class Meta:
        db_table = "usage_plan"

    def __str__(self) -> str:
        return self.name
