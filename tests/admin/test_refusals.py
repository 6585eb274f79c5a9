"""Whatever a role has no right to is refused on the server: every page and every action there is, one by one."""

from typing import Any

import pytest
from allauth.usersessions.models import UserSession
from django.contrib import admin
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Group
from django.db.models import Model
from django.test import Client

from movmo import roles
from movmo.accounts.models import User
from movmo.operations import rights
from movmo.sandbox_vault.app import SandboxVault
from partners.oauth.models import Application
from partners.partner.models import Partner
from tests.admin import everything
from tests.admin.own_pages import MODELS, OwnPage, actions, own_pages, usual
from tests.contract.world import World
from tests.office import clerk_with_app, entered

NOT_ADMIN = [*(role for role in roles.ROLES if role != roles.ADMIN), "none"]
NOBODYS = "nobody's"
"""A superuser's, and no role's."""

PAGES: dict[str, str | dict[str, str]] = {
    "accounts_user_impersonate": rights.IMPERSONATE,
    "accounts_user_reveal": rights.REVEAL_PERSONAL,
    "auth_user_password_change": NOBODYS,
    "bookings_booking_do": {
        "resend-letter": "bookings.change_booking",
        "look-up": "bookings.change_booking",
        "review": "bookings.change_booking",
        "cancel": "bookings.cancel_booking",
    },
    "bookings_booking_reveal": rights.REVEAL_PERSONAL,
    "bookings_columnmapping_new": "bookings.add_columnmapping",
    "bookings_countersignature_decline": rights.APPROVE_WRITE_OFF,
    "bookings_countersignature_sign": rights.APPROVE_WRITE_OFF,
    "bookings_discrepancy_act": "bookings.change_discrepancy",
    "bookings_export_file": "bookings.view_export",
    "bookings_identitydocument_reveal": rights.REVEAL_PERSONAL,
    "bookings_passenger_reveal": rights.REVEAL_PERSONAL,
    "bookings_periodlock_new": rights.LOCK_PERIOD,
    "bookings_periodlock_unlock": rights.LOCK_PERIOD,
    "bookings_rules_new": "bookings.add_rules",
    "bookings_statement_act": "bookings.change_statement",
    "bookings_statement_pull": "bookings.add_statement",
    "bookings_statement_upload": "bookings.add_statement",
    "operations_auditverification_verify": rights.VERIFY_AUDIT,
}
ACTIONS = {
    "accounts.Lockout unlock": "accounts.delete_lockout",
    "bookings.Amendment let_go": "bookings.change_amendment",
    "operations.Outbox try_again": "operations.change_outbox",
    "partners.ApiKey revoke": "partners.delete_apikey",
    "partners.ApiKey rotate": "partners.add_apikey",
    "partners.Application disable": "partners.delete_application",
    "partners.Application enable": "partners.change_application",
    "partners.Connection disconnect": "partners.change_connection",
    "partners.Invitation withdraw": "partners.add_invitation",
    "partners.Member make_owner": "partners.change_member",
    "partners.Member remove": "partners.delete_member",
    "partners.WebhookDelivery redeliver": "partners.change_webhookdelivery",
}
FORM = {"reason": "the airline has explained it", "post": "yes", "what": "note"}


def desk_of(role: str) -> Client:
    clerk = clerk_with_app(f"{role}@movmo.example", is_superuser=False)
    if role != "none":
        clerk.groups.add(Group.objects.get(name=role))
    return entered(Client(), clerk)


def held(role: str) -> set[str]:
    return roles.granted(role) if role != "none" else set()


@pytest.fixture
def rows(
    world: World, the_vault: SandboxVault, ana: User, aviare: Partner, scout: Application
) -> dict[type[Model], Model]:
    clerk_with_app("other@movmo.example", is_superuser=False)
    everything.make(world, ana, aviare, scout)
    told: dict[type[Model], Model] = {model: model._default_manager.order_by("pk")[0] for model in MODELS}
    return {**told, User: ana}


def all_of_it() -> dict[str, Any]:
    """Every row of every table, but for when a session was seen last."""
    tables: list[type[Model]] = [*(model for model in MODELS if model is not UserSession), LogEntry]
    return {model._meta.label: list(model._default_manager.order_by("pk").values()) for model in tables}


def needed(page: OwnPage, word: str) -> str:
    needs = PAGES[page.name]
    return needs if isinstance(needs, str) else needs[word]


def test_every_page_and_every_action_is_known() -> None:
    assert {page.name for page in own_pages()} == set(PAGES)
    assert {f"{model._meta.label} {name}" for model, name in actions()} == set(ACTIONS)


@pytest.mark.parametrize("role", NOT_ADMIN)
def test_nothing_does_for_a_role_what_is_not_its_to_do(rows: dict[type[Model], Model], role: str) -> None:
    desk, may = desk_of(role), held(role)
    desk.get("/admin/")
    before = all_of_it()
    _press_every_page(desk, rows, may)
    _send_every_form(desk, rows, may)
    _take_every_action(desk, rows, may)
    assert all_of_it() == before


def _press_every_page(desk: Client, rows: dict[type[Model], Model], may: set[str]) -> None:
    """What is a role's to do is open to it: else this would hold for a closed office, too."""
    for page in own_pages():
        sees = f"{page.model._meta.app_label}.view_{page.model._meta.model_name}" in may
        for word, address in page.addresses(rows[page.model]).items():
            if needed(page, word) not in may:
                assert desk.post(address, FORM).status_code == 403, address
                assert desk.get(address).status_code == 403, address
            elif sees:
                assert desk.get(address).status_code != 403, address


def _send_every_form(desk: Client, rows: dict[type[Model], Model], may: set[str]) -> None:
    for model in MODELS:
        row, opts = rows[model], model._meta
        for verb, address in (
            ("add", usual(model, "add")),
            ("change", usual(model, "change", row.pk)),
            ("delete", usual(model, "delete", row.pk)),
        ):
            if f"{opts.app_label}.{verb}_{opts.model_name}" not in may:
                assert desk.post(address, FORM).status_code == 403, address


def _take_every_action(desk: Client, rows: dict[type[Model], Model], may: set[str]) -> None:
    for model, name in [*actions(), *((model, "delete_selected") for model in MODELS)]:
        opts = model._meta
        if ACTIONS.get(f"{opts.label} {name}", NOBODYS) in may:
            continue
        form = {"action": name, "_selected_action": [str(rows[model].pk)], "post": "yes", "select_across": "1"}
        answer = desk.post(usual(model, "changelist"), form)
        assert answer.status_code in ((302, 200) if f"{opts.app_label}.view_{opts.model_name}" in may else (403,)), name
        assert f'value="{name}"' not in answer.content.decode()


def test_an_action_touches_nothing_beyond_the_list_it_is_taken_on(rows: dict[type[Model], Model]) -> None:
    """A superuser, with ids that are no ids, ids of other tables, and the id of a row that the search left out."""
    desk = entered(Client(raise_request_exception=False), clerk_with_app())
    desk.get("/admin/")
    before = all_of_it()
    for model, name in actions():
        address = usual(model, "changelist")
        own = {str(key) for key in model._default_manager.values_list("pk", flat=True)}
        others = sorted({str(other.pk) for other in rows.values()} - own)
        for forged in ("zzz", "", "\0", "9" * 40, "-1", "01890000-0000-7000-8000-000000000000", others):
            answer = desk.post(address, {"action": name, "_selected_action": forged})
            assert answer.status_code < 500, (name, forged)
        if admin.site._registry[model].search_fields:
            form = {"action": name, "_selected_action": str(rows[model].pk)}
            assert desk.post(f"{address}?q=nothing", form).status_code < 500
    assert all_of_it() == before
