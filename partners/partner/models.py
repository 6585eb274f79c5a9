"""The company that embeds Movmo."""

from django.db import models

from movmo.kit.ids import new_id
from partners.plan.models import UsagePlan


class Partner(models.Model):
    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    name = models.CharField(max_length=120)
    slug = models.SlugField(max_length=60, unique=True)
    plan = models.ForeignKey(UsagePlan, on_delete=models.PROTECT, related_name="partners")
    is_active = models.BooleanField(default=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        db_table = "partner"

    def __str__(self) -> str:
        return self.name
