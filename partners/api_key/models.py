"""The credential of a partner's back end."""

from datetime import datetime, timedelta

from django.db import models
from django.db.models import Q

from movmo.kit.ids import new_id
from movmo.operations.history import kept
from partners.partner.models import Partner

EXPIRING = timedelta(days=14)
"""How long before its end a key is shown as expiring."""


class KeyState(models.TextChoices):
    """What a key is worth at a moment. In the order in which one hides another."""

    REVOKED = "revoked", "revoked"
    EXPIRED = "expired", "expired"
    REPLACED = "replaced", "replaced, still works"
    EXPIRING = "expiring", "expires soon"
    USABLE = "usable", "usable"


class ApiKeys(models.QuerySet["ApiKey"]):
    def in_state(self, state: KeyState, *, now: datetime) -> "ApiKeys":
        """What `ApiKey.state` says, as a condition."""
        ended, soon = Q(expires_at__lte=now), Q(expires_at__lte=now + EXPIRING)
        alive = self.filter(~ended | Q(expires_at=None), revoked_at=None)
        match state:
            case KeyState.REVOKED:
                return self.exclude(revoked_at=None)
            case KeyState.EXPIRED:
                return self.filter(ended, revoked_at=None)
            case KeyState.REPLACED:
                return alive.exclude(replaced_by=None)
            case KeyState.EXPIRING:
                return alive.filter(soon, replaced_by=None)
            case KeyState.USABLE:
                return alive.filter(~soon | Q(expires_at=None), replaced_by=None)


class ApiKey(models.Model):
    """Only the SHA-256 of the key is kept; the text was shown once. Rotation is two keys that work for a while."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    partner = models.ForeignKey(Partner, on_delete=models.CASCADE, related_name="api_keys")
    name = models.CharField(max_length=100, help_text="Where the key is used, for example “production back end”.")
    digest = models.CharField(max_length=64, unique=True, editable=False)
    hint = models.CharField(max_length=20, editable=False)
    is_live = models.BooleanField(
        default=True, editable=False, help_text="Live keys reach live providers, test keys the sandbox: neither both."
    )
    replaced_by = models.OneToOneField(
        "self", on_delete=models.PROTECT, null=True, blank=True, editable=False, related_name="replaces"
    )
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True, editable=False)
    last_used_at = models.DateTimeField(
        null=True, blank=True, editable=False, help_text="Written at most once a minute."
    )

    objects = ApiKeys.as_manager()
    history = kept(table="api_key_history", but=["digest", "last_used_at"])

    class Meta:
        db_table = "api_key"
        verbose_name = "API key"

    def __str__(self) -> str:
        return f"{self.name} ({self.hint})"

    def is_usable(self, now: datetime) -> bool:
        return self.revoked_at is None and (self.expires_at is None or self.expires_at > now)

    def state(self, now: datetime) -> KeyState:
        if self.revoked_at is not None:
            return KeyState.REVOKED
        if self.expires_at is not None and self.expires_at <= now:
            return KeyState.EXPIRED
        if self.replaced_by_id is not None:
            return KeyState.REPLACED
        if self.expires_at is not None and self.expires_at <= now + EXPIRING:
            return KeyState.EXPIRING
        return KeyState.USABLE

    @property
    def mode(self) -> str:
        return "live" if self.is_live else "test"
