"""Everything that leaves a tab, and everything that scripts of its page could read."""

import json
import re
from typing import Any, NamedTuple
from urllib.parse import unquote_plus, urlsplit

from playwright.sync_api import BrowserContext, Page, Request

from tests.browser.tab import Tab

OVERHEARD = "addEventListener('message', event => console.debug('heard', JSON.stringify(event.data)))"
READABLE = """() => JSON.stringify({
  page: document.documentElement.outerHTML,
  typed: [...document.querySelectorAll('input, select, textarea')].map(field => field.value),
  frames: [...document.querySelectorAll('iframe')].map(frame => frame.contentDocument),
  stored: [{ ...localStorage }, { ...sessionStorage }, document.cookie],
  around: [location.href, document.referrer, window.name, history.state],
})"""


class Sent(NamedTuple):
    """One request, with all that it said."""

    host: str
    text: str


class Wire:
    """Listens to a tab from now on."""

    def __init__(self, tab: Tab) -> None:
        self._tab = tab
        self._requests: list[Request] = []
        self.said: list[str] = []
        self.sockets: list[str] = []
        tab.do_in_context(self._listen)
        tab.do(self._listen_to_page)

    def _listen(self, context: BrowserContext) -> None:
        context.add_init_script(OVERHEARD)
        context.on("request", lambda request: self._requests.append(request))
        context.on("console", lambda message: self.said.append(message.text))

    def _listen_to_page(self, page: Page) -> None:
        page.on("websocket", lambda socket: self.sockets.append(socket.url))

    def sent(self) -> list[Sent]:
        """Requests of the page and of its frames: address, headers with cookies and referrer, body."""
        return self._tab.do_in_context(lambda _: [_whole(request) for request in self._requests])

    def readable(self) -> str:
        """What the page that is open holds and shows, as its own scripts could read it."""
        return str(self._tab.evaluate(READABLE))

    def kept(self) -> str:
        """Cookies and stores of every origin."""
        kept: Any = self._tab.do_in_context(lambda context: context.storage_state(indexed_db=True))
        return json.dumps(kept)


def _whole(request: Request) -> Sent:
    headers = "\n".join(f"{name}: {value}" for name, value in request.all_headers().items())
    body = (request.post_data_buffer or b"").decode("utf-8", "replace")
    return Sent(urlsplit(request.url).netloc, f"{request.method} {request.url}\n{headers}\n\n{body}")


def is_in(secret: str, text: str) -> bool:
    """Whether the digits stand there, in groups or escaped too. Few digits count only by themselves."""
    digits = r"[\s\-+.,_]*".join(secret)
    pattern = digits if len(secret) > 6 else rf"(?<![0-9A-Za-z]){digits}(?![0-9A-Za-z])"
    return any(re.search(pattern, one) for one in (text, unquote_plus(text)))
