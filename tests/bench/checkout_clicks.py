"""Presses the button in the demo's shop, in a real browser, each time as somebody who has never been there.

    python -m tests.bench.checkout_clicks <port> <clicks>

Prints JSON: `clicks`, the milliseconds from a click until the first field of the frame is painted and its script is
there, and `pages`, the frame's own page and its first fragment. `null` without a browser.
"""

from __future__ import annotations

import json
import sys
from urllib.parse import urlsplit

from tests.bench import django_ready  # noqa: F401  (before anything that needs Django)

# isort: split
from playwright.sync_api import Browser, Frame, Page, Response

from movmo.demo.shop import place
from tests.browser import chromium
from tests.browser.chromium import Chromium

# In every frame: when it was pressed, and when the field had been painted. Both by the clock of the machine.
WATCH = """() => {
  const now = stamp => performance.timeOrigin + stamp
  addEventListener('click', event => { window.pressed ??= now(event.timeStamp) }, true)
  const look = () => {
    if (!document.querySelector('#step form input')) return
    watcher.disconnect()
    requestAnimationFrame(() => setTimeout(() => { window.typable = now(performance.now()) }))
  }
  const watcher = new MutationObserver(look)
  watcher.observe(document, { childList: true, subtree: true })
}"""
BUTTON = "Book with Movmo"


def main(port: str, clicks: int) -> None:
    executable = chromium.find()
    if executable is None:
        sys.stdout.write("null\n")
        return
    opened = Chromium(executable, served_at=f"http://127.0.0.1:{port}")
    try:
        opened.do(_click)  # what a server does once for all
        seen = [opened.do(_click) for _ in range(clicks)]
    finally:
        opened.close()
    sys.stdout.write(json.dumps({"clicks": [time for time, _ in seen], "pages": seen[-1][1]}) + "\n")


def _click(browser: Browser) -> tuple[float, list[str]]:
    context = browser.new_context()
    try:
        context.add_init_script(f"({WATCH})()")
        page = context.new_page()
        answers: list[Response] = []
        page.on("response", lambda answer: answers.append(answer))
        page.goto(f"{place.origin()}/", wait_until="networkidle")
        page.get_by_role("button", name=BUTTON).click()
        typable = float(_frame_of(page).wait_for_function("() => window.typable").json_value())
        pressed = float(page.evaluate("() => window.pressed"))
        return typable - pressed, [one.text() for one in answers if _is_a_page(one)]
    finally:
        context.close()


def _frame_of(page: Page) -> Frame:
    while not (found := [one for one in page.frames if "/c/" in one.url]):
        page.wait_for_timeout(5)
    return found[0]


def _is_a_page(answer: Response) -> bool:
    path = urlsplit(answer.url).path
    return path.startswith("/c/") and not path.endswith("/claim")


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
