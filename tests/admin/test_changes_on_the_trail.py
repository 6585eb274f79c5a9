"""Whatever staff change by a form or an action stands in the audit trail, without what was written there."""

import pytest
from django.contrib import admin
from django.contrib.auth.models import Group
from django.test import Client

from movmo.accounts.models import User
from movmo.operations.models import AuditEvent
from movmo.operations.trail.office import OnTheTrail
from partners.api_key.models import ApiKey
from partners.partner.models import Partner
from tests import factories
from tests.office import clerk_with_app, entered


@pytest.mark.parametrize("table", admin.site._registry.values(), ids=str)
def test_every_table_is_on_the_trail(table: admin.ModelAdmin) -> None:  # type: ignore[type-arg]
    assert isinstance(table, OnTheTrail)


@pytest.fixture
def chief(db: None) -> User:
    return clerk_with_app()


@pytest.fixture
def office(chief: User) -> Client:
    return entered(Client(), chief)


def lines() -> list[tuple[str, object]]:
    told = AuditEvent.objects.filter(operation__startswith="office_").order_by("id")
    return [(one.operation, one.arguments) for one in told]


def test_a_key_that_is_rotated_and_revoked(office: Client, chief: User, aviare: Partner) -> None:
    factories.api_key(aviare)
    key = ApiKey.objects.get()
    keys = "/admin/partners/apikey/"
    office.post(keys, {"action": "rotate", "_selected_action": [str(key.pk)]})
    office.post(keys, {"action": "revoke", "_selected_action": [str(key.pk)]})
    assert [what for what, _ in lines()] == ["office_change", "office_add", "office_change"]
    assert lines()[-1] == ("office_change", {"table": "partners.apikey", "row": str(key.pk), "said": "Revoked."})
    last = AuditEvent.objects.filter(operation="office_change").latest("id")
    assert (last.user_id, last.door, last.code, last.resource_id) == (chief.pk, "office", "done", key.pk)


def test_a_person_who_is_given_a_role(office: Client, ana: User) -> None:
    """The names of what was changed, never the address that was typed."""
    form = {
        "email": "quokka@example.com",
        "is_active": "on",
        "is_staff": "on",
        "groups": [str(Group.objects.get(name="support").pk)],
    }
    answer = office.post(f"/admin/accounts/user/{ana.pk}/change/", form)
    assert answer.status_code == 302, answer.context["errors"]
    said = "staff: no → yes; roles: none → support; changed too: email"
    assert lines() == [("office_change", {"table": "accounts.user", "row": str(ana.pk), "said": said})]


def test_a_form_tells_which_fields(office: Client, aviare: Partner) -> None:
    url = f"/admin/partners/partner/{aviare.pk}/change/"
    form = {name: value for name, value in office.get(url).context["adminform"].form.initial.items() if value}
    no_rows = {f"checkout_origins-{name}_FORMS": "0" for name in ("TOTAL", "INITIAL")}
    answer = office.post(url, {**form, **no_rows, "name": "Aviare and daughters"})
    assert answer.status_code == 302, answer.context["errors"]
    ((what, about),) = lines()
    assert (what, about) == ("office_change", {"table": "partners.partner", "row": str(aviare.pk), "fields": ["Name"]})
