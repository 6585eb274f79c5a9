"""The button's dialog and its words with the checkout in it."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Dialog, Page

from tests.browser.chromium import Chromium
from tests.browser.marks import LOOKED_AT_ONCE
from tests.browser.sdk_shop import SECRET, Customer, Shop, customer_of, open_shop
from tests.browser.tab import ESCAPE, frame_at

pytestmark = [pytest.mark.browser, LOOKED_AT_ONCE]
TOTAL = {"amount": "412.30", "currency": "EUR"}
IN_SHADOW = "document.querySelector('movmo-express-checkout').shadowRoot"
FORGED = """frame => {
  const message = (method, params) => ({ jsonrpc: '2.0', method: `movmo.${method}`, params })
  for (const method of ['ready', 'complete', 'error', 'close', 'start'])
    frame.postMessage(message(method, { versions: ['1'], session_id: 'ses-1', booking_id: 'b', code: 'x' }), '*')
}"""


@pytest.fixture
def shop() -> Iterator[Shop]:
    with open_shop() as opened:
        yield opened


@pytest.fixture
def ana(shop: Shop, browser: Chromium) -> Iterator[Customer]:
    with customer_of(shop, browser) as customer:
        yield customer
        assert customer.tab.faults == []


def test_from_the_click_to_the_end(ana: Customer, shop: Shop) -> None:
    ana.comes_in()
    ana.told("change", status="ready", total=TOTAL)
    ana.told("complete", session_id="ses-1", booking_id="bk-1", record_locator="BCDFGH")
    ana.told("close", reason="done")
    ana.sees("close")
    assert ana.heard == [
        ["ready", {"session_id": "ses-1"}],
        ["change", {"session_id": "ses-1", "status": "ready", "total": TOTAL}],
        ["complete", {"session_id": "ses-1", "booking_id": "bk-1", "record_locator": "BCDFGH"}],
        ["close", {"reason": "done"}],
    ]
    assert ana.dialogs == 0
    assert ana.is_on_button()
    assert SECRET not in " ".join(shop.urls())


def test_the_checkout_gets_the_secret_and_how_it_stands(ana: Customer) -> None:
    ana.comes_in()
    assert ana.in_frame("() => init") == {"version": "1", "client_secret": SECRET, "mode": "modal", "theme": "light"}


def test_the_frame_may_do_what_a_checkout_needs(ana: Customer, shop: Shop) -> None:
    ana.comes_in()
    frame = f"{IN_SHADOW}.querySelector('dialog iframe')"
    allowed = ana.tab.evaluate(f"() => [...{frame}.attributes].map(one => [one.name, one.value])")
    movmo = shop.at("checkout")
    assert {name: value for name, value in allowed if name not in ("style", "title")} == {
        "sandbox": "allow-scripts allow-same-origin allow-forms allow-popups allow-popups-to-escape-sandbox",
        "allow": f"payment {movmo}; publickey-credentials-get {movmo}",
        "referrerpolicy": "strict-origin",
        "src": f"{movmo}/c/ses-1",
    }
    assert ana.tab.evaluate(f"() => {frame}.getBoundingClientRect().width") == 440
    ana.sees_frame(480)
    assert ana.tab.evaluate(f"() => {frame}.getBoundingClientRect().height") == 480


def test_a_checkout_that_is_loaded_anew_asks_again(ana: Customer) -> None:
    ana.comes_in()
    ana.in_frame("() => void setTimeout(() => location.reload(), 50)")
    ana.tab.do(lambda page: page.wait_for_function("() => heard.filter(([name]) => name === 'ready').length === 2"))
    assert ana.in_frame("() => init.client_secret") == SECRET
    ana.told("close", reason="done")
    ana.sees("close")
    assert ana.events == ["ready", "ready", "close"]


def test_another_offer_in_the_same_dialog(ana: Customer, shop: Shop) -> None:
    ana.comes_in()
    other = shop.session("ses-2") | {"client_secret": "mvm_cs_other"}
    ana.tab.evaluate("other => button.setOffer(other)", other)
    ana.tab.do(lambda page: page.wait_for_function("() => heard.length === 2"))
    assert ana.heard == [["ready", {"session_id": "ses-1"}], ["ready", {"session_id": "ses-2"}]]
    assert ana.in_frame("() => init.client_secret") == "mvm_cs_other"
    assert ana.dialogs == 1


def test_no_other_offer_while_one_is_being_bought(ana: Customer, shop: Shop) -> None:
    """The session that a frame which is loaded anew would get is still the one that is paid for."""
    ana.comes_in()
    ana.is_locked(True)
    other = shop.session("ses-2") | {"client_secret": "mvm_cs_other"}
    ana.tab.evaluate("other => button.setOffer(other)", other)
    ana.told("complete", session_id="ses-1", booking_id="bk-1", record_locator="BCDFGH")
    ana.sees("complete")
    assert {detail["session_id"] for _, detail in ana.heard} == {"ses-1"}
    ana.in_frame("() => void setTimeout(() => location.reload(), 50)")
    ana.tab.do(lambda page: page.wait_for_function("() => heard.filter(([name]) => name === 'ready').length === 2"))
    assert ana.in_frame("() => init.client_secret") == SECRET


def test_forged_words_of_the_page_itself(ana: Customer) -> None:
    ana.comes_in()
    ana.tab.evaluate(f"() => ({FORGED})(window)")
    ana.after(100)
    assert ana.events == ["ready"]


def test_forged_words_of_a_frame_without_an_address(ana: Customer) -> None:
    ana.comes_in()
    forge = f"({FORGED})(parent)"
    ana.tab.evaluate(
        "() => { const made = document.createElement('iframe'); made.srcdoc = '<p>'; document.body.append(made) }"
    )
    ana.tab.do(lambda page: frame_at(page, "about:srcdoc").evaluate(f"() => {forge}"))
    ana.after(100)
    assert ana.events == ["ready"]


def test_forged_words_of_another_origin(ana: Customer, shop: Shop) -> None:
    """`evil` says what a checkout says, from a frame of its own and of the session's id."""
    ana.comes_in()
    ana.tab.evaluate(
        "src => { const frame = document.createElement('iframe'); frame.src = src; document.body.append(frame) }",
        f"{shop.at('evil')}/evil",
    )
    ana.tab.do(lambda page: frame_at(page, "/evil").evaluate(f"() => ({FORGED})(parent)"))
    ana.after(100)
    assert ana.events == ["ready"]


def test_a_frame_that_was_led_elsewhere_gets_no_secret(ana: Customer, shop: Shop) -> None:
    ana.will_get(shop.session("silent"))
    ana.presses()
    ana.in_frame("address => { location.href = address }", f"{shop.at('evil')}/evil")
    ana.tab.do(
        lambda page: frame_at(page, "/evil").evaluate(
            "() => { window.got = []; addEventListener('message', event => got.push(event.data)); parent.postMessage("
            "{ jsonrpc: '2.0', method: 'movmo.ready', params: { versions: ['1'], session_id: 'silent' } }, '*') }"
        )
    )
    ana.after(100)
    got = ana.tab.do(lambda page: frame_at(page, "/evil").evaluate("() => got"))
    assert got == []
    assert ana.events == []
    assert ana.tab.evaluate(f"() => {IN_SHADOW}.querySelector('.x') !== null"), "it was taken for the checkout"


def test_locked_it_stays_whatever_the_traveler_does(ana: Customer) -> None:
    ana.comes_in()
    ana.is_locked(True)
    ana.tab.evaluate(f"() => {IN_SHADOW}.querySelector('dialog').focus()")
    for _ in range(3):
        ana.tab.press("Escape")
    ana.tab.do(lambda page: page.mouse.click(10, 10))
    ana.tab.evaluate(f"() => {IN_SHADOW}.querySelector('dialog').close()")
    ana.after(1_500)
    assert ana.dialogs == 1
    assert ana.events == ["ready", "change"]
    ana.is_locked(False)
    ana.tab.do(lambda page: page.mouse.click(10, 10))
    ana.sees("close")
    assert ana.heard[-1] == ["close", {"reason": "page"}]


def test_locked_and_unanswered_for_a_minute_the_traveler_is_asked(ana: Customer) -> None:
    ana.at_second(0)
    asked: list[str] = []

    def says_yes(dialog: Dialog) -> None:
        asked.append(dialog.message)
        dialog.accept()

    ana.tab.do(lambda page: page.on("dialog", says_yes))
    ana.comes_in("deaf")
    ana.is_locked(True)
    ana.tab.evaluate("() => button.close()")
    ana.at_second(59)
    ana.tab.evaluate("() => button.close()")
    assert (asked, ana.dialogs) == ([], 1)
    ana.at_second(61)
    ana.tab.evaluate("() => void setTimeout(() => button.close())")
    ana.sees("close")
    assert ana.heard[-1] == ["close", {"reason": "forced"}]
    assert asked == ["This was interrupted. Check your e-mail before you book again."]


def test_without_an_answer_it_is_closed_after_a_second(ana: Customer) -> None:
    ana.at_second(0)
    ana.comes_in("deaf")
    ana.tab.do(lambda page: page.mouse.click(10, 10))
    ana.at_second(0.9)
    ana.after(500)
    assert ana.dialogs == 1
    ana.at_second(1.1)
    ana.sees("close")
    assert ana.heard[-1] == ["close", {"reason": "forced"}]
    assert ana.is_on_button()


def test_two_clicks_one_dialog(ana: Customer, shop: Shop) -> None:
    ana.will_get(shop.session())
    ana.tab.do(lambda page: page.locator("movmo-express-checkout button").first.dblclick())
    ana.sees("ready")
    assert (ana.dialogs, ana.tab.evaluate("() => fetched")) == (1, 1)


def test_the_keyboard_alone(ana: Customer, shop: Shop) -> None:
    ana.will_get(shop.session())
    ana.tab.press("Tab")
    assert ana.is_on_button()
    ana.tab.press("Enter")
    ana.sees("ready")
    ana.tab.press("Tab")
    assert ana.in_frame("() => document.activeElement.id") == "pay"
    ana.in_frame(ESCAPE)
    ana.sees("close")
    assert ana.is_on_button()
    ana.tab.press("Enter")
    ana.tab.do(lambda page: page.wait_for_function("() => heard.length === 3"))
    assert ana.events == ["ready", "close", "ready"]


def test_closed_before_it_is_there(ana: Customer, shop: Shop) -> None:
    ana.will_get(shop.session("silent"))
    ana.presses()
    ana.tab.press("Escape")
    ana.sees("close")
    assert ana.heard == [["close", {"reason": "dismissed"}]]


def test_the_page_behind_does_not_scroll(ana: Customer) -> None:
    overflow = "() => document.documentElement.style.overflow"
    ana.tab.evaluate("() => { document.documentElement.style.overflow = 'scroll' }")
    ana.comes_in()
    assert ana.tab.evaluate(overflow) == "hidden"
    ana.tab.evaluate("() => button.remove()")
    assert ana.tab.evaluate(overflow) == "scroll"


def test_an_error_of_the_checkout_is_told_and_unlocks(ana: Customer) -> None:
    ana.comes_in("deaf")
    ana.is_locked(True)
    ana.told("error", code="session_expired", fatal=True)
    ana.sees("error")
    assert ana.heard[-1] == ["error", {"code": "frame_error", "fatal": True, "frame_code": "session_expired"}]
    ana.tab.do(lambda page: page.mouse.click(10, 10))
    ana.sees("close")
    status = ana.tab.evaluate(f"() => {IN_SHADOW}.querySelector('[role=status]').textContent")
    assert status == "", "the checkout has said itself what became of it"


def test_a_second_checkout_on_the_page_gets_no_secret_of_the_first(ana: Customer, shop: Shop) -> None:
    """Of Movmo's own origin, but not the frame that the dialog holds."""
    ana.comes_in()
    other = f"{shop.at('checkout')}/c/silent"
    ana.tab.evaluate(
        "src => { const frame = document.createElement('iframe'); frame.src = src; document.body.append(frame) }", other
    )

    def forge(page: Page) -> object:
        frame = frame_at(page, other)
        frame.evaluate(f"() => ({FORGED})(parent)")
        page.wait_for_timeout(100)
        return frame.evaluate("() => window.init ?? null")

    assert ana.tab.do(forge) is None
    assert ana.events == ["ready"]
