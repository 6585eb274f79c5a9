"""An invitation is worth what its sender is: who may not invite any more has invited nobody who is not in yet."""

from functools import partial
from typing import Any

import pytest
from django.test import Client

from movmo.accounts.models import User
from movmo.accounts.privacy import services as privacy
from movmo.kit import clock as times
from movmo.operations.models import AuditEvent
from partners.member import queries, services
from partners.member.models import Invitation, Member, Role
from partners.partner.models import Partner
from tests import factories
from tests.accounts.person import sign_in
from tests.admin.test_members import INVITATIONS, MEMBERS, act
from tests.office import clerk_with_app, entered
from tests.operations.together import together
from tests.partners.portal.people import AT, DEV, said

pytestmark = pytest.mark.django_db
BOSS = "boss@aviare.example"
FRIEND = "friend@elsewhere.example"
TEAM = AT + "team/"


@pytest.fixture
def boss(aviare: Partner) -> Member:
    """Another owner, who is about to go."""
    return factories.member(aviare, BOSS, Role.OWNER)


@pytest.fixture
def sent(aviare: Partner, boss: Member) -> Invitation:
    """By them, to a friend."""
    return by(boss.user, aviare)


@pytest.fixture
def office(client: Client) -> Client:
    return entered(client, clerk_with_app())


def by(sender: User, to: Partner, email: str = FRIEND) -> Invitation:
    return services.invite(partner=to, email=email, role=Role.OWNER, by=sender, now=times.now())


def opened(invitation: Invitation) -> tuple[Any, Any]:
    """What the friend sees, and what pressing the button does."""
    friend, page = sign_in(invitation.email), f"/partner/invitations/{invitation.pk}/"
    return friend.get(page), friend.post(page)


def is_worth_nothing(invitation: Invitation) -> bool:
    seen, pressed = opened(invitation)
    assert seen.status_code == pressed.status_code == 404
    assert "who sent it is not in charge there any more" in said(seen)
    assert "an owner of your company’s pages" in said(seen)
    return not Member.objects.filter(user__email=invitation.email).exists()


def test_the_invitation_is_good_while_they_are_an_owner(sent: Invitation) -> None:
    seen, pressed = opened(sent)
    assert BOSS in said(seen)
    assert pressed["Location"] == AT


def test_it_ends_with_who_is_removed(owner: Client, boss: Member, sent: Invitation) -> None:
    told = owner.post(f"{TEAM}{boss.pk}/", {"action": "remove"}, follow=True)
    assert f"{BOSS} is removed, and out with their next click. An invitation is taken back with it." in said(told)
    assert FRIEND not in said(told)
    assert is_worth_nothing(sent)
    line = AuditEvent.objects.get(operation="remove_partner_member")
    assert line.arguments == {"user_id": str(boss.user_id), "invitations_withdrawn": "1"}


@pytest.mark.parametrize("role", ["viewer", "developer"])
def test_it_ends_with_their_being_an_owner(owner: Client, boss: Member, sent: Invitation, role: str) -> None:
    told = owner.post(f"{TEAM}{boss.pk}/", {"action": "role", "role": role}, follow=True)
    assert f"{BOSS} is {role} from now on. An invitation is taken back with it." in said(told)
    assert is_worth_nothing(sent)
    owner.post(f"{TEAM}{boss.pk}/", {"action": "role", "role": "owner"})
    assert is_worth_nothing(sent)


def test_it_ends_with_who_goes_of_themselves(owner: Client, aviare: Partner, boss: Member) -> None:
    mine = by(User.objects.get(email=DEV), aviare)
    owner.post(f"{TEAM}{Member.objects.get(user__email=DEV).pk}/", {"action": "remove"})
    assert is_worth_nothing(mine)


def test_an_owner_who_stays_one_has_invited(owner: Client, boss: Member, sent: Invitation) -> None:
    owner.post(f"{TEAM}{boss.pk}/", {"action": "role", "role": "owner"})
    assert opened(sent)[1]["Location"] == AT


def test_what_others_sent_and_what_they_sent_elsewhere_goes_on(
    owner: Client, aviare: Partner, kestrel: Partner, boss: Member, sent: Invitation
) -> None:
    factories.member(kestrel, BOSS, Role.OWNER)
    elsewhere, others = by(boss.user, kestrel), factories.invitation(aviare)
    owner.post(f"{TEAM}{boss.pk}/", {"action": "remove"})
    waiting = queries.waiting(times.now())
    assert {one.pk for one in waiting} == {elsewhere.pk, others.pk}


def test_who_is_in_stays_in(owner: Client, boss: Member, sent: Invitation) -> None:
    opened(sent)
    owner.post(f"{TEAM}{boss.pk}/", {"action": "remove"})
    assert Member.objects.filter(user__email=FRIEND).exists()
    sent.refresh_from_db()
    assert (sent.accepted_at is not None, sent.withdrawn_at) == (True, None)


def test_it_ends_with_who_is_removed_by_staff(office: Client, aviare: Partner, boss: Member, sent: Invitation) -> None:
    factories.member(aviare)
    assert "An invitation is taken back with it." in act(office, MEMBERS, "remove", boss)
    assert is_worth_nothing(sent)
    assert "withdrawn" in office.get(f"{INVITATIONS}{sent.pk}/change/").content.decode()


def test_it_is_worth_nothing_while_staff_have_stopped_its_sender(
    office: Client, owner: Client, boss: Member, sent: Invitation
) -> None:
    User.objects.filter(pk=boss.user_id).update(is_active=False)
    assert is_worth_nothing(sent)
    assert FRIEND not in said(owner.get(TEAM))
    for page in (INVITATIONS, f"{INVITATIONS}{sent.pk}/change/"):
        assert "sender inactive" in office.get(page).content.decode()
    User.objects.filter(pk=boss.user_id).update(is_active=True)
    assert opened(sent)[1]["Location"] == AT


def test_another_owner_invites_whom_a_stopped_one_had_invited(aviare: Partner, boss: Member, sent: Invitation) -> None:
    User.objects.filter(pk=boss.user_id).update(is_active=False)
    again = by(factories.member(aviare).user, aviare)
    assert opened(again)[1]["Location"] == AT


@pytest.mark.django_db(transaction=True)
def test_it_ends_with_its_senders_account(aviare: Partner, boss: Member, sent: Invitation) -> None:
    privacy.delete(boss.user, now=times.now(), door="pages")
    sent.refresh_from_db()
    assert sent.withdrawn_at is not None
    assert is_worth_nothing(sent)


def test_who_lost_the_right_while_their_form_was_open_invites_nobody(aviare: Partner, boss: Member) -> None:
    factories.member(aviare)
    services.change_role(boss, role=Role.DEVELOPER, by=boss.user, now=times.now())
    for sender in (boss.user, factories.traveler("nobody@elsewhere.example")):
        with pytest.raises(services.MayNotInvite, match=r"You are no owner here any more.*Ask an owner"):
            by(sender, aviare)
    assert not Invitation.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_inviting_waits_for_a_removal_that_is_under_way(aviare: Partner, boss: Member) -> None:
    other = factories.member(aviare)
    told = together(partial(services.remove, boss, by=other.user, now=times.now()), partial(by, boss.user, aviare))
    assert told[0] in (0, 1)
    assert not queries.waiting(times.now()).exists()
