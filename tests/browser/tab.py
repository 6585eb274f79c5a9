"""A browser's tab as a person uses it, and as a strict reader watches it."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, TypeVar
from urllib.parse import urljoin, urlsplit

from django.conf import settings
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Error, Frame, Locator, Page, Request, Response

from partners.origin.origins import is_of_this_machine
from tests.browser.chromium import Chromium

T = TypeVar("T")
Role = Literal["button", "checkbox", "link", "textbox"]
PATIENCE, PAUSE = 30_000, 50  # milliseconds
MOST_PRESSES = 60
UNANSWERED = "Failed to load resource"
HAS_FOCUS = "element => element === element.getRootNode().activeElement"  # which a shadow tree has of its own
IN_AN_EMPTY_FIELD = """() => document.hasFocus() && document.activeElement?.matches('input') &&
  !document.activeElement.value"""


@dataclass(frozen=True, slots=True)
class Look:
    """A screen, in CSS pixels, and what its owner prefers to read on."""

    name: str
    width: int
    height: int
    scheme: Literal["light", "dark"]


DESKTOP = Look("desktop-light", 1280, 900, "light")
LOOKS = (
    DESKTOP,
    Look("desktop-dark", 1280, 900, "dark"),
    Look("phone-light", 390, 844, "light"),
    Look("phone-dark", 390, 844, "dark"),
)


# In a frame that goes away by it: not at once, so that the browser has answered by then.
ESCAPE = """() => void setTimeout(() => {
  const pressed = { key: 'Escape', bubbles: true, cancelable: true }
  document.activeElement.dispatchEvent(new KeyboardEvent('keydown', pressed))
})"""
CLICK = "element => void setTimeout(() => element.click())"


class Tab:
    """One page with cookies of its own. `faults` collects what nobody asked for: errors on the console (a breach of the
    content security policy is one), failed requests, answers of 4xx and 5xx to anything but the page itself, and
    requests that leave this machine."""

    def __init__(self, chromium: Chromium, *, origin: str | None = None) -> None:
        self.origin = origin or settings.ORIGIN
        self.faults: list[str] = []
        self._chromium = chromium
        self._launch = chromium.launches
        self._context, self._page = chromium.do(self._opened)

    def _opened(self, browser: Browser) -> tuple[BrowserContext, Page]:
        context = browser.new_context(
            viewport={"width": DESKTOP.width, "height": DESKTOP.height},
            color_scheme=DESKTOP.scheme,
            reduced_motion="reduce",  # nothing slides while it is looked at
            locale="en-GB",
        )
        context.set_default_timeout(PATIENCE)
        page = context.new_page()
        page.on("console", self._heard)
        page.on("pageerror", lambda error: self.faults.append(f"script: {error}"))
        page.on("request", self._left)
        page.on("requestfailed", self._failed)
        page.on("response", self._answered)
        return context, page

    def _heard(self, message: ConsoleMessage) -> None:
        # The console repeats every answer of 4xx and 5xx; those are judged by `_answered`.
        if message.type in ("error", "warning") and not message.text.startswith(UNANSWERED):
            self.faults.append(f"console: {message.text}")

    def _left(self, request: Request) -> None:
        address = urlsplit(request.url)
        if address.scheme in ("http", "https", "ws", "wss") and not is_of_this_machine(address.hostname or ""):
            self.faults.append(f"{request.url}: not of this machine")

    def _failed(self, request: Request) -> None:
        # Whoever leaves a page early aborts what is on its way. What a policy stops is on the console too.
        if request.failure != "net::ERR_ABORTED":
            self.faults.append(f"{request.url}: {request.failure}")

    def _answered(self, response: Response) -> None:
        if response.status >= 400 and not response.request.is_navigation_request():
            self.faults.append(f"{response.url}: {response.status}")

    def close(self) -> None:
        if self._chromium.launches == self._launch:  # else it went with its browser
            self._chromium.do(lambda _: self._context.close())

    def do(self, step: Callable[[Page], T]) -> T:
        """For what the words below do not say. Values may come out of it; Playwright's own objects must not."""

        def explained(_: Browser) -> T:
            try:
                return step(self._page)
            except Error as failure:
                failure.add_note(f"The tab is at {self._page.url} and reads:\n{self._page.inner_text('body')}")
                raise

        return self._chromium.do(explained)

    def do_in_context(self, step: Callable[[BrowserContext], T]) -> T:
        return self._chromium.do(lambda _: step(self._context))

    def open(self, address: str) -> int:
        """Go to a path of the server, or to a whole address; the HTTP status of the page."""

        def go(page: Page) -> int:
            response = page.goto(urljoin(self.origin, address), wait_until="load")
            assert response is not None
            return response.status

        return self.do(go)

    def keep_cookie(self, name: str, value: str) -> None:
        self.do_in_context(lambda context: context.add_cookies([{"name": name, "value": value, "url": self.origin}]))

    def looked_at(self, look: Look) -> None:
        def change(page: Page) -> None:
            page.set_viewport_size({"width": look.width, "height": look.height})
            page.emulate_media(color_scheme=look.scheme)

        self.do(change)

    def pictured(self, file: Path) -> None:
        """Keep a picture of the whole page."""
        self.do(lambda page: page.screenshot(path=file, full_page=True))

    @property
    def address(self) -> str:
        return self.do(lambda page: page.url)

    @property
    def path(self) -> str:
        return urlsplit(self.address).path

    @property
    def text(self) -> str:
        return self.do(lambda page: page.inner_text("main"))

    def fill(self, label: str, text: str) -> None:
        self.do(lambda page: page.get_by_label(label, exact=True).fill(text))

    def sees(self, selector: str) -> None:
        """Waits for what comes by itself, and for all of the page that it is on."""

        def see(page: Page) -> None:
            page.wait_for_selector(selector)
            page.wait_for_load_state("load")

        self.do(see)

    def has_fault(self, words: str) -> bool:
        """Once it is known: a browser tells a moment later what it has refused to a page."""
        return self.do(lambda page: until(page, lambda: any(words in fault for fault in self.faults)))

    def is_alone(self) -> bool:
        """Once the windows that the page has opened are closed."""
        return self.do(lambda page: until(page, lambda: len(page.context.pages) == 1))

    def untick(self, name: str) -> None:
        self.do(lambda page: found(page, "checkbox", name).uncheck())

    def click(self, role: Role, name: str) -> None:
        """Click on what leads to another page, or to this one anew, and wait for that page."""
        self._goes(lambda page: found(page, role, name).click())

    def follow(self, selector: str) -> None:
        """The same for the first of what has no plain name."""
        self._goes(lambda page: page.locator(selector).first.click())

    def press(self, key: str) -> None:
        """Not for a key that takes away the frame it is pressed in: the browser would never say that it has it."""
        self.do(lambda page: page.keyboard.press(key))

    def send(self, key: str) -> None:
        """Press a key that leads to another page, and wait for that page."""
        self._goes(lambda page: page.keyboard.press(key))

    def _goes(self, step: Callable[[Page], None]) -> None:
        def go(page: Page) -> None:
            with page.expect_navigation(wait_until="load"):
                step(page)

        self.do(go)

    def write(self, text: str) -> None:
        """Type into whatever has the focus."""
        self.do(lambda page: page.keyboard.type(text))

    def write_into_field(self, text: str) -> None:
        """Once an empty field has the focus: Tab leads into a frame of another process, and out of it, not at once."""

        def has_come(page: Page) -> bool:
            return until(page, lambda: any(frame.evaluate(IN_AN_EMPTY_FIELD) for frame in page.frames))

        assert self.do(has_come), f"no empty field for “{text}”"
        self.write(text)

    def reach(self, role: Role, name: str) -> None:
        """Press Tab until the named control has the focus."""

        def reach(page: Page) -> bool:
            wanted = found(page, role, name)
            for _ in range(MOST_PRESSES):
                if wanted.evaluate(HAS_FOCUS):
                    return True
                page.keyboard.press("Tab")
            return False

        assert self.do(reach), f"no way to the {role} “{name}” by keyboard"

    def evaluate(self, script: str, argument: Any = None) -> Any:
        return self.do(lambda page: page.evaluate(script, argument))


def until(page: Page, is_so: Callable[[], bool]) -> bool:
    """Whether it becomes so. Meanwhile the page goes on."""
    for _ in range(PATIENCE // PAUSE):
        if is_so():
            return True
        page.wait_for_timeout(PAUSE)
    return False


def frame_at(page: Page, address: str) -> Frame:
    """The frame whose address has this in it, once it is loaded."""

    def there() -> list[Frame]:
        return [frame for frame in page.frames if address in frame.url]

    assert until(page, lambda: bool(there())), f"no {address} in {[frame.url for frame in page.frames]}"
    frame = there()[0]
    frame.wait_for_load_state("load")
    return frame


def found(page: Page, role: Role, name: str) -> Locator:
    return page.get_by_role(role, name=name, exact=True)
