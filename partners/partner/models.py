"""The company that embeds Movmo."""

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models

from movmo.kit.ids import new_id
from movmo.operations.history import kept
from partners.plan.models import UsagePlan


class Partner(models.Model):
    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    name = models.CharField(max_length=120)
    slug = models.SlugField(max_length=60, unique=True)
    plan = models.ForeignKey(UsagePlan, on_delete=models.PROTECT, related_name="partners")
    is_active = models.BooleanField(default=True)
    client_scopes = models.TextField(
        blank=True,
        help_text="The most that OAuth clients which the partner's own people make may ask for: scopes separated by "
        "spaces. Empty: every one. Clients that are there already keep what they have.",
    )
    created_at = models.DateTimeField(auto_now_add=True)
    history = kept(table="partner_history")

    class Meta:
        db_table = "partner"

    def __str__(self) -> str:
        return self.name

    def clean(self) -> None:
        known = settings.OAUTH2_PROVIDER["SCOPES"]
        if unknown := [scope for scope in self.client_scopes.split() if scope not in known]:
            problem = f"There is no scope called {', '.join(unknown)}. There are: {', '.join(known)}."
            raise ValidationError({"client_scopes": problem})
