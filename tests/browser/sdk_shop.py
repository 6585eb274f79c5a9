"""A partner's page with the button, and a checkout that speaks the wire and does what a test tells it: one small server
under two names. No Movmo is behind it."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from tests.browser.chromium import Chromium
from tests.browser.tab import Tab, frame_at

SERVED = Path(__file__).resolve().parents[2] / "checkout_widget" / "static" / "checkout" / "v1"
FAKES = Path(__file__).resolve().parent / "sdk_pages"
SECRET = "mvm_cs_hush"
PATIENCE = 10
NOON = 1_800_000_000  # Unix time


@dataclass(frozen=True, slots=True)
class Asked:
    method: str
    host: str
    path: str
    body: str
    referrer: str
    origin: str


@dataclass(slots=True)
class Shop:
    """`attributes` are the button's, `headers` the page's beside its content policy, `before` what stands above it,
    `loading` how the script comes. A `bundle` makes a page of its own."""

    port: int
    attributes: str = ""
    before: str = ""
    loading: str = ""
    bundle: bytes = b""
    html: str = 'lang="en"'
    headers: dict[str, str] = field(default_factory=dict)
    asked: list[Asked] = field(default_factory=list)

    def at(self, name: str) -> str:
        return f"http://{name}.localhost:{self.port}"

    def session(self, session_id: str = "ses-1") -> dict[str, str]:
        return {
            "session_id": session_id,
            "client_secret": SECRET,
            "url": f"{self.at('checkout')}/c/{session_id}",
        }

    @property
    def policy(self) -> str:
        """What the README asks of a partner's page, and not a word more."""
        movmo = self.at("checkout")
        return (
            f"default-src 'none'; script-src 'self' {movmo}; frame-src {movmo} {self.at('evil')}; form-action {movmo};"
            " img-src data:"
        )

    def page(self) -> str:
        if self.bundle:
            return (
                '<!doctype html><html lang="en"><meta charset="utf-8"><link rel="icon" href="data:,">'
                '<title>Shop</title><div id="root"></div><script src="/bundle.js"></script></html>'
            )
        return (
            f'<!doctype html><html {self.html}><meta charset="utf-8"><link rel="icon" href="data:,"><title>Shop</title>'
            f'<meta name="viewport" content="width=device-width, initial-scale=1">'
            f'<script src="{self.at("checkout")}/v1/movmo.js" {self.loading}></script><h1>To Zürich</h1>{self.before}'
            f"<movmo-express-checkout {self.attributes}></movmo-express-checkout>"
            f'<script src="/shop.js"></script></html>'
        )

    def frame(self) -> str:
        return (
            '<!doctype html><html lang="en"><meta charset="utf-8"><link rel="icon" href="data:,">'
            '<title>Checkout</title><meta name="viewport" content="width=device-width">'
            f'<body data-partner="{self.at("partner")}">'
            '<main><h1>Checkout</h1><button id="pay">Pay</button></main><script src="/checkout.js"></script></html>'
        )

    def urls(self) -> list[str]:
        return [text for asked in self.asked for text in (asked.path, asked.referrer)]


class Customer:
    """Somebody at the shop."""

    def __init__(self, shop: Shop, tab: Tab) -> None:
        self.shop = shop
        self.tab = tab
        tab.open(shop.at("partner"))

    def will_get(self, session: dict[str, str]) -> None:
        self.tab.evaluate("session => { window.session = session }", session)

    def presses(self) -> None:
        self.tab.do(lambda page: page.locator("movmo-express-checkout button").first.click())

    def comes_in(self, session_id: str = "ses-1") -> None:
        self.will_get(self.shop.session(session_id))
        self.presses()
        self.sees("ready")

    def sees(self, event: str) -> None:
        self.tab.do(lambda page: page.wait_for_function("name => heard.some(one => one[0] === name)", arg=event))

    @property
    def heard(self) -> list[list[Any]]:
        return list(self.tab.evaluate("() => heard"))

    @property
    def events(self) -> list[str]:
        return [name for name, _ in self.heard]

    def in_frame(self, script: str, argument: Any = None) -> Any:
        return self.tab.do(lambda page: frame_at(page, "/c/").evaluate(script, argument))

    def told(self, method: str, **params: Any) -> None:
        """What the checkout tells the page."""
        # Not at once: the word may end the frame that is being spoken to.
        self.in_frame("([method, params]) => void setTimeout(() => tell(method, params))", [method, params])

    def is_locked(self, locked: bool) -> None:
        """The checkout locks its dialog, or unlocks it, and the page knows by now: words arrive in their order."""
        status = f"locked: {locked}"
        self.told("lock", locked=locked)
        self.told("change", status=status)
        known = "status => heard.some(([name, detail]) => name === 'change' && detail.status === status)"
        self.tab.do(lambda page: page.wait_for_function(known, arg=status))

    def sees_frame(self, height: int) -> None:
        """Waits until the frame is as high as the checkout has asked for."""
        script = """height => document.querySelector('movmo-express-checkout').shadowRoot
          .querySelector('dialog iframe').style.height === `${height}px`"""
        self.tab.do(lambda page: page.wait_for_function(script, arg=height))

    @property
    def dialogs(self) -> int:
        script = (
            "() => document.querySelector('movmo-express-checkout').shadowRoot.querySelectorAll('dialog[open]').length"
        )
        return int(self.tab.evaluate(script))

    def is_on_button(self) -> bool:
        script = (
            "() => document.querySelector('movmo-express-checkout').shadowRoot.activeElement?.part.contains('button')"
        )
        return bool(self.tab.evaluate(script))

    def at_second(self, seconds: float) -> None:
        """The page's clock shows so many, and stands still, however long anything takes. Timers go on."""
        self.tab.do(lambda page: page.clock.set_fixed_time(NOON + seconds))

    def after(self, milliseconds: int) -> None:
        self.tab.do(lambda page: page.wait_for_timeout(milliseconds))


@contextmanager
def open_shop() -> Iterator[Shop]:
    class Server(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._answer("GET", "")

        def do_POST(self) -> None:
            self._answer("POST", self.rfile.read(int(self.headers["Content-Length"])).decode())

        def _answer(self, method: str, body: str) -> None:
            host = str(urlsplit(f"//{self.headers['Host']}").hostname).removesuffix(".localhost")
            by = (self.headers.get("Referer", ""), self.headers.get("Origin", ""))
            shop.asked.append(Asked(method, host, self.path, body, *by))
            content, kind, headers = _content(shop, host, urlsplit(self.path).path)
            self.send_response(200 if content else 404)
            for name, value in {"Content-Type": f"{kind}; charset=utf-8", **headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: Any) -> None:
            """`asked` tells."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Server)
    shop = Shop(server.server_port)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, name="shop", daemon=True)
    thread.start()
    try:
        yield shop
    finally:
        server.shutdown()
        server.server_close()
        thread.join(PATIENCE)


def _content(shop: Shop, host: str, path: str) -> tuple[bytes, str, dict[str, str]]:
    if path.startswith("/v1/") and path.endswith(".js"):
        headers = {"Cross-Origin-Resource-Policy": "cross-origin", "Access-Control-Allow-Origin": "*"}
        return (SERVED / path.removeprefix("/v1/")).read_bytes(), "text/javascript", headers
    if path == "/bundle.js":
        return shop.bundle, "text/javascript", {}
    if path.endswith(".js"):
        return (FAKES / path[1:]).read_bytes(), "text/javascript", {}
    if path == "/c":
        return b"<!doctype html><html lang=en><link rel=icon href=data:,><title>Movmo</title></html>", "text/html", {}
    if path.startswith("/c/"):
        return shop.frame().encode(), "text/html", {}
    if path.startswith("/v1/oauth/authorize"):
        return b"<!doctype html><link rel=icon href=data:,><title>Movmo</title><main>Consent</main>", "text/html", {}
    page = shop.page()
    return page.encode(), "text/html", {"Content-Security-Policy": shop.policy, **shop.headers}


@contextmanager
def customer_of(shop: Shop, browser: Chromium) -> Iterator[Customer]:
    tab = Tab(browser, origin=shop.at("partner"))
    try:
        yield Customer(shop, tab)
    finally:
        tab.close()
