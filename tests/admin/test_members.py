"""Staff invite a partner's first owner, and help where its last one has left. Another role sees and does none of it."""

import pytest
from django.core import mail
from django.test import Client
from django.urls import reverse

from partners.member.models import Invitation, Member, Role
from partners.partner.models import Partner
from tests import factories, letters
from tests.admin.test_roles import desk_of
from tests.office import clerk_with_app, entered

pytestmark = pytest.mark.django_db
INVITATIONS = "/admin/partners/invitation/"
MEMBERS = "/admin/partners/member/"
NEW = "boss@aviare.example"


@pytest.fixture
def office(client: Client) -> Client:
    return entered(client, clerk_with_app())


def invite(office: Client, partner: Partner, email: str = NEW, role: str = "owner", **extra: str) -> str:
    form = {"partner": str(partner.pk), "email": email, "role": role, **extra}
    return str(office.post(INVITATIONS + "add/", form, follow=True).content.decode())


def act(office: Client, page: str, action: str, row: Member | Invitation) -> str:
    sent = {"action": action, "_selected_action": str(row.pk)}
    return str(office.post(page, sent, follow=True).content.decode())


def test_the_first_owner_is_invited(office: Client, aviare: Partner) -> None:
    invite(office, aviare, "Boss@Aviare.example")
    made = Invitation.objects.get()
    assert (made.partner, made.email, made.role) == (aviare, NEW, Role.OWNER)
    letters.post()
    assert [letter.to for letter in mail.outbox] == [[NEW]]
    assert reverse("partner:invitation", args=[made.pk]) in str(mail.outbox[0].body)
    assert "b***@aviare.example" in office.get(INVITATIONS).content.decode()
    assert office.get(f"{INVITATIONS}{made.pk}/change/").status_code == 200


def test_what_is_the_houses_cannot_be_posted_along(office: Client, aviare: Partner) -> None:
    invite(office, aviare, accepted_at="2026-01-01", expires_at="2099-01-01", invited_by="")
    made = Invitation.objects.get()
    assert made.accepted_at is None
    assert (made.expires_at - made.invited_at).days == 7
    assert made.invited_by is not None


@pytest.mark.parametrize(("email", "complaint"), [("nobody", "valid email"), ("boss@m\u00fcnchen.example", "ASCII")])
def test_an_address_is_one(office: Client, aviare: Partner, email: str, complaint: str) -> None:
    assert complaint in invite(office, aviare, email)
    assert not Invitation.objects.exists()


def test_who_waits_is_not_invited_again(office: Client, aviare: Partner) -> None:
    invite(office, aviare)
    assert "waits already" in invite(office, aviare)
    assert Invitation.objects.count() == 1


def test_an_invitation_is_withdrawn(office: Client, aviare: Partner) -> None:
    made = factories.invitation(aviare)
    act(office, INVITATIONS, "withdraw", made)
    made.refresh_from_db()
    assert made.withdrawn_at is not None
    assert "over already" in act(office, INVITATIONS, "withdraw", made)


def test_an_owner_is_made_and_the_last_one_stays(office: Client, aviare: Partner) -> None:
    owner, other = factories.member(aviare), factories.member(aviare, "looks@aviare.example", Role.VIEWER)
    assert "This is the last owner" in act(office, MEMBERS, "remove", owner)
    act(office, MEMBERS, "make_owner", other)
    other.refresh_from_db()
    assert other.role == Role.OWNER
    act(office, MEMBERS, "remove", owner)
    assert list(Member.objects.all()) == [other]


@pytest.mark.parametrize("role", ["support", "finance"])
def test_other_roles_do_none_of_it(aviare: Partner, role: str) -> None:
    desk, owner, asked = desk_of(role), factories.member(aviare), factories.invitation(aviare)
    factories.member(aviare, "other@aviare.example")
    act(desk, MEMBERS, "remove", owner)
    act(desk, INVITATIONS, "withdraw", asked)
    assert (
        desk.post(INVITATIONS + "add/", {"partner": str(aviare.pk), "email": NEW, "role": "owner"}).status_code == 403
    )
    asked.refresh_from_db()
    assert (Member.objects.count(), Invitation.objects.count(), asked.withdrawn_at) == (2, 1, None)
    if role == "support":
        assert "Make the selected members owners" not in desk.get(MEMBERS).content.decode()
