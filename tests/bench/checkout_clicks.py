"""Presses the button in the demo's shop, in a real browser, each time as somebody who has never been there.

    python -m tests.bench.checkout_clicks <port> <clicks>

Prints JSON: `clicks`, for each of them the milliseconds from the click until … by name (see MOMENTS), and `pages`, the
frame's own page and its first fragment. `null` without a browser.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from typing import Any

from tests.bench import django_ready  # noqa: F401  (before anything that needs Django)

# isort: split
from movmo.demo.shop import place
from tests.bench.devtools import Devtools
from tests.bench.stage import BenchBroke
from tests.browser import chromium

PRESS_SECONDS = 0.1
"""From the pointer on the button to the click: what a finger takes, which is there and away again. A hand with a mouse
takes longer. The clock starts with the click."""
PATIENCE = 10  # seconds
LOOKS_EVERY = 0.2

MOMENTS = ("session", "document", "script", "claimed", "typable", "on screen")
"""The shop has its session; the frame's document is there; its script is, and claims; the claim is answered, with the
first step; that is painted, its field has the focus and its script is there; it is on the screen."""
IS_READY = "document.readyState === 'complete' && Boolean(customElements.get('movmo-express-checkout'))"
MIDDLE = """(() => {
  const { x, y, width, height } = document.querySelector('movmo-express-checkout').getBoundingClientRect()
  return [x + width / 2, y + height / 2]
})()"""
WATCH = """addEventListener('click', event => { window.pressed ??= performance.timeOrigin + event.timeStamp }, true)"""
# What browsers note by themselves, read afterwards. By the clock of the machine.
OF_PAGE = """(() => {
  const asked = performance.getEntriesByType('resource').find(one => one.name.endsWith('/sessions'))
  return { pressed: window.pressed, session: performance.timeOrigin + asked.responseEnd }
})()"""
OF_FRAME = """new Promise(resolve => {
  const now = stamp => performance.timeOrigin + stamp
  new PerformanceObserver(async list => {
    const painted = list.getEntries().find(one => one.element?.closest('#step'))
    if (!painted || !document.querySelector('#step form input')) return
    const [document_] = performance.getEntriesByType('navigation')
    const claim = performance.getEntriesByType('resource').find(one => one.name.endsWith('/claim'))
    const page = await (await fetch(location.href)).text()
    resolve({
      document: now(document_.responseEnd), script: now(claim.startTime), claimed: now(claim.responseEnd),
      typable: now(painted.paintTime || painted.startTime), 'on screen': now(painted.startTime),
      pages: [page, document.querySelector('#step').innerHTML],
    })
  }).observe({ type: 'largest-contentful-paint', buffered: true })
})"""


def main(port: str, clicks: int) -> None:
    executable = chromium.find()
    if executable is None:
        sys.stdout.write("null\n")
        return
    with Devtools(executable, served_at=f"http://127.0.0.1:{port}") as browser:
        _click(browser)  # what a server does once for all
        seen = [_click(browser) for _ in range(clicks)]
    sys.stdout.write(json.dumps({"clicks": [times for times, _ in seen], "pages": seen[-1][1]}) + "\n")


def _click(browser: Devtools) -> tuple[dict[str, float], list[str]]:
    context = browser.call("Target.createBrowserContext")["browserContextId"]
    opened = browser.call("Target.createTarget", url="about:blank", browserContextId=context)
    page = browser.attached(opened["targetId"])
    browser.call("Page.navigate", page, url=f"{place.origin()}/")
    _until(lambda: browser.evaluate(page, IS_READY))
    time.sleep(1)  # the page is done with itself
    browser.evaluate(page, WATCH)
    _press(browser, page)
    time.sleep(1)  # whoever asks meanwhile is in the way
    frame = browser.attached(_until(lambda: _frame(browser)))
    found = browser.evaluate(frame, OF_FRAME)
    pages = found.pop("pages")
    found |= browser.evaluate(page, OF_PAGE)
    browser.call("Target.disposeBrowserContext", browserContextId=context)
    return {name: found[name] - found["pressed"] for name in MOMENTS}, pages


def _press(browser: Devtools, page: str) -> None:
    x, y = browser.evaluate(page, MIDDLE)
    browser.call("Input.dispatchMouseEvent", page, type="mouseMoved", x=x, y=y)
    time.sleep(PRESS_SECONDS)
    for kind in ("mousePressed", "mouseReleased"):
        browser.call("Input.dispatchMouseEvent", page, type=kind, x=x, y=y, button="left", clickCount=1)


def _frame(browser: Devtools) -> str | None:
    found = browser.call("Target.getTargets", filter=[{"type": "iframe"}])["targetInfos"]
    return next((str(one["targetId"]) for one in found if "/c/" in one["url"]), None)


def _until(look: Callable[[], Any]) -> Any:
    """Raises BenchBroke."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        if found := look():
            return found
        time.sleep(LOOKS_EVERY)
    raise BenchBroke("the shop's page, or the frame in it, did not come")


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
