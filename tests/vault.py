"""The sandbox vault on a loopback port, installed as the vault of the house."""

from collections.abc import Iterator
from contextlib import contextmanager

from starlette.applications import Starlette

from bookings.payment_method.vaults import registry
from movmo.demo.shop import place
from movmo.sandbox_vault.app import SandboxVault
from tests.live import live_server

ENVIRONMENT, SECRET = "sandbox-environment", "a-secret-of-the-tests"


@contextmanager
def sandbox_vault() -> Iterator[SandboxVault]:
    """Until the end of the block, cards go to a vault of its own; it knows nothing when it starts."""
    before = dict(registry._vaults)
    app = Starlette()
    with live_server(app) as url:
        pages = ("http://127.0.0.1:8000", place.origin())  # the checkout's frame, and the page that it is in
        vault = SandboxVault(url=url, environment_key=ENVIRONMENT, access_secret=SECRET, page_origins=pages)
        app.routes.extend(vault.routes())
        registry._vaults.clear()
        registry.install_spreedly(
            name="sandbox", url=url, environment_key=ENVIRONMENT, access_secret=SECRET, receiver="sandbox-airline"
        )
        try:
            yield vault
        finally:
            registry._vaults.clear()
            registry._vaults.update(before)
