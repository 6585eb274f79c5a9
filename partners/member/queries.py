"""Who belongs to a partner, asked anew at every request."""

from datetime import datetime
from uuid import UUID

from django.db.models import Q, QuerySet

from movmo.accounts.models import User
from partners.member.models import Invitation, Member


def of(user: User) -> QuerySet[Member]:
    """Their memberships. A partner that was suspended has no pages."""
    mine = Member.objects.filter(user_id=user.pk, partner__is_active=True)
    return mine.select_related("partner__plan").order_by("partner__name", "pk")


def at(slug: str, user: User) -> Member | None:
    return of(user).filter(partner__slug=slug).first()


def team(partner_id: UUID) -> QuerySet[Member]:
    return Member.objects.filter(partner_id=partner_id).select_related("user").order_by("joined_at", "pk")


def open_at(partner_id: UUID) -> QuerySet[Invitation]:
    """Neither used nor taken back."""
    return Invitation.objects.filter(partner_id=partner_id, accepted_at=None, withdrawn_at=None)


def waiting(now: datetime) -> QuerySet[Invitation]:
    """Invitations that can be accepted. What somebody sent who was made inactive is worth nothing while they are."""
    rows = Invitation.objects.filter(accepted_at=None, withdrawn_at=None, expires_at__gt=now, partner__is_active=True)
    vouched = rows.filter(Q(invited_by=None) | Q(invited_by__is_active=True))
    return vouched.select_related("partner").order_by("invited_at", "pk")


def waiting_for(user: User, now: datetime) -> QuerySet[Invitation]:
    return waiting(now).filter(email=user.email)
