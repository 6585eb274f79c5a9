"""Each role sees its lists and nothing else; what it may not do is refused by the server."""

from typing import Any

import pytest
from django.contrib import admin
from django.contrib.auth.models import Group, Permission
from django.core.management.sql import emit_post_migrate_signal
from django.db.models import Model
from django.test import Client
from django.urls import reverse

from bookings.booking.models import Booking
from movmo import roles
from movmo.accounts.models import Lockout, User
from movmo.accounts.office import lockout
from movmo.operations import rights
from partners.api_key.models import ApiKey
from partners.partner.models import Partner
from tests import factories
from tests.contract.world import World
from tests.office import clerk_with_app, entered

MODELS = sorted(admin.site._registry, key=lambda model: model._meta.label)
NOT_ADMIN = [role for role in roles.ROLES if role != roles.ADMIN]


def clerk_in(role: str, email: str = "clerk@movmo.example") -> User:
    clerk = clerk_with_app(email, is_superuser=False)
    clerk.groups.add(Group.objects.get(name=role))
    return clerk


def desk_of(role: str) -> Client:
    return entered(Client(), clerk_in(role, f"{role}@movmo.example"))


def address_of(model: type[Model], page: str = "changelist", *args: Any) -> str:
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_{page}", args=args)


def permissions_of(role: str) -> set[str]:
    rows = Permission.objects.filter(group__name=role).values_list("content_type__app_label", "codename")
    return {f"{app}.{codename}" for app, codename in rows}


def migrated() -> None:
    """What `migrate` says at its end."""
    emit_post_migrate_signal(verbosity=0, interactive=False, db="default")


def test_there_are_five_groups(db: None) -> None:
    names = set(Group.objects.values_list("name", flat=True))
    assert names == {"support", "finance", "partnerships", "security", "admin"}


def test_what_the_table_names_exists(db: None) -> None:
    rows = Permission.objects.values_list("content_type__app_label", "codename")
    known = {f"{app}.{codename}" for app, codename in rows}
    assert roles.granted(roles.ADMIN) - known == set()
    named = {role for verbs in roles.LISTS.values() for role in verbs}
    named |= {role for holders in roles.RIGHTS.values() for role in holders}
    assert named <= set(roles.ROLES)


def test_every_right_is_somebodys(db: None) -> None:
    assert set(roles.RIGHTS) >= set(rights.IN_WORDS)
    assert all(roles.RIGHTS.values())


@pytest.mark.parametrize("role", NOT_ADMIN)
def test_a_group_holds_what_its_role_says_and_nothing_else(db: None, role: str) -> None:
    assert permissions_of(role) == roles.granted(role)


@pytest.mark.parametrize("role", NOT_ADMIN)
def test_a_role_sees_its_lists_and_no_others(db: None, role: str) -> None:
    desk, seen = desk_of(role), roles.granted(role)
    index = desk.get("/admin/").content.decode()
    for model in MODELS:
        meta, page = model._meta, address_of(model)
        may = f"{meta.app_label}.view_{meta.model_name}" in seen
        assert desk.get(page).status_code == (200 if may else 403), page
        assert (f'href="{page}"' in index) == may, page


def test_the_admin_sees_every_list(db: None) -> None:
    desk = desk_of(roles.ADMIN)
    index = desk.get("/admin/").content.decode()
    for model in MODELS:
        assert desk.get(address_of(model)).status_code == 200, model
        assert f'href="{address_of(model)}"' in index


def test_the_admin_may_what_the_others_may(db: None) -> None:
    held = permissions_of(roles.ADMIN)
    assert all(permissions_of(role) <= held for role in NOT_ADMIN)
    assert not User.objects.filter(is_superuser=True).exists()


def test_a_clerk_without_a_role_sees_no_list(db: None) -> None:
    desk = entered(Client(), clerk_with_app("new@movmo.example", is_superuser=False))
    assert desk.get("/admin/").status_code == 200
    assert [model for model in MODELS if desk.get(address_of(model)).status_code != 403] == []


@pytest.mark.parametrize(
    ("role", "made"),
    [("support", False), ("finance", False), ("partnerships", True), ("security", False), ("admin", True)],
)
def test_who_may_make_a_key(aviare: Partner, role: str, made: bool) -> None:
    desk = desk_of(role)
    form = {"partner": str(aviare.pk), "name": "back end", "mode": "test"}
    assert desk.post("/admin/partners/apikey/add/", form).status_code == (200 if made else 403)
    assert ApiKey.objects.exists() == made


@pytest.mark.parametrize(
    ("role", "revoked"),
    [("support", False), ("finance", False), ("partnerships", True), ("security", True), ("admin", True)],
)
def test_who_may_revoke_a_key(aviare: Partner, role: str, revoked: bool) -> None:
    factories.api_key(aviare)
    key = ApiKey.objects.get()
    desk_of(role).post("/admin/partners/apikey/", {"action": "revoke", "_selected_action": [str(key.pk)]})
    key.refresh_from_db()
    assert (key.revoked_at is not None) == revoked


@pytest.mark.parametrize(
    ("role", "unlocked"),
    [("support", False), ("finance", False), ("partnerships", False), ("security", True), ("admin", True)],
)
def test_who_may_unlock(ops: User, role: str, unlocked: bool) -> None:
    row = Lockout.objects.create(account=lockout.name_of(ops, lockout.Way.PASSWORD), failures=10)
    desk_of(role).post("/admin/accounts/lockout/", {"action": "unlock", "_selected_action": [row.pk]})
    assert Lockout.objects.exists() != unlocked


@pytest.mark.parametrize("role", ["partnerships", "security"])
def test_a_booking_is_shown_to_nobody_who_does_not_need_it(world: World, role: str) -> None:
    booking = world.booking()
    desk = desk_of(role)
    assert desk.get(address_of(Booking, "change", booking.booking_id)).status_code == 403
    assert desk.get(address_of(Booking, "history", booking.booking_id)).status_code == 403


@pytest.mark.parametrize("role", roles.ROLES)
def test_a_role_is_not_changed_in_the_office(db: None, role: str) -> None:
    desk, group = desk_of(role), Group.objects.get(name="support")
    held = permissions_of("support")
    form = {"name": "support", "permissions": [Permission.objects.all()[0].pk]}
    assert desk.post(address_of(Group, "change", group.pk), form).status_code == 403
    assert desk.post(address_of(Group, "add"), {"name": "chiefs"}).status_code == 403
    assert desk.post(address_of(Group, "delete", group.pk), {"post": "yes"}).status_code == 403
    assert permissions_of("support") == held


@pytest.mark.parametrize("role", roles.ROLES)
def test_nobody_gives_roles_but_a_superuser(db: None, role: str) -> None:
    clerk = clerk_in(role)
    form = {
        "email": clerk.email,
        "is_active": "on",
        "is_superuser": "on",
        "groups": [Group.objects.get(name="admin").pk],
    }
    entered(Client(), clerk).post(address_of(User, "change", clerk.pk), form)
    clerk.refresh_from_db()
    assert (clerk.is_superuser, [group.name for group in clerk.groups.all()]) == (False, [role])


def test_a_superuser_gives_a_role(ops: User) -> None:
    form = {"email": ops.email, "is_active": "on", "is_staff": "on", "groups": [Group.objects.get(name="finance").pk]}
    chief = entered(Client(), clerk_with_app())
    assert chief.post(address_of(User, "change", ops.pk), form).status_code == 302
    assert User.objects.get(pk=ops.pk).has_perm(rights.APPROVE_WRITE_OFF)


def test_migrating_brings_the_groups_in_line_again(db: None) -> None:
    support = Group.objects.get(name="support")
    support.permissions.add(Permission.objects.get(codename="view_auditevent"))
    support.permissions.remove(Permission.objects.get(codename="view_booking"))
    Group.objects.create(name="friends of the chief")
    Group.objects.get(name="finance").delete()
    migrated()
    assert {group.name for group in Group.objects.all()} == set(roles.ROLES)
    assert permissions_of("support") == roles.granted("support")
    assert permissions_of("finance") == roles.granted("finance")


def test_whoever_has_a_role_keeps_it_when_the_groups_are_brought_in_line(db: None) -> None:
    clerk = clerk_in("finance")
    migrated()
    assert [group.name for group in clerk.groups.all()] == ["finance"]


@pytest.mark.parametrize("role", ["security", "admin"])
def test_nobody_comes_in_as_a_traveler_by_their_address_or_a_password(ana: User, role: str) -> None:
    desk, page = desk_of(role), address_of(User, "change", ana.pk)
    assert desk.post(page, {"email": "mine@movmo.example", "first_name": "Ana"}).status_code == 302
    password = {"usable_password": "true", "password1": "seven bags at gate b", "password2": "seven bags at gate b"}
    assert desk.post(f"/admin/accounts/user/{ana.pk}/password/", password).status_code == 403
    ana.refresh_from_db()
    assert (ana.email, ana.is_active, ana.has_usable_password()) == ("ana@example.com", False, False)
