"""The back office of people, partners and grants: it opens, and it shows no secret."""

import pytest
from django.contrib.auth.models import Permission
from django.test import Client
from oauth2_provider.models import AccessToken

from movmo.accounts.models import User
from partners.oauth.models import Application
from partners.partner.models import Partner
from tests import factories
from tests.office import clerk_with_app, entered

PAGES = [
    "accounts/user",
    "partners/partner",
    "partners/usageplan",
    "partners/apikey",
    "partners/application",
    "oauth2_provider/accesstoken",
    "oauth2_provider/refreshtoken",
    "oauth2_provider/grant",
    "oauth2_provider/idtoken",
]


@pytest.fixture
def office(client: Client, db: None) -> Client:
    return entered(client, clerk_with_app())


@pytest.mark.parametrize("page", PAGES)
def test_every_list_opens(office: Client, ana: User, aviare: Partner, page: str) -> None:
    factories.token(ana, ["flights:read"])
    factories.api_key(aviare)
    assert office.get(f"/admin/{page}/").status_code == 200


@pytest.mark.parametrize("page", ["accounts/user", "partners/partner", "partners/apikey", "partners/application"])
def test_what_staff_make_can_be_made(office: Client, page: str) -> None:
    assert office.get(f"/admin/{page}/add/").status_code == 200


def test_a_token_can_be_looked_up_but_not_read_or_changed(office: Client, ana: User, scout: Application) -> None:
    factories.token(ana, ["flights:read"])
    row = AccessToken.objects.get()
    page = office.get(f"/admin/oauth2_provider/accesstoken/{row.pk}/change/")
    assert page.status_code == 200
    assert row.token_checksum not in page.content.decode()
    assert office.post(f"/admin/oauth2_provider/accesstoken/{row.pk}/change/", {"scope": "x"}).status_code == 403


def test_a_clerk_is_added_without_a_username(office: Client) -> None:
    form = {
        "email": "Ops@movmo.example",
        "usable_password": "true",
        "password1": "p4ss phrase!",
        "password2": "p4ss phrase!",
    }
    assert office.post("/admin/accounts/user/add/", form).status_code == 302
    assert User.objects.filter(email__iexact="ops@movmo.example").exists()


@pytest.mark.parametrize("password", ["short", "password1234", "ops@movmo.example"])
def test_a_password_that_others_guess_is_refused(office: Client, ops: User, password: str) -> None:
    before = User.objects.get(pk=ops.pk).password
    form = {"usable_password": "true", "password1": password, "password2": password}
    assert office.post(f"/admin/accounts/user/{ops.pk}/password/", form).status_code == 200
    assert User.objects.get(pk=ops.pk).password == before
    form |= {"password1": "seven bags at gate b", "password2": "seven bags at gate b"}
    assert office.post(f"/admin/accounts/user/{ops.pk}/password/", form).status_code == 302
    assert User.objects.get(pk=ops.pk).check_password("seven bags at gate b")


@pytest.fixture
def desk(db: None) -> Client:
    """Of a clerk who may change people and is no superuser."""
    clerk = clerk_with_app("desk@movmo.example", is_superuser=False)
    clerk.user_permissions.set(Permission.objects.filter(codename__in=("view_user", "change_user", "add_user")))
    return entered(Client(), clerk)


def test_a_clerk_makes_nobody_staff(desk: Client, ana: User) -> None:
    page = f"/admin/accounts/user/{ana.pk}/change/"
    wanted = {"email": ana.email, "first_name": "Ana", "is_active": "on", "is_staff": "on", "is_superuser": "on"}
    assert desk.post(page, wanted).status_code == 302
    ana.refresh_from_db()
    assert (ana.first_name, ana.is_staff, ana.is_superuser) == ("Ana", False, False)


@pytest.mark.parametrize("whose", ["chief@movmo.example", "desk@movmo.example"])
def test_a_clerk_does_not_become_another(desk: Client, whose: str) -> None:
    clerk_with_app("chief@movmo.example")
    other = User.objects.get(email=whose)
    page = f"/admin/accounts/user/{other.pk}"
    assert desk.get(f"{page}/change/").status_code == 200
    assert desk.post(f"{page}/change/", {"email": "mine@movmo.example", "is_superuser": "on"}).status_code == 403
    password = {"usable_password": "true", "password1": "seven bags at gate b", "password2": "seven bags at gate b"}
    assert desk.post(f"{page}/password/", password).status_code == 403
    unchanged = User.objects.get(pk=other.pk)
    assert (unchanged.email, unchanged.is_superuser, unchanged.password) == (whose, other.is_superuser, other.password)
