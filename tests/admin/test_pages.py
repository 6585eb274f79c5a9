"""Every page of the back office opens for the admin, and none shows a secret or what is private about a passenger."""

from typing import Any

import pytest
from django.contrib import admin
from django.db.models import Model
from django.test import Client
from django.urls import reverse
from unfold.admin import ModelAdmin

from bookings.export.models import Export
from movmo.accounts.models import User
from movmo.sandbox_vault.app import SandboxVault
from partners.api_key.models import ApiKey
from partners.member.models import Invitation
from partners.oauth.models import Application
from partners.partner.models import Partner
from tests.admin import everything
from tests.contract.world import World
from tests.office import PASSWORD, clerk_with_app, entered

MODELS = sorted(admin.site._registry, key=lambda model: model._meta.label)
MADE_BY_STAFF = {User, Export, Partner, ApiKey, Application, Invitation, Partner._meta.get_field("plan").related_model}
NEVER_DELETED = {User, Partner, ApiKey, Application, Invitation}


@pytest.fixture
def office(client: Client, db: None) -> Client:
    return entered(client, clerk_with_app())


@pytest.fixture
def secrets(world: World, the_vault: SandboxVault, ana: User, aviare: Partner, scout: Application) -> list[str]:
    """A row of every model is there; the texts that no page may show."""
    return everything.make(world, ana, aviare, scout)


def _address(model: type[Model], page: str, *args: Any) -> str:
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_{page}", args=args)


def _read(office: Client, address: str, secrets: list[str]) -> None:
    answer = office.get(address)
    assert answer.status_code == 200, address
    page = answer.content.decode()
    shown = [secret for secret in secrets if secret in page]
    assert not shown, f"{address} shows {shown}"


def test_every_model_wears_the_theme() -> None:
    plain = [model for model, shown in admin.site._registry.items() if not isinstance(shown, ModelAdmin)]
    assert plain == []


def test_every_list_and_every_record_opens_and_tells_no_secret(office: Client, secrets: list[str]) -> None:
    for model in MODELS:
        rows = list(model._default_manager.all()[:2])
        assert rows, f"no row of {model._meta.label} was made"
        _read(office, _address(model, "changelist"), secrets)
        _read(office, _address(model, "changelist") + "?q=nothing", secrets)
        for row in rows:
            _read(office, _address(model, "change", row.pk), secrets)
            _read(office, _address(model, "history", row.pk), secrets)


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model._meta.model_name)
def test_staff_add_only_what_is_theirs_to_add(office: Client, model: type[Model]) -> None:
    assert office.get(_address(model, "add")).status_code == (200 if model in MADE_BY_STAFF else 403)


def test_what_services_write_is_read_only(office: Client, secrets: list[str]) -> None:
    for model in set(MODELS) - MADE_BY_STAFF:
        row = model._default_manager.all()[0]
        assert office.post(_address(model, "change", row.pk), {}).status_code == 403, model
        assert office.post(_address(model, "delete", row.pk), {"post": "yes"}).status_code == 403, model


def test_what_the_trail_names_is_not_deleted(office: Client, secrets: list[str]) -> None:
    for model in NEVER_DELETED:
        row = model._default_manager.all()[0]
        assert office.post(_address(model, "delete", row.pk), {"post": "yes"}).status_code == 403, model


def test_the_sidebar_leads_to_every_list(office: Client) -> None:
    index = office.get("/admin/").content.decode()
    assert [model for model in MODELS if f'href="{_address(model, "changelist")}"' not in index] == []
    titles = ("Bookings", "Reconciliation", "Partners", "People", "Events", "Exports", "Audit", "Sandbox airline")
    assert [title for title in titles if title not in index] == []


def test_the_secret_of_a_confidential_client_is_shown_once(office: Client, aviare: Partner) -> None:
    form = {
        "name": "Aviare back end",
        "partner": str(aviare.pk),
        "client_type": Application.CLIENT_CONFIDENTIAL,
        "authorization_grant_type": Application.GRANT_AUTHORIZATION_CODE,
        "redirect_uris": "https://aviare.example/callback",
    }
    made = office.post("/admin/partners/application/add/", form, follow=True).content.decode()
    secret = made.split('id="secret"')[1].split('value="')[1].split('"')[0]
    assert len(secret) == 43
    client = Application.objects.get()
    assert client.client_secret != secret
    assert secret not in office.get(_address(Application, "change", client.pk)).content.decode()


def test_a_clerk_who_opens_the_sign_in_page_itself_comes_to_the_back_office(client: Client, db: None) -> None:
    chief = clerk_with_app()
    page = client.get("/admin/login/").content.decode()
    assert '<input type="hidden" name="next" value="/admin/" form="login-form">' in page
    form = {"username": chief.email, "password": PASSWORD, "next": "/admin/"}
    assert client.post("/admin/login/", form).headers["Location"] == "/admin/"
