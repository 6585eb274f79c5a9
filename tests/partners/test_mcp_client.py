"""The MCP SDK's own OAuth client, unmodified, walks from a 401 to a working token. No socket is opened."""

import asyncio
from functools import partial
from urllib.parse import parse_qs, urlsplit

import httpx2
import pytest
from django.test import Client
from mcp.client.auth import OAuthClientProvider
from mcp.shared.auth import AuthorizationCodeResult, OAuthClientInformationFull, OAuthClientMetadata, OAuthToken

from movmo.accounts.models import User
from movmo.operations.context import Door
from partners.authentication import authenticate, challenge
from partners.oauth.models import Application
from tests.aside import aside
from tests.partners.conftest import Browser

ORIGIN = "http://127.0.0.1:8000"
CALLBACK = "http://127.0.0.1:51234/callback"


class Memory:
    """Where the SDK keeps what it learns."""

    tokens: OAuthToken | None = None
    client: OAuthClientInformationFull | None = None

    async def get_tokens(self) -> OAuthToken | None:
        return self.tokens

    async def set_tokens(self, tokens: OAuthToken) -> None:
        self.tokens = tokens

    async def get_client_info(self) -> OAuthClientInformationFull | None:
        return self.client

    async def set_client_info(self, client_info: OAuthClientInformationFull) -> None:
        self.client = client_info


class Server(httpx2.AsyncBaseTransport):
    """Django by its test client, and at /v1/mcp a door that wants the scopes in `needs`."""

    def __init__(self) -> None:
        self.django = Client()
        self.needs = {"flights:read"}
        self.seen: list[str] = []

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        answer: httpx2.Response = await aside(self._answer, request, await request.aread())
        return answer

    def _answer(self, request: httpx2.Request, body: bytes) -> httpx2.Response:
        path = request.url.raw_path.decode()
        self.seen.append(f"{request.method} {path}")
        if path == "/v1/mcp":
            return self._door(request.headers.get("Authorization"))
        headers = {name: value for name, value in request.headers.items() if name != "content-length"}
        content_type = request.headers.get("content-type", "")
        answer = self.django.generic(request.method, path, body, content_type=content_type, headers=headers)
        return httpx2.Response(answer.status_code, headers=dict(answer.items()), content=answer.content)

    def _door(self, authorization: str | None) -> httpx2.Response:
        if authorization is None:
            return self._refuse(401, None)
        token = authorization.removeprefix("Bearer ")
        caller = authenticate(door=Door.MCP, api_key=None, bearer=token, request_id="r-1")
        if self.needs <= caller.scopes:
            return httpx2.Response(200, text=str(caller.user_id))
        return self._refuse(403, "insufficient_scope")

    def _refuse(self, status: int, error: str | None) -> httpx2.Response:
        return httpx2.Response(status, headers={"WWW-Authenticate": challenge(error, sorted(self.needs), "mcp", None)})


class Agent:
    """scout, with a browser in which ana approves everything."""

    def __init__(self, browser: Browser) -> None:
        self.server, self.memory, self.browser = Server(), Memory(), browser
        metadata = OAuthClientMetadata.model_validate(
            {"redirect_uris": [CALLBACK], "client_name": "Scout", "token_endpoint_auth_method": "none"}
        )
        self.provider = OAuthClientProvider(
            f"{ORIGIN}/v1/mcp", metadata, self.memory, redirect_handler=self.show, callback_handler=self.callback
        )

    async def show(self, url: str) -> None:
        redirect = await aside(partial(self.browser.submit, url.removeprefix(ORIGIN), allow="true"))
        query = parse_qs(urlsplit(redirect["Location"]).query)
        self.answer = AuthorizationCodeResult(code=query["code"][0], state=query["state"][0], iss=query["iss"][0])

    async def callback(self) -> AuthorizationCodeResult:
        return self.answer

    async def call(self) -> httpx2.Response:
        async with httpx2.AsyncClient(auth=self.provider, transport=self.server) as http:
            return await http.get(f"{ORIGIN}/v1/mcp")


@pytest.mark.django_db(transaction=True)
def test_the_sdk_client_registers_asks_and_steps_up(browser: Browser, ana: User) -> None:
    agent = Agent(browser)
    first = asyncio.run(agent.call())
    assert (first.status_code, first.text) == (200, str(ana.pk))
    assert agent.memory.tokens is not None
    assert agent.memory.tokens.scope == "flights:read"
    assert "GET /.well-known/oauth-protected-resource/v1/mcp" in agent.server.seen
    registered = Application.objects.exclude(client_id="scout").get()

    agent.server.needs = {"bookings:write"}
    assert asyncio.run(agent.call()).status_code == 200
    assert agent.memory.tokens.scope is not None
    assert set(agent.memory.tokens.scope.split()) == {"flights:read", "bookings:write"}
    assert Application.objects.exclude(client_id="scout").get() == registered  # no second registration
