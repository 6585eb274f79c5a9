"""Invite, accept, change and remove members. Each change leaves its line in the audit trail, in the same transaction.

MemberRefused
├── AlreadyMember      the address belongs to a member
├── AlreadyInvited     an invitation of this address waits
├── TooManyInvited     MOST_WAITING invitations wait
├── MayNotInvite       no owner any more, nor somebody of the staff who may
├── InvitationOver     accepted, withdrawn or expired
├── LastOwner          a partner that has owners keeps one
└── MemberGone         removed meanwhile
The team is held while it changes: two owners who take each other's role would leave none.
"""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.urls import reverse

from movmo.accounts.letter import services as letters
from movmo.accounts.models import User
from movmo.kit.text import one_line
from movmo.operations import audit
from movmo.operations.context import Door
from partners.member import queries
from partners.member.models import Invitation, Member, Role
from partners.partner.holding import hold
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


class MayNotInvite(MemberRefused):
    def __init__(self) -> None:
        super().__init__("You are no owner here any more, so nobody was invited. Ask an owner to invite them.")


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
        hold(partner.pk)
        _refuse_stranger(by, partner.pk)
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


def _refuse_stranger(by: User, partner_id: UUID) -> None:
    """Asked while the team is held: whoever was removed after their page opened invites nobody. Raises MayNotInvite."""
    is_owner = Member.objects.filter(partner=partner_id, user=by, role=Role.OWNER).exists()
    if not is_owner and not by.has_perm("partners.add_invitation"):
        raise MayNotInvite


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
        hold(invitation.partner_id)
        if not queries.open_at(invitation.partner_id).filter(pk=invitation.pk).update(withdrawn_at=now):
            raise InvitationOver
        _note("withdraw_partner_invitation", by, invitation.partner_id, invitation.pk)


def accept(invitation_id: UUID, *, user: User, now: datetime) -> Member:
    """By the person of the address, once. Raises InvitationOver, also for anybody else's."""
    with transaction.atomic():
        found = queries.waiting_for(user, now).filter(pk=invitation_id).first()
        if found is None:
            raise InvitationOver
        hold(found.partner_id)
        # What it hangs on may have changed before the team was held. Two windows at once meet at the UPDATE.
        mine = queries.waiting_for(user, now).filter(pk=found.pk)
        if not mine.exists() or not queries.open_at(found.partner_id).filter(pk=found.pk).update(accepted_at=now):
            raise InvitationOver
        defaults = {"role": found.role, "joined_at": now}
        member, _ = Member.objects.get_or_create(partner=found.partner, user=user, defaults=defaults)
        _note("accept_partner_invitation", user, found.partner_id, member.pk, role=str(member.role))
    return member


def change_role(member: Member, *, role: Role, by: User, now: datetime) -> int:
    """Returns how many invitations went with it: what only an owner may, ends with being one. Raises LastOwner or
    MemberGone."""
    with transaction.atomic():
        hold(member.partner_id)
        if role is not Role.OWNER:
            _keep_an_owner(member)
        if not Member.objects.filter(pk=member.pk).update(role=role):
            raise MemberGone
        ended = 0 if role is Role.OWNER else _withdraw(member, Q(invited_by=member.user_id), now=now)
        _note("change_partner_member", by, member.partner_id, member.pk, role=str(role), **_counted(ended))
    return ended


def remove(member: Member, *, by: User, now: datetime) -> int:
    """Out with the next request: every page asks for the row. Returns how many invitations went with them. Raises
    LastOwner or MemberGone."""
    with transaction.atomic():
        hold(member.partner_id)
        _keep_an_owner(member)
        if not Member.objects.filter(pk=member.pk).delete()[0]:
            raise MemberGone
        # Whoever was an owner may have invited themselves, or a friend who lets them in again.
        ended = _withdraw(member, Q(email=member.user.email) | Q(invited_by=member.user_id), now=now)
        told = {"user_id": str(member.user_id), **_counted(ended)}
        _note("remove_partner_member", by, member.partner_id, member.pk, **told)
    return ended


def _withdraw(member: Member, which: Q, *, now: datetime) -> int:
    return queries.open_at(member.partner_id).filter(which).update(withdrawn_at=now)


def _counted(ended: int) -> dict[str, str]:
    return {"invitations_withdrawn": str(ended)} if ended else {}


def told_of(ended: int) -> str:
    """What went with a member or their role, for whoever did it; empty for nothing."""
    if not ended:
        return ""
    return "An invitation is taken back with it." if ended == 1 else f"{ended} invitations are taken back with it."


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
