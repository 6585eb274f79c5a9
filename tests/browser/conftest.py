"""A browser on the real application. Where no browser is installed its tests are skipped, and say so."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Protocol

import httpx2
import pytest
from django.core.cache import cache
from django.db import connection
from django.test import Client, override_settings

from bookings.payment_method.vaults import registry
from mcp_server.asgi import McpDoor
from movmo.accounts.models import User
from movmo.asgi import Application
from movmo.demo.shop import place
from movmo.headers import Stamped
from movmo.sandbox_vault.app import SandboxVault
from movmo.wsgi import application as pages_and_rest
from partners import authentication
from partners.oauth.models import Application as OAuthClient
from partners.partner.models import Partner
from tests import factories
from tests.browser import chromium
from tests.browser.agent import Agent, listening
from tests.browser.buyer import Buyer
from tests.browser.chromium import Chromium
from tests.browser.reading import OFFICE, complaints, unreachable
from tests.browser.tab import Tab
from tests.live import live_server


class NewTab(Protocol):
    def __call__(self, *, signed_in: User | None = None, origin: str | None = None) -> Tab: ...


class LooksRight(Protocol):
    def __call__(self, tab: Tab, name: str, *, reopened: bool = False) -> None: ...


class StepLooksRight(Protocol):
    def __call__(self, buyer: Buyer, name: str) -> None: ...


class NewBuyer(Protocol):
    def __call__(self, **chosen: str) -> Buyer: ...


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--screenshots", metavar="FOLDER", help="keep a picture of every page that a browser looks at")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """What LOOKED_AT_ONCE marks is looked at beside SQLite."""
    again = {one for one in items if one.get_closest_marker("looked_at_once")}
    if again and connection.vendor == "postgresql":
        config.hook.pytest_deselected(items=again)
        items[:] = [one for one in items if one not in again]


@pytest.fixture(scope="session")
def served_at(django_db_setup: None) -> Iterator[str]:
    """The whole application, made anew: another module may be serving the process's own at the same time.

    No thread of it writes the usage book: between tests, when a page may still be asking for something, there is no
    database to write to.
    """
    with override_settings(MOVMO_USAGE_SECONDS=0):
        application = Stamped(Application(mcp=McpDoor(authentication), wsgi=pages_and_rest))
        with live_server(application) as origin:
            yield origin


@pytest.fixture(scope="session")
def browser(request: pytest.FixtureRequest) -> Iterator[Chromium]:
    executable = chromium.find()
    if executable is None:
        pytest.skip("browser: no Chromium on PATH")
    opened = Chromium(executable, served_at=request.getfixturevalue("served_at"))
    yield opened
    opened.close()


@pytest.fixture
def new_tab(browser: Chromium, transactional_db: None) -> Iterator[NewTab]:
    """Opens tabs, each with cookies of its own; in the end nothing may have gone wrong in any of them."""
    cache.clear()
    tabs: list[Tab] = []

    def open_tab(*, signed_in: User | None = None, origin: str | None = None) -> Tab:
        tabs.append(Tab(browser, origin=origin))
        if signed_in is not None:
            tabs[-1].keep_cookie("sessionid", session_of(signed_in))
        return tabs[-1]

    yield open_tab
    for tab in tabs:
        tab.close()
    assert sorted({fault for tab in tabs for fault in tab.faults}) == []


@pytest.fixture
def tab(new_tab: NewTab) -> Tab:
    return new_tab()


@pytest.fixture
def anas_tab(new_tab: NewTab, ana: User) -> Tab:
    return new_tab(signed_in=ana)


@pytest.fixture
def buyer(settings: Any, new_tab: NewTab, the_vault: SandboxVault, aviare: Partner) -> NewBuyer:
    """Somebody in the demo's shop, whose partner is aviare. What is chosen goes into the shop's address."""
    vault = registry.current()
    assert vault is not None
    settings.MOVMO_VAULTS = [{"name": "sandbox", "url": vault.form_access().frame_origin}]
    settings.MOVMO_SHOP_KEY = factories.api_key(aviare)
    factories.checkout_origin(aviare, place.origin())

    def come(**chosen: str) -> Buyer:
        return Buyer(new_tab(origin=place.origin()), **chosen)

    return come


def session_of(user: User) -> str:
    """A session begun without the pages, for tests of what comes after signing in."""
    client = Client()
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    return client.cookies["sessionid"].value


@pytest.fixture
def agent(browser: Chromium, served_at: str, transactional_db: None, scout: OAuthClient) -> Iterator[Agent]:
    with httpx2.Client(base_url=served_at, timeout=30) as http, listening(scout, http) as agent:
        yield agent


@pytest.fixture
def looks_right(request: pytest.FixtureRequest) -> LooksRight:
    """Reads the page that is open in every look, then walks through it by Tab. The name is its picture's.

    The theme of the back office shows the focus in ways of its own: its pages are not walked through.
    """
    shots = _folder(request)

    def look(tab: Tab, name: str, *, reopened: bool = False) -> None:
        assert complaints(tab, shots=shots, name=name, reopened=reopened) == []
        assert tab.path.startswith(OFFICE) or unreachable(tab) == []

    return look


@pytest.fixture
def step_looks_right(request: pytest.FixtureRequest) -> StepLooksRight:
    """The same for the step that the checkout's frame is at, and for the page around it."""
    shots = _folder(request)

    def look(buyer: Buyer, name: str) -> None:
        assert buyer.complaints(shots, f"checkout-{name}") == []

    return look


def _folder(request: pytest.FixtureRequest) -> Path | None:
    """For pictures, if they are wanted."""
    folder = request.config.getoption("--screenshots", default=None)
    if folder is None:
        return None
    Path(folder).mkdir(parents=True, exist_ok=True)
    return Path(folder)
