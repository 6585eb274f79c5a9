"""What memberships tell of a person, and how they are forgotten: see movmo.accounts.privacy."""

from datetime import datetime
from typing import Any

from movmo.accounts.models import User
from movmo.accounts.privacy.services import Records
from partners.member.models import Invitation, Member


def tell(user: User) -> dict[str, Any]:
    mine = Member.objects.filter(user=user).select_related("partner").order_by("joined_at", "pk")
    asked = Invitation.objects.filter(email=user.email).select_related("partner").order_by("invited_at", "pk")
    return {
        "member_of": [{"partner": one.partner.name, "role": str(one.role), "joined_at": one.joined_at} for one in mine],
        "invited_by": [
            {
                "partner": one.partner.name,
                "role": str(one.role),
                "invited_at": one.invited_at,
                "accepted_at": one.accepted_at,
            }
            for one in asked
        ],
    }


def erase(user: User, now: datetime) -> None:
    """Also of a last owner: whom a partner's pages belong to then, staff say by an invitation."""
    Member.objects.filter(user=user).delete()
    Invitation.objects.filter(email=user.email).delete()
    Invitation.objects.filter(invited_by=user, accepted_at=None, withdrawn_at=None).update(withdrawn_at=now)


RECORDS = Records("partner_memberships", tell=tell, erase=erase)
