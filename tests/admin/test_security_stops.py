"""Security stops keys, applications and members, and gives nobody anything: neither by a form nor by an action."""

from datetime import timedelta
from typing import Any

import pytest
from django.db.models import Model
from django.test import Client

from movmo import roles
from movmo.kit import clock
from partners.api_key.models import ApiKey
from partners.member.models import Member, Role
from partners.oauth.models import Application
from partners.partner.models import Partner
from tests import factories
from tests.admin.test_roles import address_of, desk_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def desk() -> Client:
    return desk_of(roles.SECURITY)


@pytest.fixture
def key(aviare: Partner) -> ApiKey:
    factories.api_key(aviare)
    ApiKey.objects.update(expires_at=clock.now() + timedelta(days=1))
    return ApiKey.objects.get()


@pytest.fixture
def viewer(aviare: Partner) -> Member:
    factories.member(aviare)
    return factories.member(aviare, "looks@aviare.example", Role.VIEWER)


def row_of(row: Model) -> Any:
    return type(row)._default_manager.filter(pk=row.pk).values().get()


def take(desk: Client, action: str, row: Model) -> str:
    form = {"action": action, "_selected_action": str(row.pk)}
    return str(desk.post(address_of(type(row)), form, follow=True).content.decode())


def refused(desk: Client, row: Model, form: dict[str, Any]) -> None:
    """Every form of the row, with what somebody would have of it."""
    before = row_of(row)
    for page, sent in (("change", form), ("delete", {"post": "yes"})):
        assert desk.post(address_of(type(row), page, row.pk), sent).status_code == 403
    assert desk.post(address_of(type(row), "add"), form).status_code == 403
    shown = desk.get(address_of(type(row), "change", row.pk))
    assert shown.status_code == 200
    assert 'name="_save"' not in shown.content.decode()
    assert row_of(row) == before


def test_an_application_is_read_and_not_written(desk: Client, scout: Application, kestrel: Partner) -> None:
    elsewhere = {
        "name": "scout",
        "partner": str(kestrel.pk),
        "authorization_grant_type": "authorization-code",
        "redirect_uris": "https://thief.example/callback",
        "tool_limits": "",
    }
    refused(desk, scout, elsewhere)
    page = desk.get(address_of(Application, "change", scout.pk)).content.decode()
    assert scout.redirect_uris.split()[0] in page
    assert 'name="redirect_uris"' not in page
    assert "Is limited" not in page


def test_an_application_is_disabled_and_not_enabled(desk: Client, scout: Application) -> None:
    assert 'value="enable"' not in take(desk, "disable", scout)
    scout.refresh_from_db()
    assert scout.disabled_at is not None
    take(desk, "enable", scout)
    scout.refresh_from_db()
    assert scout.disabled_at is not None
    take(desk_of(roles.PARTNERSHIPS), "enable", scout)
    scout.refresh_from_db()
    assert scout.disabled_at is None


def test_a_key_is_read_and_not_prolonged(desk: Client, key: ApiKey) -> None:
    later = clock.now() + timedelta(days=900)
    ends = {"expires_at_0": f"{later:%Y-%m-%d}", "expires_at_1": f"{later:%H:%M:%S}", "expires_at": f"{later:%Y-%m-%d}"}
    refused(desk, key, {"name": "mine", **ends})
    assert key.name in desk.get(address_of(ApiKey, "change", key.pk)).content.decode()


def test_a_key_is_revoked_and_not_rotated(desk: Client, key: ApiKey) -> None:
    take(desk, "rotate", key)
    assert list(ApiKey.objects.values()) == [row_of(key)]
    assert ApiKey.objects.get().replaced_by is None
    take(desk, "revoke", key)
    key.refresh_from_db()
    assert key.revoked_at is not None


def test_a_member_is_removed_and_not_made_an_owner(desk: Client, viewer: Member) -> None:
    refused(desk, viewer, {"role": Role.OWNER, "user": str(viewer.user_id), "partner": str(viewer.partner_id)})
    page = take(desk, "make_owner", viewer)
    assert 'value="make_owner"' not in page
    viewer.refresh_from_db()
    assert viewer.role == Role.VIEWER
    take(desk, "remove", viewer)
    assert not Member.objects.filter(pk=viewer.pk).exists()


@pytest.mark.parametrize("action", ["delete_selected", "disable", "revoke", "remove"])
def test_to_stop_is_not_to_delete(desk: Client, scout: Application, key: ApiKey, viewer: Member, action: str) -> None:
    """The right is called `delete`, and Django would take it at its word."""
    for row in (scout, key, viewer):
        form = {"action": action, "_selected_action": str(row.pk), "post": "yes"}
        desk.post(address_of(type(row)), form)
    assert Application.objects.filter(pk=scout.pk).exists()
    assert ApiKey.objects.filter(pk=key.pk).exists()
    assert Member.objects.filter(pk=viewer.pk).exists() == (action != "remove")


@pytest.mark.parametrize("role", [roles.SUPPORT, roles.FINANCE])
def test_who_has_no_part_in_it_stops_nothing(scout: Application, key: ApiKey, viewer: Member, role: str) -> None:
    other = desk_of(role)
    for action, row in (("disable", scout), ("revoke", key), ("remove", viewer)):
        before = row_of(row)
        take(other, action, row)
        assert row_of(row) == before


def test_partnerships_still_stop_and_give(scout: Application, key: ApiKey, viewer: Member) -> None:
    partnerships = desk_of(roles.PARTNERSHIPS)
    take(partnerships, "make_owner", viewer)
    viewer.refresh_from_db()
    assert viewer.role == Role.OWNER
    for action, row in (("disable", scout), ("revoke", key), ("remove", viewer)):
        take(partnerships, action, row)
    assert Application.objects.get(pk=scout.pk).disabled_at is not None
    assert ApiKey.objects.get(pk=key.pk).revoked_at is not None
    assert not Member.objects.filter(pk=viewer.pk).exists()
