"""Who is in: invited by letter, in by a code, out at once; never without an owner."""

import re
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from django.core import mail
from django.test import Client

from movmo.accounts.models import User
from movmo.accounts.privacy import services as privacy
from movmo.kit import clock as times
from movmo.operations.models import AuditEvent
from partners.member import services
from partners.member.models import Invitation, Member, Role
from partners.partner.models import Partner
from tests import factories, letters
from tests.accounts.person import sign_in
from tests.conftest import StoppedClock
from tests.operations.together import together
from tests.partners.portal.people import AT, DEV, confirms, grown_old, member_at, said

pytestmark = pytest.mark.django_db
TEAM = AT + "team/"
INVITE = TEAM + "invite/"
NEW = "new@aviare.example"


def invite(owner: Client, email: str = NEW, role: str = "developer", **extra: str) -> Any:
    return owner.post(INVITE, {"email": email, "role": role, **extra}, follow=True)


def link_to(email: str = NEW) -> str:
    """In the newest letter to this address."""
    letters.post()
    body = next(str(letter.body) for letter in reversed(mail.outbox) if letter.to == [email])
    found = re.search(r"/partner/invitations/\S+", body)
    assert found is not None
    return found.group()


def of(partner: Partner, email: str) -> Member | None:
    return Member.objects.filter(partner=partner, user__email=email).first()


def test_from_the_letter_to_the_pages(owner: Client, aviare: Partner) -> None:
    assert f"sending {NEW} an invitation" in said(invite(owner))
    link = link_to()
    newcomer = sign_in(NEW)
    asked = newcomer.get(link)
    assert f"{DEV} invites you to the pages of Aviare , as developer" in said(asked)
    assert newcomer.post(link)["Location"] == AT
    joined = of(aviare, NEW)
    assert joined is not None
    assert joined.role == Role.DEVELOPER
    assert newcomer.get(AT).status_code == 200
    line = AuditEvent.objects.get(operation="accept_partner_invitation")
    assert (line.user_id, line.partner_id, line.resource_id) == (joined.user_id, aviare.pk, joined.pk)
    sent = AuditEvent.objects.get(operation="invite_partner_member")
    assert NEW not in str(sent.arguments)


def test_opening_the_link_changes_nothing_and_looking_signs_in_first(owner: Client, client: Client) -> None:
    invite(owner)
    link = link_to()
    assert client.get(link)["Location"].startswith("/accounts/login/?next=/partner/invitations/")
    sign_in(NEW).get(link)
    assert Invitation.objects.get().accepted_at is None


def test_an_invitation_is_used_once(owner: Client, aviare: Partner) -> None:
    invite(owner)
    link, newcomer = link_to(), sign_in(NEW)
    newcomer.post(link)
    for answer in (newcomer.get(link), newcomer.post(link)):
        assert answer.status_code == 404
    services.remove(Member.objects.get(user__email=NEW), by=User.objects.get(email=DEV), now=times.now())
    assert newcomer.post(link).status_code == 404
    assert of(aviare, NEW) is None


def test_an_invitation_of_another_address_is_not_there(owner: Client, aviare: Partner) -> None:
    invite(owner)
    link, ana = link_to(), sign_in("ana@example.com")
    shown = ana.get(link)
    assert shown.status_code == 404
    assert "There is no such invitation" in said(shown)
    assert NEW not in shown.content.decode()
    assert "aviare" not in said(shown).lower()
    assert ana.post(link).status_code == 404
    assert of(aviare, "ana@example.com") is None


def test_an_invitation_is_over_after_a_week(aviare: Partner, clock: StoppedClock) -> None:
    owner = member_at(aviare)
    invite(owner)
    link = link_to()
    clock.forward(days=7)
    newcomer = sign_in(NEW)
    assert newcomer.get(link).status_code == 404
    assert newcomer.post(link).status_code == 404
    assert of(aviare, NEW) is None


def test_an_invitation_that_was_taken_back(owner: Client, aviare: Partner) -> None:
    invite(owner)
    link = link_to()
    told = owner.post(f"{TEAM}invitations/{Invitation.objects.get().pk}/withdraw", follow=True)
    assert f"The invitation of {NEW} is taken back" in said(told)
    assert sign_in(NEW).post(link).status_code == 404
    assert of(aviare, NEW) is None


def test_an_open_session_alone_does_not_accept(owner: Client, aviare: Partner) -> None:
    newcomer = sign_in(NEW)
    grown_old(newcomer)
    invite(owner)
    link = link_to()
    asked = newcomer.post(link)["Location"]
    assert asked.startswith("/accounts/confirm/")
    assert of(aviare, NEW) is None
    assert confirms(newcomer, asked)["Location"] == link
    assert newcomer.post(link)["Location"] == AT


@pytest.mark.parametrize(
    ("email", "complaint"),
    [
        (DEV, "is a member already"),
        ("NEW@aviare.example", "waits already"),
        ("nobody", "This is no e-mail address"),
        ("", "Type your e-mail address"),
    ],
)
def test_who_is_not_invited(owner: Client, aviare: Partner, email: str, complaint: str) -> None:
    factories.invitation(aviare)
    refused = invite(owner, email)
    assert refused.status_code == 422
    assert complaint in said(refused)
    assert Invitation.objects.count() == 1


def test_a_role_there_is_not(owner: Client) -> None:
    assert invite(owner, role="god").status_code == 422
    assert not Invitation.objects.exists()


def test_no_more_than_some_wait(owner: Client, aviare: Partner) -> None:
    for number in range(services.MOST_WAITING):
        factories.invitation(aviare, f"n{number}@aviare.example")
    assert "wait already" in said(invite(owner))


def test_a_role_is_changed(owner: Client, aviare: Partner) -> None:
    other = factories.member(aviare, "looks@aviare.example", Role.VIEWER)
    owner.post(f"{TEAM}{other.pk}/", {"action": "role", "role": "developer"})
    other.refresh_from_db()
    assert other.role == Role.DEVELOPER
    line = AuditEvent.objects.get(operation="change_partner_member")
    assert (line.resource_id, line.arguments) == (other.pk, {"role": "developer"})


def test_who_is_removed_loses_their_waiting_invitations_too(owner: Client, aviare: Partner) -> None:
    other = factories.member(aviare, "looks@aviare.example", Role.OWNER)
    factories.invitation(aviare, "looks@aviare.example")
    told = owner.post(f"{TEAM}{other.pk}/", {"action": "remove"}, follow=True)
    assert "looks@aviare.example is removed" in said(told)
    assert of(aviare, "looks@aviare.example") is None
    assert Invitation.objects.get().withdrawn_at is not None


@pytest.mark.parametrize("sent", [{"action": "remove"}, {"action": "role", "role": "viewer"}])
def test_the_last_owner_stays(owner: Client, aviare: Partner, sent: dict[str, str]) -> None:
    factories.member(aviare, "looks@aviare.example", Role.DEVELOPER)
    me = Member.objects.get(user__email=DEV)
    told = owner.post(f"{TEAM}{me.pk}/", sent, follow=True)
    assert "This is the last owner" in said(told)
    me.refresh_from_db()
    assert me.role == Role.OWNER


def test_one_of_two_owners_goes(owner: Client, aviare: Partner) -> None:
    factories.member(aviare, "other@aviare.example", Role.OWNER)
    me = Member.objects.get(user__email=DEV)
    owner.post(f"{TEAM}{me.pk}/", {"action": "remove"})
    assert owner.get(TEAM).status_code == 404


def test_the_team_is_of_fresh_proofs(owner: Client, aviare: Partner) -> None:
    other = factories.member(aviare, "looks@aviare.example", Role.VIEWER)
    grown_old(owner)
    for page, sent in ((INVITE, {"email": NEW, "role": "owner"}), (f"{TEAM}{other.pk}/", {"action": "remove"})):
        assert owner.post(page, sent)["Location"].startswith("/accounts/confirm/")
    assert not Invitation.objects.exists()
    assert of(aviare, "looks@aviare.example") is not None


def test_a_member_of_two_chooses(owner: Client, kestrel: Partner) -> None:
    assert owner.get("/partner/")["Location"] == AT
    factories.member(kestrel, DEV, Role.VIEWER)
    asked = owner.get("/partner/")
    assert "Which partner? Aviare as owner Kestrel as viewer" in said(asked)
    assert "Another partner" in owner.get(AT).content.decode()
    assert "Another partner" in owner.get("/partner/kestrel/").content.decode()


def test_who_was_invited_finds_it_without_the_letter(aviare: Partner) -> None:
    factories.invitation(aviare)
    asked = sign_in(NEW).get("/partner/")
    assert asked.status_code == 200
    assert "Aviare invites you, as developer" in said(asked)


def test_the_way_to_ones_company_stands_on_ones_account(owner: Client) -> None:
    assert "Your company" in owner.get("/accounts/").content.decode()
    assert "Your company" not in sign_in("ana@example.com").get("/accounts/").content.decode()


def test_a_person_is_told_and_forgotten(aviare: Partner) -> None:
    member = factories.member(aviare)
    factories.invitation(aviare, DEV)
    told = privacy.export(member.user, door="pages")["partner_memberships"]
    assert told["member_of"][0]["partner"] == "Aviare"
    assert told["invited_by"][0]["role"] == "developer"


@pytest.mark.django_db(transaction=True)
def test_a_deleted_account_is_no_member(aviare: Partner) -> None:
    member = factories.member(aviare)
    factories.invitation(aviare, DEV)
    privacy.delete(member.user, now=times.now(), door="pages")
    assert not Member.objects.exists()
    assert not Invitation.objects.filter(email=DEV).exists()


@pytest.mark.django_db(transaction=True)
def test_of_two_owners_who_remove_each_other_one_stays(aviare: Partner) -> None:
    one, other = (factories.member(aviare, f"{name}@aviare.example", Role.OWNER) for name in ("one", "other"))

    removals = [
        partial(services.remove, whom, by=by.user, now=times.now()) for whom, by in ((one, other), (other, one))
    ]
    told = together(*removals)
    assert sorted(type(one).__name__ for one in told) == ["LastOwner", "int"]
    assert Member.objects.filter(role=Role.OWNER).count() == 1


@pytest.mark.django_db(transaction=True)
def test_two_windows_accept_once(aviare: Partner) -> None:
    invited, person = factories.invitation(aviare), factories.traveler(NEW)

    told = together(*[partial(services.accept, invited.pk, user=person, now=times.now())] * 2)
    assert sorted(type(one).__name__ for one in told) == ["InvitationOver", "Member"]
    assert Member.objects.filter(user=person).count() == 1


def test_a_week_is_what_the_letter_says(aviare: Partner, clock: StoppedClock) -> None:
    owner = member_at(aviare)
    invite(owner)
    letters.post()
    body = str(mail.outbox[-1].body)
    assert f"{clock.now + timedelta(days=7):%-d %B %Y}" in body
    assert "as developer" in body
