"""What is on the screen stays where it is: in the shop's page, in the dialog, and in Movmo's frame within it."""

from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Page

from tests.browser.conftest import NewBuyer
from tests.browser.marks import LOOKED_AT_ONCE
from tests.browser.tab import Look

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True), LOOKED_AT_ONCE]
LOOKS = [Look("phone", 390, 844, "light"), Look("desktop", 1280, 800, "light")]
LEAST_SHIFT = 0.01
# Also what follows a press within half a second, which browsers would excuse.
SHIFTS = """new PerformanceObserver(list => list.getEntries().forEach(({ value, sources }) => {
  const box = rect => `${rect.x},${rect.y} ${rect.width}x${rect.height}`
  const names = sources.map(({ node, previousRect, currentRect }) =>
    `${node?.nodeName}.${node?.className} ${box(previousRect)} to ${box(currentRect)}`);
  (window.shifts ??= []).push([value, ...names])
})).observe({ type: 'layout-shift', buffered: true })"""


def watched(context: BrowserContext) -> None:
    context.add_init_script(SHIFTS)


def shifts(page: Page) -> list[list[Any]]:
    page.wait_for_timeout(300)
    return [one for frame in page.frames for one in frame.evaluate("() => window.shifts ?? []")]


@pytest.mark.parametrize("look", LOOKS, ids=lambda look: look.name)
def test_nothing_moves_from_the_shop_to_the_review(buyer: NewBuyer, look: Look) -> None:
    ana = buyer()
    ana.tab.looked_at(look)
    ana.tab.do(lambda page: page.emulate_media(reduced_motion="no-preference"))
    ana.tab.do_in_context(watched)
    ana.tab.do(lambda page: page.reload())
    ana.press_the_button()
    ana.signs_in()
    moved = ana.tab.do(shifts)
    assert sum(one[0] for one in moved) < LEAST_SHIFT, moved
