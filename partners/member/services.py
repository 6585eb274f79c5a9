"""Invite, accept, change and remove members. Each change leaves its line in the audit trail, in the same transaction.

MemberRefused
├── AlreadyMember      the address belongs to a member
├── AlreadyInvited     an invitation of this address waits
├── TooManyInvited     MOST_WAITING invitations wait
├── InvitationOver     accepted, withdrawn or expired
├── LastOwner          a partner that has owners keeps one
└── MemberGone         removed meanwhile
"""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.urls import reverse

from movmo.accounts.letter import services as letters
from movmo.accounts.models import User
from movmo.kit.text import one_line
from movmo.operations import audit
from movmo.operations.context import Door
from partners.member import queries
from partners.member.models import Invitation, Member, Role
from partners.partner.models import Partner

LASTS = timedelta(days=7)
MOST_WAITING = 20
LETTER = "partner_invitation"


class MemberRefused(Exception):
    """A sentence for whoever asked. Nothing was changed."""


class AlreadyMember(MemberRefused):
    def __init__(self) -> None:
        super().__init__("This person is a member already. Change their role instead.")


class AlreadyInvited(MemberRefused):
    def __init__(self) -> None:
        super().__init__("An invitation of this address waits already. Withdraw it first to send another.")


class TooManyInvited(MemberRefused):
    def __init__(self) -> None:
        super().__init__(f"{MOST_WAITING} invitations wait already. Withdraw one first.")


class InvitationOver(MemberRefused):
    def __init__(self) -> None:
        super().__init__("This invitation was used, taken back, or is too old. Ask whoever invited you for another.")


class LastOwner(MemberRefused):
    def __init__(self) -> None:
        super().__init__("This is the last owner. Make somebody else an owner first.")


class MemberGone(MemberRefused):
    def __init__(self) -> None:
        super().__init__("This person is not a member any more.")


def invite(*, partner: Partner, email: str, role: Role, by: User, now: datetime) -> Invitation:
    """The letter leaves by the outbox. `email` as accounts have it. Raises MemberRefused."""
    with transaction.atomic():
        _hold(partner.pk)
        if Member.objects.filter(partner=partner, user__email=email).exists():
            raise AlreadyMember
        waiting = queries.waiting(now).filter(partner=partner)
        if waiting.filter(email=email).exists():
            raise AlreadyInvited
        if waiting.count() >= MOST_WAITING:
            raise TooManyInvited
        made = Invitation.objects.create(
            partner=partner, email=email, role=role, invited_by=by, invited_at=now, expires_at=now + LASTS
        )
        letters.put(LETTER, email, _facts(made, by), of=User.objects.filter(email=email).first())
        _note("invite_partner_member", by, partner.pk, made.pk, role=str(role))
    return made


def _facts(made: Invitation, by: User) -> dict[str, Any]:
    return {
        "partner": one_line(made.partner.name),
        "role": str(made.role),
        "by": by.email,
        "link": settings.ORIGIN + reverse("partner:invitation", args=[made.pk]),
        "until": f"{made.expires_at:%-d %B %Y}",
    }


def withdraw(invitation: Invitation, *, by: User, now: datetime) -> None:
    """Raises InvitationOver."""
    with transaction.atomic():
        one = Invitation.objects.filter(pk=invitation.pk, accepted_at=None, withdrawn_at=None)
        if not one.update(withdrawn_at=now):
            raise InvitationOver
        _note("withdraw_partner_invitation", by, invitation.partner_id, invitation.pk)


def accept(invitation_id: UUID, *, user: User, now: datetime) -> Member:
    """By the person of the address, once. Raises InvitationOver, also for anybody else's."""
    with transaction.atomic():
        found = queries.waiting_for(user, now).filter(pk=invitation_id).first()
        if found is None:
            raise InvitationOver
        _hold(found.partner_id)
        # Two windows at once meet at this UPDATE, on both databases.
        if not queries.waiting_for(user, now).filter(pk=found.pk).order_by().update(accepted_at=now):
            raise InvitationOver
        defaults = {"role": found.role, "joined_at": now}
        member, _ = Member.objects.get_or_create(partner=found.partner, user=user, defaults=defaults)
        _note("accept_partner_invitation", user, found.partner_id, member.pk, role=str(member.role))
    return member


def change_role(member: Member, *, role: Role, by: User, now: datetime) -> None:
    """Raises LastOwner or MemberGone."""
    with transaction.atomic():
        _hold(member.partner_id)
        if role is not Role.OWNER:
            _keep_an_owner(member)
        if not Member.objects.filter(pk=member.pk).update(role=role):
            raise MemberGone
        _note("change_partner_member", by, member.partner_id, member.pk, role=str(role))


def remove(member: Member, *, by: User, now: datetime) -> None:
    """Out with the next request: every page asks for the row. Raises LastOwner or MemberGone."""
    with transaction.atomic():
        _hold(member.partner_id)
        _keep_an_owner(member)
        if not Member.objects.filter(pk=member.pk).delete()[0]:
            raise MemberGone
        # Whoever was an owner may have sent invitations to themselves.
        again = Invitation.objects.filter(partner=member.partner_id, accepted_at=None, withdrawn_at=None)
        again.filter(email=member.user.email).update(withdrawn_at=now)
        _note("remove_partner_member", by, member.partner_id, member.pk, user_id=str(member.user_id))


def _hold(partner_id: UUID) -> None:
    """Until the commit nobody else changes the team: two owners who take each other's role would leave none. On SQLite
    the transaction itself keeps writers apart."""
    list(Partner.objects.select_for_update().filter(pk=partner_id).values_list("pk"))


def _keep_an_owner(member: Member) -> None:
    owners = Member.objects.filter(partner=member.partner_id, role=Role.OWNER)
    if owners.filter(pk=member.pk).exists() and not owners.exclude(pk=member.pk).exists():
        raise LastOwner


def _note(what: str, by: User, partner_id: UUID, about: UUID, **arguments: str) -> None:
    audit.note(
        what,
        door=Door.PAGES,
        code=audit.DONE,
        user_id=by.pk,
        partner_id=partner_id,
        resource_id=about,
        arguments=arguments or None,
    )
