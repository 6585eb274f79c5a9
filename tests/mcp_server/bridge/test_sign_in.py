"""Signing in against servers, browsers and pages that do not behave."""

import asyncio
import base64
import hashlib
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx2
import pytest

from mcp_server.bridge import loopback
from mcp_server.bridge.authorization import Grant
from mcp_server.bridge.trouble import NotMovmo, SignInFailed, TokenRefused, Trouble, Unreachable
from tests.live import live_server
from tests.mcp_server.bridge.inside import Ana, Inside, call, inside
from tests.mcp_server.bridge.scripted import METADATA, RESOURCE, TOKEN, Answer, Scripted, as_json


def signing_in(server: Scripted, home: Path, ana: Callable[[str], None]) -> Grant:
    async def conversation() -> Grant:
        async with inside(server, home, ana) as bridge:
            try:
                return await bridge.credentials.signed_in(frozenset())
            finally:
                if isinstance(ana, Ana):
                    await asyncio.gather(*ana.at_work)

    return asyncio.run(conversation())


def trouble(server: Scripted, home: Path, ana: Callable[[str], None]) -> Trouble:
    with pytest.raises(Trouble) as caught:
        signing_in(server, home, ana)
    return caught.value


def test_a_right_answer_is_redeemed_with_its_verifier(server: Scripted, tmp_path: Path) -> None:
    ana = Ana(server)
    grant = signing_in(server, tmp_path, ana)
    assert (grant.access_token, grant.scopes) == ("access-1", frozenset({"flights:read"}))
    assert "access-1" not in repr(grant)
    assert "refresh-1" not in repr(grant)
    [question] = ana.asked
    assert question["resource"] == f"{server.origin}/v1/mcp"
    assert (question["response_type"], question["code_challenge_method"]) == ("code", "S256")
    [redeemed] = server.posts(TOKEN)
    digest = hashlib.sha256(redeemed.form["code_verifier"].encode()).digest()
    assert base64.urlsafe_b64encode(digest).rstrip(b"=").decode() == question["code_challenge"]
    assert redeemed.form["resource"] == question["resource"]
    assert redeemed.form["redirect_uri"] == question["redirect_uri"]
    assert server.posts("/v1/oauth/register")[0].message["redirect_uris"] == ["http://127.0.0.1/callback"]
    [page] = ana.pages
    assert (page.status_code, page.headers["cache-control"]) == (200, "no-store")
    assert "You are signed in" in page.text


@pytest.mark.parametrize(
    ("says", "words"),
    [
        ({"iss": "https://elsewhere.example"}, "another authorization server"),
        ({"iss": ""}, "another authorization server"),
        ({"error": "access_denied", "code": ""}, "You declined"),
        ({"error": "server_error", "error_description": "<b>Sorry</b>", "code": ""}, "ended with server_error"),
        ({"code": ""}, "holds no code"),
    ],
)
def test_an_answer_that_is_no_consent_ends_the_sign_in(
    server: Scripted, tmp_path: Path, says: dict[str, str], words: str
) -> None:
    ana = Ana(server, says)
    failure = trouble(server, tmp_path, ana)
    assert isinstance(failure, SignInFailed)
    assert words in str(failure)
    assert server.posts(TOKEN) == []
    [page] = ana.pages
    assert "You are not signed in" in page.text
    assert "<b>" not in page.text


def test_a_code_that_the_server_does_not_take_is_told_to_ana_and_to_the_host(server: Scripted, tmp_path: Path) -> None:
    ana = Ana(server, {"code": "stolen"})
    failure = trouble(server, tmp_path, ana)
    assert isinstance(failure, TokenRefused)
    assert "invalid_grant. It was spent." in str(failure)
    assert "You are not signed in" in ana.pages[0].text


def test_who_does_not_know_the_state_changes_nothing(server: Scripted, tmp_path: Path) -> None:
    """A page that probes ports, a preflight, a broken request, a second answer: the sign-in waits for the right one."""
    strangers: list[int] = []

    async def conversation() -> Grant:
        shown: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        ana = Ana(server)
        async with inside(server, tmp_path, shown.set_result) as bridge:
            waiting = asyncio.create_task(bridge.credentials.signed_in(frozenset()))
            question = await shown
            callback = dict(httpx2.URL(question).params)["redirect_uri"]
            async with httpx2.AsyncClient(trust_env=False) as web:
                for method, address in (
                    ("GET", f"{callback}?code=evil&state=guess&iss={server.origin}"),
                    ("GET", f"{callback}?code=evil"),
                    ("GET", f"{callback}?error=access_denied&state="),
                    ("POST", callback),
                    ("OPTIONS", callback),
                    ("GET", callback.replace("/callback", "/")),
                ):
                    strangers.append((await web.request(method, address)).status_code)
            await _broken_requests(urlsplit(callback).port or 0)
            assert not waiting.done()
            ana(question)
            return await waiting

    assert asyncio.run(conversation()).access_token == "access-1"
    assert strangers == [400, 400, 400, 404, 404, 404]


async def _broken_requests(port: int) -> None:
    for sent in (
        b"",
        b"GET",
        b"\x16\x03\x01",
        b"GET /callback?state=" + b"x" * 100_000,
        b"\r\n\r\n",
        b"GET [::x\r\n\r\n",
    ):
        _, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(sent)
        await writer.drain()
        writer.close()


def test_the_port_is_closed_once_it_has_its_answer(server: Scripted, tmp_path: Path) -> None:
    ana = Ana(server)
    signing_in(server, tmp_path, ana)
    with pytest.raises(httpx2.ConnectError):
        httpx2.get(ana.asked[0]["redirect_uri"], trust_env=False)


def test_a_connection_that_says_nothing_does_not_keep_ana_waiting(server: Scripted, tmp_path: Path) -> None:
    async def conversation() -> float:
        async with loopback.listening("state") as callback:
            port = urlsplit(callback.redirect_uri).port or 0
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            await asyncio.sleep(0.05)
            began = asyncio.get_running_loop().time()
        with suppress(ConnectionResetError):
            assert await reader.read() == b""
        writer.close()
        return asyncio.get_running_loop().time() - began

    assert asyncio.run(conversation()) < 1


@pytest.mark.parametrize(
    ("document", "changes", "words"),
    [
        (RESOURCE, {"resource": "https://elsewhere.example/v1/mcp"}, "as its resource"),
        (RESOURCE, {"authorization_servers": ["https://elsewhere.example"]}, "as its authorization_servers"),
        (RESOURCE, {"authorization_servers": "no list"}, "as its authorization_servers"),
        (METADATA, {"issuer": "https://elsewhere.example"}, "as its issuer"),
        (METADATA, {"authorization_endpoint": "http://elsewhere.example/authorize"}, "as its authorization_endpoint"),
        (METADATA, {"authorization_endpoint": "javascript:alert(1)"}, "as its authorization_endpoint"),
        (METADATA, {"token_endpoint": "http://127.0.0.1.elsewhere.example/token"}, "as its token_endpoint"),
        (METADATA, {"token_endpoint": None}, "as its token_endpoint"),
        (METADATA, {"code_challenge_methods_supported": ["plain"]}, "does not offer PKCE"),
    ],
)
def test_documents_that_lead_away_are_not_followed(
    server: Scripted, tmp_path: Path, document: str, changes: dict[str, Any], words: str
) -> None:
    honest = server.resource() if document == RESOURCE else server.metadata()
    server.at[document] = lambda asked: as_json(honest | changes)
    ana = Ana(server)
    failure = trouble(server, tmp_path, ana)
    assert isinstance(failure, NotMovmo)
    assert words in str(failure)
    assert ana.asked == []


@pytest.mark.parametrize(
    ("path", "answer", "kind", "words"),
    [
        (RESOURCE, Answer(404, {"content-type": "text/html"}, [b"<h1>?</h1>"]), NotMovmo, "with text/html"),
        (RESOURCE, as_json({}, 404), NotMovmo, "answered 404"),
        (METADATA, Answer(302, {"location": "https://elsewhere.example/"}), NotMovmo, "redirects to"),
        (METADATA, Answer(200, {}, [b"x" * 2_000_000]), NotMovmo, "more than 1048576 bytes"),
        (
            "/v1/oauth/register",
            as_json({"error": "slow_down"}, 429, retry_after="17"),
            Unreachable,
            "17 seconds",
        ),
        ("/v1/oauth/register", as_json({"error": "invalid_client_metadata"}, 400), TokenRefused, "invalid_client_meta"),
        (TOKEN, as_json({"error": "temporarily_unavailable"}, 503), Unreachable, "answered 503"),
        (TOKEN, as_json({"access_token": "x", "token_type": "mac"}), NotMovmo, "no bearer token"),
        (TOKEN, as_json({"token_type": "Bearer"}), NotMovmo, "no bearer token"),
    ],
)
def test_an_authorization_server_in_trouble_is_told_in_words(
    server: Scripted, tmp_path: Path, path: str, answer: Answer, kind: type[Trouble], words: str
) -> None:
    server.at[path] = lambda asked: answer
    failure = trouble(server, tmp_path, Ana(server))
    assert isinstance(failure, kind)
    assert words in str(failure)


def test_tokens_are_not_sent_after_a_redirect_of_the_token_endpoint(server: Scripted, tmp_path: Path) -> None:
    elsewhere = Scripted()
    with live_server(elsewhere) as there:
        server.at[TOKEN] = lambda asked: Answer(307, {"location": f"{there}/v1/oauth/token"})
        assert isinstance(trouble(server, tmp_path, Ana(server)), NotMovmo)
    assert elsewhere.asked == []


def test_who_declined_is_asked_again_as_the_same_client(server: Scripted, tmp_path: Path) -> None:
    ana = Ana(server, {"error": "access_denied", "code": ""})

    async def twice(bridge: Inside) -> list[dict[str, Any]]:
        await bridge.told(call())
        ana.says = {}
        return await bridge.told(call(message_id=2))

    first, second = _inside(server, tmp_path, ana, twice)
    assert "You declined" in first["error"]["message"]
    assert second["result"] == {"bearer": "access-1"}
    assert len(server.posts("/v1/oauth/register")) == 1


def _inside(server: Scripted, home: Path, ana: Ana, conversation: Callable[[Inside], Awaitable[Any]]) -> Any:
    async def whole() -> Any:
        async with inside(server, home, ana) as bridge:
            told = await conversation(bridge)
            await asyncio.gather(*ana.at_work)
            return told

    return asyncio.run(whole())
