"""The back office of people, partners and grants: it opens, and it shows no secret."""

import pytest
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
