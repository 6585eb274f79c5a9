"""The system's Chromium, on the server that the tests started, under the address that the server is known by."""

import asyncio
import os
import shutil
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar
from urllib.parse import urlsplit

from django.conf import settings
from playwright.sync_api import Browser, Playwright, sync_playwright

from movmo.demo.shop import place

T = TypeVar("T")
MACOS = "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome"
NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome", MACOS)
LONGEST_STEP = 120  # seconds


def find() -> str | None:
    """The browser of this machine. None is ever downloaded."""
    return next((path for path in map(shutil.which, NAMES) if path), None)


class Chromium:
    """One browser, and the only thread that may touch it.

    Playwright's objects belong to the thread that made them, and it leaves an event loop running there, in which Django
    refuses to use the database: so that must not be the test's own thread.
    """

    def __init__(self, executable: str, *, served_at: str, longest_step: float = LONGEST_STEP) -> None:
        sandbox = ["--no-sandbox"] if os.geteuid() == 0 else []  # root has none
        rules = f"--host-resolver-rules={resolver_rules(served_at)}"
        self._wanted: dict[str, Any] = {"executable_path": executable, "args": [*sandbox, rules]}
        self._longest_step = longest_step
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="chromium")
        self._loop, self._playwright = self._thread.submit(_started).result(LONGEST_STEP)
        self.launches = 0
        self._launch()

    def _launch(self) -> None:
        self._browser = self._thread.submit(self._launched).result(LONGEST_STEP)
        self.launches += 1

    def _launched(self) -> Browser:
        try:
            return self._playwright.chromium.launch(**self._wanted)
        except BaseException:
            self._playwright.stop()
            raise

    def do(self, step: Callable[[Browser], T]) -> T:
        """Whoever is not answered in time gets a TimeoutError; whoever comes next, another browser."""
        asked = self._thread.submit(step, self._browser)
        try:
            return asked.result(self._longest_step)
        except TimeoutError:
            if not asked.done():
                self._loop.call_soon_threadsafe(_give_up)
                self._launch()
            raise

    def close(self) -> None:
        self._thread.submit(self._playwright.stop).result(LONGEST_STEP)  # and with it each browser that it launched
        self._thread.shutdown()


class GivenUp(KeyboardInterrupt):
    """In the thread of a browser, where a step waits for it in vain: asyncio keeps other exceptions to itself."""


def _give_up() -> None:
    raise GivenUp


def _started() -> tuple[asyncio.AbstractEventLoop, Playwright]:
    playwright = sync_playwright().start()
    return asyncio.get_running_loop(), playwright


def resolver_rules(served_at: str) -> str:
    """Names to addresses; the first that fits counts.

    Tokens and redirects name the public origin, on whose port another test run may be listening: its name leads to our
    server instead. So does `localhost`, which passkeys need, because an address cannot be the name of a relying party,
    and so does the demo's shop. Other loopback ports are clients that wait for an answer, under names of other sites
    too: `evil.localhost`. Everything else does not exist.
    """
    public, ours = urlsplit(settings.ORIGIN), urlsplit(served_at).netloc
    led_to_us = [public.netloc, f"localhost:{public.port}", urlsplit(place.origin()).netloc]
    elsewhere = ["127.0.0.1 127.0.0.1", "*.localhost 127.0.0.1", "* ~NOTFOUND"]
    rules = [*(f"{name} {ours}" for name in led_to_us), *elsewhere]
    return ",".join(f"MAP {rule}" for rule in rules)
