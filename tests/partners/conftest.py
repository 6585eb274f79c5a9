"""A browser for people and the two calls of a client, for the authorization code flow."""

import base64
import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from html import unescape
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from django.core import mail
from django.core.cache import cache
from django.db.models import F
from django.test import Client
from oauth2_provider.models import RefreshToken

from movmo.accounts.models import User
from movmo.operations.context import Caller
from partners.oauth.models import Application
from partners.partner.models import Partner
from tests import factories
from tests.partners import hooks
from tests.partners.receiver import Receiver, receiving

VERIFIER = "ana-walks-through-the-airport-with-two-bags-and-a-verifier"
CHALLENGE = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).rstrip(b"=").decode()


@pytest.fixture(autouse=True)
def _open_registration(settings: Any) -> None:
    """Tests of the limit set their own, and a network of their own."""
    settings.MOVMO_REGISTRATIONS_PER_HOUR = 1_000_000


@dataclass
class Browser:
    """A person's browser: cookies, forms, CSRF checks on."""

    client: Client = field(default_factory=lambda: Client(enforce_csrf_checks=True))

    def sign_in(self, email: str, page: str = "/accounts/login/") -> Any:
        asked = self.submit(page, email=email)
        assert asked.status_code == 302, asked.content
        code = re.search(r"\b\d{6}\b", str(mail.outbox[-1].body))
        assert code is not None
        return self.submit(asked["Location"], code=code.group())

    def submit(self, page: str, **fields: Any) -> Any:
        """Open the page, fill in its first form, tick every box in it and send it. A list is several values."""
        form = self.client.get(page).content.decode().partition("</form>")[0]
        filled: dict[str, list[str]] = {}
        for name, value in re.findall(r'<input type="(?:hidden|checkbox)" name="([^"]+)"(?: value="([^"]*)")?', form):
            filled.setdefault(unescape(name), []).append(unescape(value))
        return self.client.post(page, filled | fields)

    def authorize(self, **changes: str) -> Any:
        return self.client.get("/v1/oauth/authorize", authorize_query(**changes))

    def approve(self, **changes: str) -> dict[str, str]:
        """Open the consent page, approve, and read what the client is sent."""
        page = self.authorize(**changes)
        assert page.status_code == 200, page.get("Location") or page.content
        return arrived(self.submit(page.wsgi_request.get_full_path(), allow="true"))


def authorize_query(**changes: str) -> dict[str, str]:
    """A right authorization request of scout's. An empty value leaves the parameter out."""
    query = {
        "client_id": "scout",
        "response_type": "code",
        "redirect_uri": factories.CALLBACK,
        "scope": "flights:read bookings:write",
        "state": "s-1",
        "code_challenge": CHALLENGE,
        "code_challenge_method": "S256",
        "resource": "http://127.0.0.1:8000/v1/mcp",
    } | changes
    return {name: value for name, value in query.items() if value}


def arrived(redirect: Any) -> dict[str, str]:
    """What a redirect to the client carries."""
    assert redirect.status_code == 302, redirect.content
    assert redirect["Location"].startswith(factories.CALLBACK)
    return dict(parse_qsl(urlsplit(redirect["Location"]).query))


def redeem(client: Client, code: str, **changes: str) -> Any:
    fields = {
        "grant_type": "authorization_code",
        "code": code,
        "client_id": "scout",
        "redirect_uri": factories.CALLBACK,
        "code_verifier": VERIFIER,
        "resource": "http://127.0.0.1:8000/v1/mcp",
    } | changes
    return client.post("/v1/oauth/token", {name: value for name, value in fields.items() if value})


def refresh(client: Client, token: str, **changes: str) -> Any:
    fields = {"grant_type": "refresh_token", "refresh_token": token, "client_id": "scout"} | changes
    return client.post("/v1/oauth/token", fields)


def let_pass(time: timedelta) -> None:
    """So much later, as far as refresh tokens go: the library keeps its own time, so theirs is moved."""
    rotated = RefreshToken.objects.exclude(revoked=None)
    rotated.update(revoked=F("revoked") - time, updated=F("updated") - time)


@pytest.fixture
def browser(ana: User, scout: Application) -> Browser:
    """ana's, signed in."""
    cache.clear()
    browser = Browser()
    browser.client.force_login(ana, backend="django.contrib.auth.backends.ModelBackend")
    return browser


@pytest.fixture
def receiver(tmp_path: Path) -> Iterator[Receiver]:
    with receiving(tmp_path) as receiver, hooks.sent_by(receiver.outbound):
        yield receiver


@pytest.fixture
def here(aviare: Partner) -> Caller:
    return hooks.by_test_key(aviare)
