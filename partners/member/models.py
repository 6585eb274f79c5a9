"""The people of a partner, and those who were asked to be."""

from datetime import datetime

from django.conf import settings
from django.db import models

from movmo.kit import masks
from movmo.kit.ids import new_id
from partners.partner.models import Partner


class Role(models.TextChoices):
    """What a member may do on the partner's pages. Each may what those before it may."""

    VIEWER = "viewer", "viewer"
    DEVELOPER = "developer", "developer"
    OWNER = "owner", "owner"

    @property
    def rank(self) -> int:
        return list(Role).index(self)

    def covers(self, needed: "Role") -> bool:
        return self.rank >= needed.rank


class Member(models.Model):
    """A person of a partner. The row is the whole right: without it every page of the partner is absent."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    partner = models.ForeignKey(Partner, on_delete=models.CASCADE, related_name="members")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="memberships")
    role = models.CharField(max_length=10, choices=Role.choices)
    joined_at = models.DateTimeField()

    class Meta:
        db_table = "partner_member"
        constraints = [
            models.UniqueConstraint(fields=["partner", "user"], name="one_membership_of_partner"),
            models.CheckConstraint(condition=models.Q(role__in=Role.values), name="partner_member_role"),
        ]

    def __str__(self) -> str:
        return f"{self.user} at {self.partner}"

    def may(self, needed: Role) -> bool:
        return Role(self.role).covers(needed)


class Invitation(models.Model):
    """Good once, until `expires_at`, for whoever signs in with `email`. The letter's link holds no secret: to open it
    takes a code that is sent to that address."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    partner = models.ForeignKey(Partner, on_delete=models.CASCADE, related_name="invitations")
    email = models.EmailField()
    role = models.CharField(max_length=10, choices=Role.choices)
    invited_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="invitations_sent"
    )
    invited_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    accepted_at = models.DateTimeField(null=True)
    withdrawn_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "partner_invitation"
        constraints = [
            models.CheckConstraint(condition=models.Q(role__in=Role.values), name="partner_invitation_role"),
            models.CheckConstraint(
                condition=models.Q(accepted_at=None) | models.Q(withdrawn_at=None), name="partner_invitation_end"
            ),
        ]
        indexes = [models.Index(fields=["email"], name="partner_invitation_email")]

    def __str__(self) -> str:
        return f"{self.address} to {self.partner}"

    @property
    def address(self) -> str:
        """As the back office shows it."""
        return masks.address(self.email)

    def state(self, now: datetime) -> str:
        if self.accepted_at is not None:
            return "accepted"
        if self.withdrawn_at is not None:
            return "withdrawn"
        if self.invited_by is not None and not self.invited_by.is_active:
            return "sender inactive"
        return "expired" if self.expires_at <= now else "waiting"
