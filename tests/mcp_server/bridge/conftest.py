"""ana's computer, on which agent hosts start `movmo-mcp`, and a Movmo reached under its public address."""

import json
import os
import subprocess
import sys
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import anyio
import pytest
from django.conf import settings as django_settings
from django.core.cache import cache
from django.utils import timezone
from mcp import Client, StdioServerParameters
from mcp.client.stdio import stdio_client
from oauth2_provider.models import AccessToken
from pytest_django import Settings

from mcp_server.asgi import McpDoor
from movmo.accounts.models import User
from movmo.asgi import Application as Site
from movmo.wsgi import application as pages_and_rest
from partners import authentication
from partners.oauth.validator import COLLISION
from tests.live import live_server
from tests.mcp_server.bridge.scripted import Scripted, Stage
from tests.partners.conftest import Browser, let_pass
from tests.product.clients import Mode

ROOT = Path(__file__).resolve().parents[3]
PERSON = Path(__file__).with_name("person.py")

Conversation = Callable[[Client], Awaitable[Any]]


@dataclass
class Computer:
    """Its settings folder, its browser with ana signed in, and the hosts on it, one conversation each."""

    home: Path
    origin: str
    session: str = ""
    server: str = django_settings.ORIGIN
    ana_does: str = "approve"
    arguments: list[str] = field(default_factory=list)

    @property
    def diary(self) -> Path:
        return self.home / "diary"

    @property
    def asked(self) -> int:
        """How often ana was sent to the browser."""
        return len(self.diary.read_text().splitlines()) if self.diary.exists() else 0

    @property
    def kept(self) -> Path:
        [path] = (self.home / "movmo-mcp").glob("*.json")
        return path

    @property
    def grant(self) -> dict[str, Any]:
        return dict(json.loads(self.kept.read_text()))

    @property
    def said(self) -> str:
        """What all bridges have written to stderr."""
        return (self.home / "stderr").read_text()

    @property
    def environment(self) -> dict[str, str]:
        return {
            "XDG_CONFIG_HOME": str(self.home),
            "LISTENS_ON": self.origin.rpartition(":")[2],
            "BROWSER": f"{sys.executable} {PERSON} %s",
            "PERSON_DIARY": str(self.diary),
            "PERSON_DOES": self.ana_does,
            "PERSON_ORIGIN": self.origin,
            "PERSON_SESSION": self.session,
            "MOVMO_SERVER": self.server,
        }

    def host(self, conversation: Conversation, mode: Mode = "2026-07-28") -> Any:
        """A host starts the bridge, has its conversation, and ends it."""
        return anyio.run(self.hosted, conversation, mode)

    async def hosted(self, conversation: Conversation, mode: Mode = "2026-07-28") -> Any:
        command = StdioServerParameters(
            command=sys.executable,
            args=["-m", "tests.mcp_server.bridge.dialled", *self.arguments],
            env=self.environment,
            cwd=ROOT,
        )
        with (self.home / "stderr").open("a") as stderr:
            async with Client(stdio_client(command, errlog=stderr), mode=mode) as client:
                return await conversation(client)

    def run(self, *arguments: str, text: str = "", **variables: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "tests.mcp_server.bridge.dialled", *arguments],
            input=text,
            capture_output=True,
            text=True,
            timeout=60,
            cwd=ROOT,
            env={**os.environ, **self.environment, **variables},
            check=False,
        )

    def let_expire(self) -> None:
        """An hour later, as far as the bridge knows and the server."""
        grant = self.grant | {"expires_at": 1.0}
        self.kept.write_text(json.dumps(grant))
        AccessToken.objects.update(expires=timezone.now())
        let_pass(COLLISION)


@pytest.fixture(scope="module")
def stage() -> Iterator[Stage]:
    stage = Stage()
    with live_server(stage) as stage.origin:
        yield stage


@pytest.fixture
def server(stage: Stage) -> Scripted:
    return stage.enter()


@pytest.fixture
def movmo(settings: Settings, transactional_db: None) -> Iterator[str]:
    settings.MOVMO_USAGE_SECONDS = 0
    settings.MOVMO_REGISTRATIONS_PER_HOUR = 1_000_000
    cache.clear()
    with live_server(Site(mcp=McpDoor(authentication), wsgi=pages_and_rest)) as origin:
        yield origin


@pytest.fixture
def computer(movmo: str, tmp_path: Path, ana: User) -> Computer:
    browser = Browser()
    browser.client.force_login(ana, backend="django.contrib.auth.backends.ModelBackend")
    return Computer(home=tmp_path, origin=movmo, session=browser.client.cookies["sessionid"].value)
