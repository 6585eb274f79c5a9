"""One address of every kind, over the whole application: each answer says how browsers are to treat it."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
from django.conf import settings as configured
from django.http import HttpRequest, HttpResponse
from django.test import Client, RequestFactory
from django.urls import path

from mcp_server.asgi import McpDoor
from movmo import headers, urls
from movmo.accounts.models import User
from movmo.asgi import Application
from movmo.wsgi import application as pages_and_rest
from partners import authentication
from tests.live import live_server
from tests.office import clerk_with_app, entered

EVERYWHERE = {
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "Cross-Origin-Resource-Policy": "same-origin",
}
DATA = "default-src 'none'; frame-ancestors 'none'"
ADDRESSES = {
    "/": "page",
    "/docs": "page",
    "/accounts/login/": "page",
    "/accounts/login/code/": "page",  # a redirect
    "/mailbox": "page",
    "/v1/oauth/authorize": "page",  # refused: nothing was asked for
    "/admin/login/": "office",
    "/admin/": "office",
    "/no-such-page": "page",
    "/openapi.json": "page",
    "/openapi.yaml": "page",
    "/v1/no-such-route": "page",
    "/.well-known/oauth-authorization-server": "page",
    "/.well-known/oauth-protected-resource/v1/mcp": "page",
    "/.well-known/jwks.json": "page",
    "/v1/oauth/token": "page",
    "/v1/oauth/userinfo": "page",
    "/v1/flights/providers": "data",
    "/v1/mcp": "data",
    "/static/movmo/movmo.css": "data",
    "/static/no-such-file": "page",
    "/healthz": "data",
    "/readyz": "data",
}


@pytest.fixture
def live(transactional_db: None) -> Iterator[httpx2.Client]:
    application = headers.Stamped(Application(mcp=McpDoor(authentication), wsgi=pages_and_rest))
    with live_server(application) as origin, httpx2.Client(base_url=origin, timeout=30) as client:
        yield client


def _policy(answer: Any) -> dict[str, list[str]]:
    directives = (part.split() for part in answer.headers["Content-Security-Policy"].split("; "))
    return {name: sources for name, *sources in directives}


def test_every_answer_has_them(live: httpx2.Client) -> None:
    for address, kind in ADDRESSES.items():
        answer = live.get(address)
        for name, value in EVERYWHERE.items():
            assert answer.headers.get_list(name) == [value], (address, name)
        assert len(answer.headers.get_list("Content-Security-Policy")) == 1, address
        policy = _policy(answer)
        assert policy["default-src"] == policy["frame-ancestors"] == ["'none'"], address
        if kind == "data":
            assert answer.headers["Content-Security-Policy"] == DATA, address
        else:
            assert policy["script-src"] == (["'self'", "'unsafe-eval'"] if kind == "office" else ["'self'"]), address
            assert policy["base-uri"] == policy["object-src"] == ["'none'"], address
            assert "form-action" not in policy, address


def test_no_page_may_use_the_device_and_only_account_pages_use_passkeys(live: httpx2.Client) -> None:
    for address in ADDRESSES:
        denied = live.get(address).headers["Permissions-Policy"]
        for feature in ("camera", "microphone", "geolocation", "payment", "usb"):
            assert f"{feature}=()" in denied, address
        holds_passkeys = address.startswith(("/accounts/", "/admin/"))
        assert ("publickey-credentials-get=(self)" in denied) is holds_passkeys, address


def test_only_what_clients_open_lets_the_opener_wait(live: httpx2.Client) -> None:
    for address in ADDRESSES:
        opened_by_clients = address.startswith(("/v1/oauth/authorize", "/accounts/login/"))
        expected = "unsafe-none" if opened_by_clients else "same-origin"
        assert live.get(address).headers.get_list("Cross-Origin-Opener-Policy") == [expected], address


def test_refusals_of_the_server_itself_have_them(live: httpx2.Client) -> None:
    refused = live.post("/v1/oauth/token", content=b"a" * 2_000_000)
    assert refused.status_code == 413
    assert refused.headers["X-Content-Type-Options"] == "nosniff"
    assert refused.headers["Content-Security-Policy"] == DATA


def _crash(request: HttpRequest) -> HttpResponse:
    raise RuntimeError("on purpose")


@pytest.mark.django_db
def test_a_page_that_breaks_has_them(monkeypatch: pytest.MonkeyPatch, settings: Any) -> None:
    class Broken:
        urlpatterns = [path("broken", _crash), *urls.urlpatterns]
        handler400, handler404, handler500 = urls.handler400, urls.handler404, urls.handler500

    settings.ROOT_URLCONF = Broken
    answer = Client(raise_request_exception=False).get("/broken")
    assert answer.status_code == 500
    assert _policy(answer)["default-src"] == ["'none'"]
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.django_db
def test_a_foreign_host_is_refused_with_them() -> None:
    answer = Client().get("/accounts/", headers={"host": "evil.example"})
    assert answer.status_code == 400
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


def test_a_nonce_is_in_the_policy_once_it_was_asked_for(rf: RequestFactory) -> None:
    def answered(*, asks: bool) -> tuple[str, str]:
        used: list[str] = []

        def page(request: HttpRequest) -> HttpResponse:
            used.append(str(request.csp_nonce) if asks else "")  # type: ignore[attr-defined]
            return HttpResponse()

        answer = headers.ContentPolicy(page)(rf.get("/accounts/"))
        assert isinstance(answer, HttpResponse)
        return answer.headers["Content-Security-Policy"], used[0]

    policy, nonce = answered(asks=True)
    assert f"script-src 'self' 'nonce-{nonce}'" in policy
    assert answered(asks=True)[1] != nonce
    assert "nonce" not in answered(asks=False)[0]


def test_https_is_promised_where_it_is_kept(settings: Any) -> None:
    assert "Strict-Transport-Security" not in headers.everywhere()
    settings.SECURE_HSTS_SECONDS = 31_536_000
    assert headers.everywhere()["Strict-Transport-Security"] == "max-age=31536000"


@pytest.mark.django_db
def test_the_office_has_its_own_policy_inside_too(client: Client) -> None:
    clerk: User = clerk_with_app()
    answer = entered(client, clerk).get("/admin/accounts/user/")
    assert answer.status_code == 200
    assert _policy(answer)["script-src"] == ["'self'", "'unsafe-eval'"]
    assert answer.headers["Permissions-Policy"] == headers.PASSKEYS_ONLY


def test_no_page_of_ours_has_a_script_or_a_style_without_its_nonce() -> None:
    templates = Path(configured.BASE_DIR) / "templates"
    # Mail programs want the styles of a letter in its elements; the mailbox shows it under a policy of its own.
    letters = set((templates / "email").rglob("*.html"))
    for page in set(templates.rglob("*.html")) - letters:
        text = page.read_text()
        assert " style=" not in text, page
        assert " onclick=" not in text, page
        for tag in ("<script>", "<style>"):
            assert tag not in text, page
