"""`movmo-mcp` sends ana to her browser: consent, and the page that it shows her itself in the end."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from queue import SimpleQueue
from urllib.parse import urlsplit

import httpx2
import pytest
from django.conf import settings

from mcp_server.bridge.address import Server
from mcp_server.bridge.authorization import AuthorizationServer, Grant
from mcp_server.bridge.sign_in import SignIn
from mcp_server.bridge.trouble import Trouble
from tests.browser.conftest import LooksRight
from tests.browser.person import sign_in
from tests.browser.tab import Tab
from tests.product.clients import Dialled

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

PATIENCE = 60


class Bridge:
    """One sign-in, in a thread of its own; `address` is what it wants ana to open."""

    def __init__(self, served_at: str) -> None:
        self.shown: SimpleQueue[str] = SimpleQueue()
        self.outcome: SimpleQueue[Grant | Trouble] = SimpleQueue()
        self._served_at = served_at

    def run(self) -> None:
        asyncio.run(self._run())

    async def _run(self) -> None:
        async with httpx2.AsyncClient(transport=Dialled(self._served_at), timeout=PATIENCE) as http:
            authorization = AuthorizationServer(http, Server(settings.ORIGIN))
            try:
                self.outcome.put(await SignIn(authorization, self.shown.put, PATIENCE)(None, frozenset()))
            except Trouble as trouble:
                self.outcome.put(trouble)

    @property
    def address(self) -> str:
        return self.shown.get(timeout=PATIENCE)


@contextmanager
def signing_in(served_at: str) -> Iterator[Bridge]:
    bridge = Bridge(served_at)
    thread = threading.Thread(target=bridge.run, name="bridge")
    thread.start()
    yield bridge
    thread.join(PATIENCE)


def test_ana_lets_the_bridge_in(tab: Tab, served_at: str, looks_right: LooksRight) -> None:
    with signing_in(served_at) as bridge:
        tab.open(bridge.address)
        sign_in(tab)
        assert "movmo-mcp on this computer" in tab.text
        tab.click("button", "Approve")
        assert urlsplit(tab.address).port != urlsplit(settings.ORIGIN).port
        assert "You are signed in" in tab.text
        looks_right(tab, "bridge-signed-in", reopened=False)
    grant = bridge.outcome.get(timeout=PATIENCE)
    assert isinstance(grant, Grant)
    assert grant.scopes == {"flights:read"}


def test_ana_sends_the_bridge_away(tab: Tab, served_at: str) -> None:
    with signing_in(served_at) as bridge:
        tab.open(bridge.address)
        sign_in(tab)
        tab.click("button", "Decline")
        assert "You are not signed in" in tab.text
        assert "You declined, so nothing was granted." in tab.text
    assert isinstance(bridge.outcome.get(timeout=PATIENCE), Trouble)
