"""The MCP SDK's own OAuth client, unmodified, over sockets against the whole application: scout's life with ana.

scout is known by its document alone. ana approves in her browser whenever scout sends her there, and counts how often.
"""

import asyncio
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx2
import pytest
from django.utils import timezone
from mcp import Client as McpClient
from mcp.client.auth import OAuthClientProvider
from mcp.client.streamable_http import streamable_http_client
from mcp.shared.auth import AuthorizationCodeResult, OAuthClientMetadata, OAuthToken
from oauth2_provider.models import AccessToken, RefreshToken
from pytest_django import Settings

from mcp_server.asgi import McpDoor
from movmo.asgi import Application as Site
from movmo.wsgi import application as pages_and_rest
from partners import authentication
from partners.oauth import client_document
from partners.oauth.models import Application
from partners.oauth.validator import COLLISION
from tests.aside import aside
from tests.live import live_server
from tests.partners.conftest import Browser, let_pass
from tests.partners.documents import ADDRESS, Host, published
from tests.partners.test_mcp_client import CALLBACK, ORIGIN, Memory
from tests.product.clients import Dialled

pytestmark = pytest.mark.django_db(transaction=True)

Rest = Callable[..., httpx2.Response]


class Watched(Dialled):
    """Notes what the client asks of the authorization server."""

    def __init__(self, origin: str) -> None:
        super().__init__(origin)
        self.seen: list[str] = []

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        if request.url.path != "/v1/mcp":
            grant = parse_qs((await request.aread()).decode()).get("grant_type", [""])[0]
            self.seen.append(f"{request.method} {request.url.path} {grant}".strip())
        return await super().handle_async_request(request)


class Scout:
    """An agent: one provider of credentials, and a connection for every call."""

    def __init__(self, origin: str, browser: Browser) -> None:
        self.origin, self.browser, self.memory = origin, browser, Memory()
        self.asked = 0
        self.seen: list[str] = []
        metadata = OAuthClientMetadata.model_validate({"redirect_uris": [CALLBACK], "client_name": "Scout"})
        self.provider = OAuthClientProvider(
            f"{ORIGIN}/v1/mcp",
            metadata,
            self.memory,
            redirect_handler=self.show,
            callback_handler=self.callback,
            client_metadata_url=ADDRESS,
        )

    async def show(self, url: str) -> None:
        self.asked += 1
        redirect = await aside(partial(self.browser.submit, url.removeprefix(ORIGIN), allow="true"))
        query = parse_qs(urlsplit(redirect["Location"]).query)
        self.answer = AuthorizationCodeResult(code=query["code"][0], state=query["state"][0], iss=query["iss"][0])

    async def callback(self) -> AuthorizationCodeResult:
        return self.answer

    def call(self, tool: str, **arguments: Any) -> Any:
        """The tool's result; `seen` is what it took."""

        async def conversation() -> Any:
            transport = Watched(self.origin)
            async with (
                httpx2.AsyncClient(transport=transport, auth=self.provider, timeout=30) as http,
                McpClient(streamable_http_client(f"{ORIGIN}/v1/mcp", http_client=http)) as movmo,
            ):
                result = await movmo.call_tool(tool, arguments)
            self.seen = transport.seen
            assert not result.is_error, result.content
            return result.structured_content

        return asyncio.run(conversation())

    @property
    def tokens(self) -> OAuthToken:
        assert self.memory.tokens is not None
        return self.memory.tokens

    def let_expire(self) -> None:
        """An hour later, as far as the client knows and the server."""
        self.provider.context.token_expiry_time = 1.0
        AccessToken.objects.update(expires=timezone.now())
        let_pass(COLLISION)


@pytest.fixture
def origin(settings: Settings) -> Iterator[str]:
    settings.MOVMO_USAGE_SECONDS = 0
    with live_server(Site(mcp=McpDoor(authentication), wsgi=pages_and_rest)) as origin:
        yield origin


@pytest.fixture
def host(tmp_path: Path) -> Iterator[Host]:
    with published(tmp_path) as host:
        before = client_document.install(host.fetcher())
        yield host
        client_document.install(before)


@pytest.fixture
def scout_live(origin: str, host: Host, browser: Browser) -> Scout:
    return Scout(origin, browser)


@pytest.fixture
def send(origin: str) -> Iterator[Callable[[str, dict[str, str]], httpx2.Response]]:
    """Post a form to the authorization server, as somebody else would."""
    with httpx2.Client(base_url=origin, headers={"Host": urlsplit(ORIGIN).netloc}) as http:
        yield lambda path, form: http.post(path, data=form)


def search(scout: Scout) -> Any:
    return scout.call("list_providers")


def test_scout_is_known_by_its_document_and_works(scout_live: Scout, host: Host) -> None:
    assert search(scout_live)["data"]
    assert scout_live.asked == 1
    assert "POST /v1/oauth/register" not in scout_live.seen
    assert scout_live.tokens.scope == "flights:read"
    met = Application.objects.get(client_id=ADDRESS)
    assert (met.registration_source, met.name) == ("cimd", "Scout")
    assert len(host.requests) == 1
    search(scout_live)
    assert scout_live.seen == []  # the token is good for more than one call


def test_scout_asks_for_more_when_a_tool_needs_it(scout_live: Scout, host: Host) -> None:
    search(scout_live)
    assert scout_live.call("search_bookings")["data"] == []
    assert scout_live.asked == 2
    assert set((scout_live.tokens.scope or "").split()) == {"flights:read", "bookings:read"}
    assert search(scout_live)["data"]
    assert len(host.requests) == 1


def test_scout_refreshes_without_asking_ana(scout_live: Scout) -> None:
    search(scout_live)
    before = scout_live.tokens
    scout_live.let_expire()
    assert search(scout_live)["data"]
    assert scout_live.seen == ["POST /v1/oauth/token refresh_token"]
    assert (scout_live.asked, scout_live.tokens.refresh_token != before.refresh_token) == (1, True)


def test_a_thief_of_a_spent_refresh_token_stops_everybody_until_ana_says_otherwise(
    scout_live: Scout, send: Callable[[str, dict[str, str]], httpx2.Response]
) -> None:
    search(scout_live)
    spent = scout_live.tokens.refresh_token or ""
    scout_live.let_expire()
    search(scout_live)
    let_pass(COLLISION)
    stolen = {"grant_type": "refresh_token", "refresh_token": spent, "client_id": ADDRESS}
    refused = send("/v1/oauth/token", stolen)
    assert (refused.status_code, refused.json()["error"]) == (400, "invalid_grant")

    assert search(scout_live)["data"]  # turned away with 401, it asks ana and gets on
    assert scout_live.asked == 2
    assert "POST /v1/oauth/token authorization_code" in scout_live.seen


def test_scout_hands_its_token_back_and_has_to_ask_again(
    scout_live: Scout, send: Callable[[str, dict[str, str]], httpx2.Response]
) -> None:
    search(scout_live)
    goodbye = {"token": scout_live.tokens.refresh_token or "", "client_id": ADDRESS}
    assert send("/v1/oauth/revoke", goodbye).status_code == 200
    assert not AccessToken.objects.exists()
    assert not RefreshToken.objects.filter(revoked=None).exists()
    assert search(scout_live)["data"]
    assert scout_live.asked == 2


def test_a_token_in_the_address_of_the_mcp_door_is_no_credential(scout_live: Scout, origin: str) -> None:
    search(scout_live)
    body = {"jsonrpc": "2.0", "id": 1, "method": "tools/list", "params": {}}
    headers = {"Host": urlsplit(ORIGIN).netloc, "Accept": "application/json, text/event-stream"}
    for name in ("access_token", "token", "authorization"):
        query = {name: scout_live.tokens.access_token}
        refused = httpx2.post(f"{origin}/v1/mcp", params=query, json=body, headers=headers)
        assert refused.status_code in (400, 401), refused.text
    bearer = {"Authorization": f"Bearer {scout_live.tokens.access_token}"}
    assert httpx2.post(f"{origin}/v1/mcp", json=body, headers=headers | bearer).status_code == 200
