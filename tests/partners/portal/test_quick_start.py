"""The lines of the quick start, as the page shows them: with a key in one answer only, and they run as they stand."""

import json
import os
import re
import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from html import unescape
from pathlib import Path
from typing import Any

import httpx2
import pytest
from django.test import Client, override_settings

from checkout_widget.session.models import CheckoutSession
from mcp_server.asgi import McpDoor
from movmo.accounts.models import User
from movmo.asgi import Application
from movmo.headers import Stamped
from movmo.wsgi import application as pages_and_rest
from partners import authentication
from partners.api_key.models import ApiKey
from partners.partner.models import Partner
from tests import factories
from tests.live import live_server
from tests.partners.portal.people import AT, grown_old, member_at, said, secret_on, send

PAGE = AT + "quick-start/"
SCOPES = ("flights:read", "offers:write")
WHOLE = re.compile(r'<code id="snippet-(\w+)">(.*?)</code>', re.DOTALL)


def lines_of(page: Any) -> dict[str, str]:
    """What its copy buttons copy."""
    return {name: unescape(text) for name, text in WHOLE.findall(page.content.decode())}


@pytest.mark.django_db
class TestThePage:
    def test_without_a_key_nothing_is_filled_in(self, owner: Client, aviare: Partner) -> None:
        factories.api_key(aviare)
        text = owner.get(PAGE).content.decode()
        assert "export MOVMO_KEY=mvm_test_…\n" in text
        assert not re.search("mvm_(test|live)_[0-9A-Za-z]{36}", text)

    def test_the_key_that_was_made_is_in_that_answer_only(self, owner: Client) -> None:
        made = send(owner, PAGE)
        raw = secret_on(made)
        assert f"export MOVMO_KEY={raw}\n" in lines_of(made)["hello"]
        assert "no-store" in made["Cache-Control"]
        assert raw not in owner.get(PAGE).content.decode()
        key = ApiKey.objects.get()
        assert (key.name, key.is_live) == ("quick start", False)

    def test_an_old_session_shows_again_who_it_is(self, owner: Client) -> None:
        grown_old(owner)
        assert owner.get(PAGE).status_code == 200
        assert owner.post(PAGE)["Location"].startswith("/accounts/confirm/")
        assert not ApiKey.objects.exists()

    def test_the_shop_is_on_a_page_that_is_registered(self, owner: Client, aviare: Partner) -> None:
        assert "No page of yours is registered" in said(owner.get(PAGE))
        factories.checkout_origin(aviare, "https://shop.example")
        shown = owner.get(PAGE)
        assert "No page of yours is registered" not in said(shown)
        assert 'ORIGIN = "https://shop.example"' in lines_of(shown)["server"]
        factories.checkout_origin(aviare, "http://localhost:3000")
        assert 'ORIGIN = "http://localhost:3000"' in lines_of(owner.get(PAGE))["server"]


@pytest.fixture
def served(transactional_db: None) -> Iterator[str]:
    application = Stamped(Application(mcp=McpDoor(authentication), wsgi=pages_and_rest))
    with override_settings(MOVMO_USAGE_SECONDS=0), live_server(application) as origin:
        yield origin


@pytest.fixture
def lines(served: str, aviare: Partner, settings: Any) -> dict[str, str]:
    """As the page of this very server shows them, to a developer who has just made a key."""
    factories.checkout_origin(aviare, "http://localhost:8080")
    with override_settings(ORIGIN=served):
        return lines_of(send(member_at(aviare), PAGE))


@pytest.fixture
def token(ana: User, aviare: Partner) -> str:
    return factories.token(ana, SCOPES, factories.application("aviare-web", of=aviare))


def shell(script: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """One shell, as somebody pastes into it. Stops at the first line that fails."""
    return subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script],
        env={"PATH": os.environ["PATH"], **variables},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )


@pytest.mark.skipif(shutil.which("curl") is None, reason="quick start: no curl on PATH")
class TestTheLines:
    def test_the_calls_of_the_shell_run_as_they_stand(self, lines: dict[str, str], token: str) -> None:
        ran = shell(lines["hello"] + lines["sandbox"] + lines["offer"], MOVMO_TOKEN=token)
        *told, offer_id = ran.stdout.splitlines()
        documents = [json.loads(line) for line in told]
        assert documents[0]["plan"]["name"] == "commercial"
        assert [one["provider"] for one in documents[1]["data"]] == ["sandbox"]
        assert documents[2]["data"][0]["iata_code"] == "LIS"
        assert re.fullmatch("[0-9a-f-]{36}", offer_id)

    def test_without_a_key_they_say_what_is_wrong(self, served: str, lines: dict[str, str]) -> None:
        placeholder = re.sub("MOVMO_KEY=mvm_test_.*", "MOVMO_KEY=mvm_test_", lines["hello"])
        with pytest.raises(subprocess.CalledProcessError) as failure:
            shell(placeholder)
        assert "api_key_invalid" in failure.value.stdout

    @pytest.mark.skipif(shutil.which("node") is None, reason="quick start: no node on PATH")
    def test_the_shop_opens_a_checkout(self, lines: dict[str, str], token: str, tmp_path: Path) -> None:
        found = shell(lines["hello"] + lines["offer"] + 'echo "$MOVMO $MOVMO_KEY"', MOVMO_TOKEN=token).stdout
        offer_id, known = found.strip().splitlines()[-2:]
        movmo, key = known.split()
        (tmp_path / "server.mjs").write_text(lines["server"])
        (tmp_path / "index.html").write_text(lines["page"])
        with _running(tmp_path, MOVMO=movmo, MOVMO_KEY=key, OFFER_ID=offer_id) as shop:
            page = httpx2.get(shop).text
            assert f'src="{movmo}/static/checkout/v1/movmo.js"' in page
            assert httpx2.get(f"{movmo}/static/checkout/v1/movmo.js").status_code == 200
            opened = httpx2.post(f"{shop}/sessions", timeout=30)
        assert opened.status_code == 201, opened.text
        session = opened.json()
        assert CheckoutSession.objects.get().pk.hex == session["session_id"].replace("-", "")
        assert session["client_secret"].startswith("mvm_cs_")
        assert httpx2.get(session["url"].replace(session["url"].partition("/c/")[0], movmo)).status_code == 200


@contextmanager
def _running(folder: Path, **variables: str) -> Iterator[str]:
    """The server of the page, on a port that is free."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    process = subprocess.Popen(
        ["node", "server.mjs"],
        cwd=folder,
        env={"PATH": os.environ["PATH"], "PORT": str(port), **variables},
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        assert process.stdout.readline().startswith("Open http://localhost:8080/")
        yield f"http://localhost:{port}"
    finally:
        process.kill()
        process.communicate()
