"""What browsers are told about a checkout: who may frame it, what it may load, who learns its address."""

import re
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as configured
from django.test import Client

from movmo.accounts.models import User
from tests.checkout_widget.conftest import Checkout, Checkouts
from tests.checkout_widget.frame.frames import Frame, policy_of
from tests.factories import DEMO_SHOP, SHOP

PATHS = ("", "/step", "/status", "/email", "/claim", "/nothing")


def test_each_session_is_framed_by_its_own_origin(checkouts: Checkouts) -> None:
    one, other = checkouts.open(), checkouts.open(origin=DEMO_SHOP, return_url=f"{DEMO_SHOP}/thanks")
    assert policy_of(Frame(one).page())["frame-ancestors"] == [SHOP]
    assert policy_of(Frame(other).page())["frame-ancestors"] == [DEMO_SHOP]
    assert "X-Frame-Options" not in Frame(one).page().headers


def test_scripts_and_styles_run_by_nonce_only(opened: Checkout) -> None:
    policy = policy_of(Frame(opened).page())
    for kind in ("script-src", "style-src"):
        (source,) = policy[kind]
        assert source.startswith("'nonce-")
    for kind in ("default-src", "object-src", "base-uri", "font-src"):
        assert policy[kind] == ["'none'"]
    assert policy["connect-src"] == ["'self'"]
    assert policy["form-action"] == ["'self'"]


def test_of_other_hosts_only_the_vault_is_framed(opened: Checkout, settings: Any) -> None:
    settings.MOVMO_VAULTS = [{"name": "spreedly", "url": "https://core.spreedly.com/v1/"}]
    assert policy_of(Frame(opened).page())["frame-src"] == ["'self'", "https://core.spreedly.com"]


def test_fragments_are_nobodys_to_frame(claimed: Checkout) -> None:
    frame = Frame(claimed).claimed()
    for path in ("step", "status", "email"):
        assert policy_of(frame.get(path))["frame-ancestors"] == ["'none'"]


def test_a_window_keeps_its_opener_and_an_address_stays_here(opened: Checkout) -> None:
    for path in PATHS:
        answer = Client().get(opened.url + path)
        assert answer.headers["Cross-Origin-Opener-Policy"] == "unsafe-none", path
        assert answer.headers["Referrer-Policy"] == "strict-origin", path
        assert "Cross-Origin-Embedder-Policy" not in answer.headers
        assert "Access-Control-Allow-Origin" not in answer.headers
        features = answer.headers["Permissions-Policy"]
        assert "payment=(self)" in features
        assert "publickey-credentials-get=(self)" in features
        assert "camera=()" in features
        assert features.count("payment=") == features.count("publickey-credentials-get=") == 1


def test_elsewhere_windows_are_cut_apart_as_ever(db: None, client: Client) -> None:
    assert client.get("/").headers["Cross-Origin-Opener-Policy"] == "same-origin"
    assert "payment=()" in client.get("/").headers["Permissions-Policy"]


def test_nothing_of_it_is_loaded_into_another_page_but_as_a_frame(opened: Checkout) -> None:
    """Framing is no loading in this sense. Pages with COEP frame nothing without COEP, which the bank has not."""
    frame = Frame(opened).claimed()
    for answer in (frame.page(), frame.get("step"), frame.get("status")):
        assert answer.headers["Cross-Origin-Resource-Policy"] == "same-origin"


def test_nothing_is_kept_by_a_browser(opened: Checkout) -> None:
    frame = Frame(opened).claimed()
    for answer in (frame.page(), frame.get("step"), frame.get("status"), frame.claim()):
        assert "no-store" in answer.headers["Cache-Control"]


def test_no_cookie_is_set_and_none_is_read(opened: Checkout, ana: User) -> None:
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(ana)
    before = {name: one.value for name, one in browser.cookies.items()}
    frame = Frame(opened, agent=browser).claimed()
    for answer in (frame.page(), frame.get("step"), frame.post("email", email="bo@example.com")):
        assert not answer.cookies
        assert "Vary" not in answer.headers or "Cookie" not in answer.headers["Vary"]
        assert answer.wsgi_request.COOKIES == {}
    assert {name: one.value for name, one in browser.cookies.items()} == before


@pytest.fixture
def button() -> Any:
    """A file beside the ones that are committed."""
    folder = Path(configured.BASE_DIR) / "checkout_widget" / "static" / "checkout" / "v1"
    folder.mkdir(exist_ok=True)
    found = sorted(folder.glob("*.js"))
    if found:
        yield f"/static/checkout/v1/{found[0].name}"
        return
    made = folder / "being-tested.js"
    made.write_text("export {}")
    yield f"/static/checkout/v1/{made.name}"
    made.unlink()


def test_any_page_may_load_the_button_and_check_its_digest(button: str, db: None, client: Client) -> None:
    answer = client.get(button, headers={"origin": SHOP})
    assert answer.status_code == 200
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert answer.headers["Cross-Origin-Resource-Policy"] == "cross-origin"
    answer.close()


def test_a_version_is_kept_for_good_and_the_evergreen_file_for_a_minute(db: None, client: Client) -> None:
    kept = {}
    for name in ("1.0.0/movmo.js", "1.0.0/connect.js", "movmo.js", "connect.js", "integrity.json", "9.9.9/movmo.js"):
        answer = client.get(f"/static/checkout/v1/{name}")
        kept[name] = (answer.status_code, answer.headers.get("Cache-Control"))
        answer.close()
    forever, minute = (200, "public, max-age=31536000, immutable"), (200, "max-age=60, public")
    assert kept == {
        "1.0.0/movmo.js": forever,
        "1.0.0/connect.js": forever,
        "movmo.js": minute,
        "connect.js": minute,
        "integrity.json": minute,
        "9.9.9/movmo.js": (404, kept["9.9.9/movmo.js"][1]),
    }
    assert "immutable" not in (kept["9.9.9/movmo.js"][1] or "")


def test_other_files_are_ours(db: None, client: Client) -> None:
    for address in ("/static/checkout/frame.js", "/static/movmo/mark.svg"):
        answer = client.get(address, headers={"origin": SHOP})
        assert answer.status_code == 200
        assert answer.headers["Cross-Origin-Resource-Policy"] == "same-origin"
        answer.close()


def test_what_is_fetched_ahead_is_everybodys_and_runs_nothing(db: None, client: Client) -> None:
    """Pages everywhere may hold it: nobody's words are on it, and nothing that could be pressed."""
    answer = client.get("/c")
    assert answer.status_code == 200
    assert answer.headers["Cache-Control"] == "public, max-age=300"
    assert "X-Frame-Options" not in answer.headers
    assert not answer.cookies
    policy = policy_of(answer)
    assert policy["frame-ancestors"] == ["*"]
    assert policy["default-src"] == policy["form-action"] == policy["base-uri"] == ["'none'"]
    page = answer.content.decode()
    assert "<script" not in page
    assert "<body" not in page


def test_all_that_a_frame_loads_is_fetched_ahead(opened: Checkout, client: Client) -> None:
    loaded = re.findall(r'(?:src|stylesheet" href)="(/static/[^"]+)"', Frame(opened).page().content.decode())
    assert len(loaded) >= 4
    ahead = client.get("/c").content.decode()
    assert [address for address in loaded if f'"{address}"' not in ahead] == []
