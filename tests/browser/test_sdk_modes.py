"""Where no frame will do: a window, and this very tab. And what is told when something fails."""

import json
from collections.abc import Iterator
from urllib.parse import parse_qs

import pytest
from playwright.sync_api import Page

from tests.browser.chromium import Chromium
from tests.browser.marks import LOOKED_AT_ONCE
from tests.browser.sdk_shop import SECRET, SERVED, Customer, Shop, customer_of, open_shop
from tests.browser.tab import until

pytestmark = [pytest.mark.browser, LOOKED_AT_ONCE]
IN_SHADOW = "document.querySelector('movmo-express-checkout').shadowRoot"
STATUS = f"() => {IN_SHADOW}.querySelector('[role=status]').textContent"
NOTHING = "This could not open. Nothing was booked or charged."


@pytest.fixture
def shop() -> Iterator[Shop]:
    with open_shop() as opened:
        yield opened


def posted(shop: Shop) -> list[tuple[str, str, list[str]]]:
    return [
        (asked.host, asked.path, parse_qs(asked.body)["client_secret"])
        for asked in shop.asked
        if asked.method == "POST"
    ]


def goes_on_in_this_tab(ana: Customer, shop: Shop) -> None:
    checkout = f"{shop.at('checkout')}/c/ses-1"
    ana.tab.do(lambda page: page.wait_for_url(checkout))
    assert posted(shop) == [("checkout", "/c/ses-1", [SECRET])]
    assert SECRET not in " ".join(shop.urls())


def blocked(ana: Customer) -> None:
    """As a browser does that keeps windows from opening."""
    ana.tab.evaluate("() => { window.open = () => null }")


def test_in_a_window_of_its_own(shop: Shop, browser: Chromium) -> None:
    shop.attributes = 'mode="popup"'
    with customer_of(shop, browser) as ana:
        ana.will_get(shop.session())

        def through(page: Page) -> tuple[dict[str, str], bool, int]:
            with page.expect_popup() as opened:
                page.locator("movmo-express-checkout button").first.click()
            page.wait_for_function("() => heard.length === 1")
            told = opened.value.evaluate("() => init")
            page.locator("movmo-express-checkout button").first.click()  # comes to the front, opens no other
            opened.value.evaluate("() => void setTimeout(() => tell('close', { reason: 'done' }))")
            page.wait_for_function("() => heard.length === 2")
            until(page, opened.value.is_closed)
            return told, opened.value.is_closed(), len(page.context.pages)

        told, was_closed, pages = ana.tab.do(through)
        assert told == {"version": "1", "client_secret": SECRET, "mode": "popup", "theme": "light"}
        assert (was_closed, pages) == (True, 1)
        assert ana.heard == [["ready", {"session_id": "ses-1"}], ["close", {"reason": "done"}]]
        assert SECRET not in " ".join(shop.urls())


def test_whoever_closes_the_window_has_left(shop: Shop, browser: Chromium) -> None:
    shop.attributes = 'mode="popup"'
    with customer_of(shop, browser) as ana:
        ana.will_get(shop.session())

        def through(page: Page) -> None:
            with page.expect_popup() as opened:
                page.locator("movmo-express-checkout button").first.click()
            page.wait_for_function("() => heard.length === 1")
            opened.value.close()
            page.wait_for_function("() => heard.length === 2")

        ana.tab.do(through)
        assert ana.heard[-1] == ["close", {"reason": "window_closed"}]
        assert posted(shop) == []


def test_a_blocked_window_is_told_and_the_next_click_stays_in_this_tab(shop: Shop, browser: Chromium) -> None:
    shop.attributes = 'mode="popup"'
    with customer_of(shop, browser) as ana:
        ana.will_get(shop.session())
        blocked(ana)
        ana.presses()
        ana.sees("close")
        assert ana.heard == [
            ["error", {"code": "popup_blocked", "fatal": False}],
            ["close", {"reason": "popup_blocked"}],
        ]
        assert ana.tab.evaluate(STATUS) == NOTHING
        assert ana.tab.evaluate("() => fetched") == 0
        ana.presses()
        goes_on_in_this_tab(ana, shop)


def test_a_page_that_is_cut_off_from_its_windows(shop: Shop, browser: Chromium) -> None:
    """COOP same-origin: the window is there and reads as closed."""
    shop.attributes = 'mode="popup"'
    shop.headers = {"Cross-Origin-Opener-Policy": "same-origin"}
    with customer_of(shop, browser) as ana:
        ana.will_get(shop.session())
        ana.presses()
        goes_on_in_this_tab(ana, shop)


def test_the_dialog_works_on_a_page_that_is_cut_off_from_its_windows(shop: Shop, browser: Chromium) -> None:
    shop.headers = {"Cross-Origin-Opener-Policy": "same-origin"}
    with customer_of(shop, browser) as ana:
        ana.comes_in()
        assert ana.dialogs == 1


def test_an_isolated_page_can_hold_no_frame(shop: Shop, browser: Chromium) -> None:
    shop.headers = {"Cross-Origin-Opener-Policy": "same-origin", "Cross-Origin-Embedder-Policy": "require-corp"}
    with customer_of(shop, browser) as ana:
        assert ana.tab.evaluate("() => crossOriginIsolated")
        ana.will_get(shop.session())
        ana.presses()
        goes_on_in_this_tab(ana, shop)


def test_in_this_tab_if_the_page_wants_so(shop: Shop, browser: Chromium) -> None:
    shop.attributes = 'mode="redirect"'
    with customer_of(shop, browser) as ana:
        ana.will_get(shop.session())
        ana.presses()
        goes_on_in_this_tab(ana, shop)


@pytest.mark.parametrize("policy", ["no-referrer", "same-origin", "strict-origin-when-cross-origin"])
def test_in_this_tab_the_browser_names_the_page_whatever_its_policy(shop: Shop, browser: Chromium, policy: str) -> None:
    """Movmo takes the secret from no other page."""
    shop.attributes, shop.headers = 'mode="redirect"', {"Referrer-Policy": policy}
    with customer_of(shop, browser) as ana:
        ana.will_get(shop.session())
        ana.presses()
        goes_on_in_this_tab(ana, shop)
    assert [asked.origin for asked in shop.asked if asked.method == "POST"] == [shop.at("partner")]


def never_there(ana: Customer, shop: Shop) -> None:
    ana.at_second(0)
    ana.will_get(shop.session("silent"))
    ana.presses()
    ana.tab.do(lambda page: page.wait_for_function(f"() => {IN_SHADOW}.querySelector('dialog iframe')?.src"))
    ana.at_second(7)
    ana.after(500)
    assert ana.events == []
    ana.at_second(8.5)
    ana.sees("error")


def test_a_frame_that_never_comes_is_offered_a_window_and_then_this_tab(shop: Shop, browser: Chromium) -> None:
    with customer_of(shop, browser) as ana:
        never_there(ana, shop)
        assert ana.heard == [["error", {"code": "frame_unreachable", "fatal": False}]]
        assert ana.tab.evaluate(f"() => {IN_SHADOW}.querySelector('[role=alert]').textContent") == NOTHING
        blocked(ana)
        ana.tab.do(lambda page: page.get_by_role("button", name="Open window").click())
        assert ana.heard[-1] == ["error", {"code": "popup_blocked", "fatal": False}]
        ana.tab.do(lambda page: page.get_by_role("button", name="Continue here").click())
        ana.tab.do(lambda page: page.wait_for_url("**/c/silent"))
        assert posted(shop) == [("checkout", "/c/silent", [SECRET])]


def test_a_frame_that_never_comes_goes_on_in_a_window(shop: Shop, browser: Chromium) -> None:
    with customer_of(shop, browser) as ana:
        never_there(ana, shop)

        def through(page: Page) -> str:
            with page.expect_popup() as opened:
                page.get_by_role("button", name="Open window").click()
            opened.value.wait_for_url("**/c/silent")
            return opened.value.url

        assert ana.tab.do(through) == f"{shop.at('checkout')}/c/silent"
        assert ana.dialogs == 0


def test_the_frame_or_nothing(shop: Shop, browser: Chromium) -> None:
    shop.attributes = 'mode="modal"'
    with customer_of(shop, browser) as ana:
        never_there(ana, shop)
        assert ana.heard == [
            ["error", {"code": "frame_unreachable", "fatal": True}],
            ["close", {"reason": "frame_unreachable"}],
        ]
        assert ana.tab.evaluate(STATUS) == NOTHING
        assert ana.is_on_button()


@pytest.mark.parametrize("url", [None, "javascript:alert(1)", "not an address", ""])
def test_a_session_that_is_none(shop: Shop, browser: Chromium, url: str | None) -> None:
    with customer_of(shop, browser) as ana:
        if url is not None:
            ana.will_get(shop.session() | {"url": url})
        ana.presses()
        ana.sees("close")
        assert ana.heard == [
            ["error", {"code": "session_failed", "fatal": True}],
            ["close", {"reason": "session_failed"}],
        ]
        assert ana.tab.evaluate(STATUS) == NOTHING
        assert ana.dialogs == 0
        ana.comes_in()
        assert ana.tab.evaluate(STATUS) == ""


AHEAD = """() => [...document.querySelector('movmo-express-checkout').shadowRoot.querySelectorAll('iframe[hidden]')]
  .map(frame => frame.src)"""


def test_what_the_checkout_is_made_of_is_fetched_before_the_click(shop: Shop, browser: Chromium) -> None:
    with customer_of(shop, browser) as ana:
        assert ana.tab.evaluate(AHEAD) == []
        for _ in range(2):
            ana.tab.press("Tab")
        assert ana.tab.evaluate(AHEAD) == [f"{shop.at('checkout')}/c"]
        assert ana.tab.evaluate("() => frames.length") == 0  # the page does not see it


@pytest.mark.parametrize("mode", ["popup", "redirect"])
def test_a_page_that_has_no_frame_need_not_allow_any(shop: Shop, browser: Chromium, mode: str) -> None:
    shop.attributes = f'mode="{mode}"'
    with customer_of(shop, browser) as ana:
        ana.tab.press("Tab")
        assert ana.is_on_button()
        assert ana.tab.evaluate(AHEAD) == []


def test_a_session_source_that_was_there_before_the_script(shop: Shop, browser: Chromium) -> None:
    """The page sets `fetchSession` while the element is still unknown to the browser."""
    shop.loading = "defer"
    with customer_of(shop, browser) as ana:
        ana.comes_in()
        assert ana.dialogs == 1


def test_a_version_checked_by_its_digest_where_types_are_trusted(shop: Shop, browser: Chromium) -> None:
    digest = json.loads((SERVED / "integrity.json").read_text())["1.0.0/movmo.js"]
    shop.loading = f'integrity="{digest}" crossorigin="anonymous"'
    shop.headers = {"Content-Security-Policy": f"{shop.policy}; require-trusted-types-for 'script'"}
    with customer_of(shop, browser) as ana:
        ana.comes_in()
        assert ana.dialogs == 1
        assert ana.tab.faults == []
