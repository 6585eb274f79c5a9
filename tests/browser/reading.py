"""What a page owes to whoever reads it on a telephone, in the dark, by ear or without a mouse."""

from collections.abc import Collection
from pathlib import Path
from typing import Any

from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import Frame, Page

from tests.browser.tab import DESKTOP, LOOKS, Look, Tab

TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
# Nothing is fetched for it: the policy of the pages forbids that, and their styles are their own. Frames are others'.
EVERY_RULE = {
    "runOnly": TAGS,
    "rules": {"target-size": {"enabled": True}},
    "resultTypes": ["violations"],
    "preload": False,
    "iframes": False,
}
# In the dark only colors differ: the rest was judged on a light screen of the same width.
OF_COLORS = {
    "runOnly": ["color-contrast", "link-in-text-block"],
    "resultTypes": ["violations"],
    "preload": False,
    "iframes": False,
}
# What the theme of the back office does not hold to: no page has a main part, some icons are small. Not to grow.
OFFICE = "/admin/"
THEMES = {"landmark-one-main", "landmark-unique", "region", "target-size"}

WIDER = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
TABBABLE = "a[href], summary, select, textarea, [tabindex='0'], :is(button, input):not(:disabled, [type=hidden])"
STOPS = """selector => {
  window.stops = [...document.querySelectorAll(selector)]
    .filter(element => element.checkVisibility() && element.tabIndex >= 0)
  return window.stops.map(element => element.outerHTML.slice(0, 120))
}"""
FOCUSED = """() => {
  const element = document.activeElement
  const place = window.stops.indexOf(element)
  if (place < 0) return null
  const style = getComputedStyle(element)
  const box = element.getClientRects()[0]  // of its first line: a link may run over two
  const top = document.elementFromPoint(box.left + Math.min(box.width, innerWidth) / 2, box.top + box.height / 2)
  const isOutlined = style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 1
  return { place, isSeen: isOutlined && element.contains(top) }
}"""


def complaints(tab: Tab, *, shots: Path | None = None, name: str = "", reopened: bool = False) -> list[str]:
    """What is wrong with the open page, in every look. A picture of each is kept in `shots`, if that is a folder.

    `reopened` opens the page anew for each look: the theme of the back office chooses its colors then.
    """
    found: list[str] = []
    for look in LOOKS:
        tab.looked_at(look)
        if reopened:
            tab.open(tab.address)
        if shots is not None:
            tab.pictured(shots / f"{name}-{look.name}.png")
        found += [f"{look.name}: {said}" for said in (*violations(tab, look), *too_wide(tab))]
    tab.looked_at(DESKTOP)
    return found


def too_wide(tab: Tab) -> list[str]:
    wider = tab.evaluate(WIDER)
    return [f"{wider} px too wide"] if wider > 0 else []


def violations(tab: Tab, look: Look = DESKTOP) -> list[str]:
    """What axe finds."""
    left_out = THEMES if tab.path.startswith(OFFICE) else set()
    return tab.do(lambda page: broken_rules(page.main_frame, look, left_out))


def broken_rules(frame: Frame, look: Look, left_out: Collection[str] = ()) -> list[str]:
    """In one document; the frames in it are others."""
    if not frame.evaluate("() => 'axe' in window"):
        frame.evaluate(AXE_SCRIPT)
    options = EVERY_RULE if look.scheme == "light" else OF_COLORS
    results = frame.evaluate("options => axe.run(options)", options)
    broken = [rule for rule in results["violations"] if rule["id"] not in left_out]
    return [f"{rule['id']}: {node['html'][:160]} {_reason(node)}" for rule in broken for node in rule["nodes"]]


def _reason(node: dict[str, Any]) -> str:
    return "; ".join(check["message"] for check in [*node["any"], *node["all"], *node["none"]])


def unreachable(tab: Tab, *, at_most: int = 60) -> list[str]:
    """Press Tab through the page: what of the first `at_most` is not reached, or not seen to have the focus."""
    stops = tab.evaluate(STOPS, TABBABLE)[:at_most]
    seen: dict[int, bool] = {}
    for _ in range(4 * len(stops) + 4):  # a date has four of its own; frames and the end of the page have some too
        if len(seen) == len(stops):
            break
        focused = tab.do(_next_stop)
        if focused is not None:
            seen[focused["place"]] = focused["isSeen"]
    hidden = [f"focus not seen: {stop}" for place, stop in enumerate(stops) if not seen.get(place, True)]
    return [*hidden, *(f"not reached by Tab: {stop}" for place, stop in enumerate(stops) if place not in seen)]


def _next_stop(page: Page) -> Any:
    page.keyboard.press("Tab")
    return page.evaluate(FOCUSED)
