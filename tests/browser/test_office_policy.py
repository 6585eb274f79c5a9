"""The back office works under its content policy: every page, and what its scripts do there."""

from collections.abc import Iterator

import pytest
from django.db.models import Model
from django.test import Client
from django.urls import reverse
from playwright.sync_api import Page

from tests.admin.test_pages import MADE_BY_STAFF, MODELS
from tests.browser.conftest import NewTab
from tests.browser.marks import LOOKED_AT_ONCE
from tests.browser.tab import Tab
from tests.contract.world import World
from tests.office import clerk_with_app, entered

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True), LOOKED_AT_ONCE]


@pytest.fixture
def office(new_tab: NewTab, world: World) -> Tab:
    world.booking()
    tab = new_tab()
    client = entered(Client(), clerk_with_app())
    tab.keep_cookie("sessionid", client.cookies["sessionid"].value)
    return tab


def _address(model: type[Model], page: str, *args: object) -> str:
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_{page}", args=args)


def test_every_page_keeps_to_the_policy(office: Tab) -> None:
    for address in _addresses():
        assert office.open(address) == 200, address
        office.evaluate("() => new Promise(done => requestIdleCallback(done))")  # scripts that come late are judged too


def _addresses() -> Iterator[str]:
    yield "/admin/"
    for model in MODELS:
        yield _address(model, "changelist")
        if model in MADE_BY_STAFF:
            yield _address(model, "add")
        row = model._default_manager.all().first()
        if row is not None:
            yield _address(model, "change", row.pk)
            yield _address(model, "history", row.pk)


def test_its_scripts_work(office: Tab) -> None:
    office.open("/admin/accounts/user/")

    def filters(page: Page) -> bool:
        panel = page.get_by_text("By staff status")
        assert not panel.is_visible()
        page.get_by_text("Filters").first.click()
        panel.wait_for(state="visible")
        page.wait_for_load_state("networkidle")
        return True

    assert office.do(filters)
