"""Whatever stands in an address of the back office or in what is sent to one, its answer is a page, and no crash."""

from typing import Any

import pytest
from django.contrib import admin
from django.db.models import Model
from django.test import Client
from django.urls import NoReverseMatch

from movmo.accounts.models import User
from movmo.sandbox_vault.app import SandboxVault
from partners.oauth.models import Application
from partners.partner.models import Partner
from tests.admin import everything
from tests.admin.own_pages import MODELS, OwnPage, own_pages, usual
from tests.contract.world import World
from tests.office import clerk_with_app, entered

NONSENSE = ["zzz", "9" * 40, "a\0b"]
OF_EVERY_LIST = ("q", "p", "o", "e", "all", "_facets", "_popup", "_to_field", "_changelist_filters", "no_such_field")


@pytest.fixture
def office(world: World, the_vault: SandboxVault, ana: User, aviare: Partner, scout: Application) -> Client:
    everything.make(world, ana, aviare, scout)
    return entered(Client(raise_request_exception=False), clerk_with_app())


def _filters(model: type[Model]) -> set[str]:
    names: set[str] = set()
    table: Any = admin.site._registry[model]
    for one in table.list_filter:
        if isinstance(one, str):
            names |= {f"{one}__exact", f"{one}__isnull"}
        else:
            names.add(one.parameter_name)
    return names


def _of_a_form(office: Client, model: type[Model]) -> set[str]:
    """What its form may be begun with."""
    answer = office.get(usual(model, "add"))
    return set(answer.context["adminform"].form.fields) if answer.status_code == 200 else set()


def _spoilt(page: OwnPage, word: str) -> list[str]:
    try:
        return [page.spoilt(word)]
    except NoReverseMatch:  # no such address can be
        return []


def _crashed(office: Client, address: str, **asked: Any) -> bool:
    return office.get(address, asked).status_code >= 500


@pytest.mark.parametrize("word", NONSENSE)
def test_no_parameter_breaks_a_page(office: Client, word: str) -> None:
    crashed = []
    for model in MODELS:
        lists, begun = usual(model, "changelist"), _of_a_form(office, model)
        # One by one: the first that is refused leads away from the page.
        crashed += [
            f"{lists} {name}" for name in (*OF_EVERY_LIST, *_filters(model)) if _crashed(office, lists, **{name: word})
        ]
        if begun and _crashed(office, usual(model, "add"), **dict.fromkeys(begun, word)):
            crashed.append(usual(model, "add"))
    for page in own_pages():
        row = page.model._default_manager.all()[0]
        for address in page.addresses(row).values():
            if _crashed(office, address, **dict.fromkeys(("token", "next", "page", "quote", "s"), word)):
                crashed.append(address)
    for name in ("page", "s"):
        if _crashed(office, "/admin/search/", **{"s": "booking", "extended": "1", name: word}):
            crashed.append(f"search {name}")
    assert crashed == []


@pytest.mark.parametrize("word", NONSENSE)
def test_no_id_and_no_form_breaks_a_page(office: Client, word: str) -> None:
    crashed = []
    for model in MODELS:
        crashed += [page for page in ("change", "delete", "history") if _crashed(office, usual(model, page, word))]
    for page in own_pages():
        row = page.model._default_manager.all()[0]
        for address in (*page.addresses(row).values(), *_spoilt(page, word)):
            form = dict.fromkeys(("reason", "quote", "provider", "starts_on", "ends_on", "document", "usable"), word)
            if office.post(address, form).status_code >= 500:
                crashed.append(address)
    assert crashed == []


def test_a_form_that_is_begun_with_what_is_no_time_opens(client: Client, db: None) -> None:
    desk = entered(client, clerk_with_app())
    assert desk.get("/admin/partners/apikey/add/", {"expires_at": "zzz"}).status_code == 200


@pytest.mark.parametrize("page", ["zzz", "0", "-1", "2", "1.5", "9" * 5_000, "٣"])
def test_a_page_of_the_search_that_is_not_there_is_not_found(client: Client, db: None, page: str) -> None:
    desk = entered(client, clerk_with_app())
    assert desk.get("/admin/search/", {"s": "booking", "extended": "1", "page": page}).status_code == 404


def test_lists_are_found_by_what_the_sidebar_calls_them(client: Client, db: None) -> None:
    desk = entered(client, clerk_with_app())
    for typed, told in (("lock-o", "Lock-outs"), ("authorization c", "Authorization codes"), ("to be sent", "People")):
        assert told in desk.get("/admin/search/", {"s": typed, "extended": "1"}).content.decode()


def test_a_list_is_called_as_in_the_sidebar_wherever_it_is_named(client: Client, db: None) -> None:
    page = entered(client, clerk_with_app()).get("/admin/accounts/pendingletter/").content.decode()
    assert "Letters to be sent | Movmo</title>" in page
    assert "Pending letters" not in page
