"""The cast and the stage. ana and bo travel, aviare and kestrel are partners, scout is an agent, ops the clerk.

A Caller is what a door makes of a credential; these stand for the credentials that the doors' own tests send:
`ana_at_aviare` is REST with key and token, `aviare_alone` REST with the key only, `ana_by_scout` MCP.
"""

import gc
import os
import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from typing import Any

import hypothesis
import pytest
from django.conf import settings as house
from django.db import connection
from django.test import override_settings

from bookings.providers import registry as providers
from bookings.providers.sandbox.airline import Airline
from movmo import file_storage
from movmo.accounts.models import User
from movmo.kit.clock import stopped_at
from movmo.kit.outbound import Outbound
from movmo.operations import append_only, bulletin, limits, nudge, usage
from movmo.operations.context import Caller
from movmo.sandbox_vault.app import SandboxVault
from partners.oauth.models import Application
from partners.partner.models import Partner
from partners.webhook import addresses as webhook_addresses
from tests import emptying, factories
from tests.contract.world import World, by_agent, by_key, by_key_and_token
from tests.vault import sandbox_vault

# No deadlines: how long an example takes is the machine's affair. The same examples on every run; more with
# `--hypothesis-profile thorough`.
hypothesis.settings.register_profile("suite", deadline=None, derandomize=True, max_examples=60, database=None)
hypothesis.settings.register_profile("thorough", deadline=None, max_examples=2_000, stateful_step_count=60)
hypothesis.settings.load_profile("suite")

# A test in which a secret gets into a line of the log fails.
pytest_plugins = ["tests.clear_text", "tests.secrets_in_logs"]

# Collecting makes millions of objects that stay: looking through them for what can go takes longer than the rest of it.
gc.disable()

NOON = datetime(2027, 3, 1, 12, tzinfo=UTC)


def pytest_collection_finish() -> None:
    gc.freeze()
    gc.enable()


class StoppedClock:
    """The process's clock, standing still until it is moved."""

    def __init__(self, stack: ExitStack, at: datetime) -> None:
        self._stack = stack
        self.set(at)

    def set(self, at: datetime) -> None:
        self.now = at
        self._stack.enter_context(stopped_at(at))

    def forward(self, **by: float) -> None:
        """`clock.forward(minutes=2)`."""
        self.set(self.now + timedelta(**by))


@pytest.fixture
def clock() -> Iterator[StoppedClock]:
    with ExitStack() as stack:
        yield StoppedClock(stack, NOON)


@pytest.fixture(scope="session", autouse=True)
def unheard() -> None:
    """Nobody is told that there is work: a worker of this machine would do it. Tests of workers say who listens.

    Nor of changes, which would leave connections open: tests of listening say by which carrier.
    """
    nudge.install(None)
    bulletin.install(None)


@pytest.fixture(scope="session", autouse=True)
def files_aside(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """No file is kept in the checkout: not by a test, and not by a process that it starts. Tests that look at files
    have folders of their own.
    """
    folder = tmp_path_factory.mktemp("files")
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("MOVMO_EXPORTS_S3_BUCKET", raising=False)
        for name in ("EXPORTS", "STATEMENTS", "AUDIT"):
            patch.setenv(f"MOVMO_{name}_DIR", str(folder / name.lower()))
        patch.setenv("MOVMO_EXPORTS_ASIDE", str(folder / "unfinished"))
        kept = {
            "exports": file_storage.exports(),
            "statements": file_storage.statements(),
            "audit": file_storage.audit(),
        }
        with override_settings(
            STORAGES={**house.STORAGES, **kept}, MOVMO_EXPORTS_ASIDE=os.environ["MOVMO_EXPORTS_ASIDE"]
        ):
            yield


@pytest.fixture(scope="session", autouse=True)
def nobody_is_called() -> None:
    """Every name of a webhook leads to the internet, and no connection is made: tests of deliveries bring their own."""

    def dial(address: str, port: int, seconds: float) -> socket.socket:
        raise ConnectionRefusedError

    webhook_addresses.install(Outbound(resolve=lambda name, port: ["93.184.215.14"], dial=dial))


@pytest.fixture(autouse=True)
def unlimited(settings: Any) -> None:
    """Each test begins with full allowances, travelers' beyond what a test can use; tests of limits set their own.

    And with an empty usage book, which no thread writes, and calls that wait for their airline in their own thread.
    """
    limits.MEMORY.forget()
    usage.BOOK.forget()
    settings.MOVMO_USER_RATE = settings.MOVMO_USER_BURST = 1_000_000
    settings.MOVMO_CODES_PER_HOUR = settings.MOVMO_PASSKEY_SIGN_INS_PER_HOUR = 1_000_000
    settings.MOVMO_USAGE_SECONDS = 0
    settings.MOVMO_WAIT_SECONDS = 0


@pytest.fixture
def install_airline() -> Iterator[Callable[[Airline], None]]:
    """Put another airline behind the sandbox provider, until the test is over."""
    installed = providers.provider("sandbox")
    yield providers.install_sandbox
    providers._providers["sandbox"] = installed


@pytest.fixture(scope="session")
def the_vault() -> Iterator[SandboxVault]:
    """The house's vault, on a port of its own. Packages whose operations need one use it for all their tests."""
    with sandbox_vault() as vault:
        yield vault


@pytest.fixture
def ana(db: None) -> User:
    return factories.traveler("ana@example.com")


@pytest.fixture
def bo(db: None) -> User:
    return factories.traveler("bo@example.com")


@pytest.fixture
def ops(db: None) -> User:
    """The clerk of the back office."""
    return User.objects.create_user("ops@movmo.example", is_staff=True)


@pytest.fixture
def aviare(db: None) -> Partner:
    return factories.partner("aviare")


@pytest.fixture
def kestrel(db: None) -> Partner:
    return factories.partner("kestrel")


@pytest.fixture
def scout(db: None) -> Application:
    return factories.application("scout")


@pytest.fixture
def ana_at_aviare(ana: User, aviare: Partner) -> Caller:
    return by_key_and_token(ana, aviare)


@pytest.fixture
def ana_at_kestrel(ana: User, kestrel: Partner) -> Caller:
    return by_key_and_token(ana, kestrel)


@pytest.fixture
def bo_at_aviare(bo: User, aviare: Partner) -> Caller:
    return by_key_and_token(bo, aviare)


@pytest.fixture
def aviare_alone(aviare: Partner) -> Caller:
    return by_key(aviare)


@pytest.fixture
def kestrel_alone(kestrel: Partner) -> Caller:
    return by_key(kestrel)


@pytest.fixture
def ana_by_scout(ana: User, scout: Application) -> Caller:
    return by_agent(ana, scout)


@pytest.fixture
def bo_by_scout(bo: User, scout: Application) -> Caller:
    return by_agent(bo, scout)


@pytest.fixture
def world(ana_at_aviare: Caller) -> World:
    """What ana owns, made on demand through the operations themselves."""
    return World(ana_at_aviare)


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: Any) -> None:
    """Tests that commit empty the tables afterwards, which the audit trail refuses. Its own tests put that back."""
    with django_db_blocker.unblock():
        append_only.lift(connection)
        emptying.install()
