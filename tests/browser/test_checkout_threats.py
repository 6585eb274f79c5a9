"""Who would like to be in a checkout that is not theirs, and how far they get."""

from typing import Any
from urllib.parse import urlsplit

import pytest
from django.conf import settings

from checkout_widget.session.models import CheckoutSession
from partners.partner.models import Partner
from tests.browser.buyer import EMAIL, REVIEW, Buyer
from tests.browser.conftest import NewBuyer
from tests.browser.strangers import stranger
from tests.browser.tab import Tab, frame_at
from tests.browser.wire import Wire

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

OTHER_SITES = ["evil.localhost", "blog.partner.localhost"]
ALL_METHODS = ["start", "change", "lock", "complete", "error", "close"]
# Everything that a frame says over its port, said as a stranger can: to the window, with and without a port.
FORGED = """([session, methods]) => {
  const params = { session_id: session, versions: ['1'], status: 'completed', total: null, locked: true,
    booking_id: session, record_locator: 'FORGED', code: 'x', fatal: true, reason: 'x' }
  for (const method of ['ready', ...methods]) {
    const message = { jsonrpc: '2.0', method: `movmo.${method}`, params }
    top.postMessage(message, '*')
    top.postMessage(message, '*', [new MessageChannel().port1])
  }
  return new Promise(done => setTimeout(done, 300))
}"""
SRCDOC = """() => {
  document.body.append(Object.assign(document.createElement('iframe'), { name: 'ad', srcdoc: '<p>An advertisement' }))
}"""
MOST_AT_ONCE = 10  # messages; beside them one is let in each second
# The registered page without the button: it speaks the wire itself, and holds the port.
FLOOD = """({ url, client_secret }) => new Promise(done => {
  const frame = Object.assign(document.createElement('iframe'), { src: url, width: 420, height: 720 })
  const { port1: port, port2: theirs } = new MessageChannel()
  const message = (method, params) => ({ jsonrpc: '2.0', method: `movmo.${method}`, params })
  let closes = 0
  let began = 0
  addEventListener('message', function answer ({ source, origin, data }) {
    if (source !== frame.contentWindow || data.method !== 'movmo.ready') return
    removeEventListener('message', answer)
    source.postMessage(message('init', { version: '1', client_secret, mode: 'modal', theme: 'auto' }), origin, [theirs])
  })
  port.onmessage = ({ data }) => {
    if (data.method === 'movmo.close') closes++
    if (data.method !== 'movmo.start') return
    began = performance.now()
    for (let number = 0; number < 5000; number++) {
      port.postMessage(message('close_request', {}))
      port.postMessage(number % 2 ? null : 'x'.repeat(1000))
    }
    setTimeout(() => done([closes, (performance.now() - began) / 1000]), 1500)
  }
  document.body.prepend(frame)
})"""
# A stranger who knows everything, and answers whatever it hears.
ANSWERS = """([url, secret]) => {
  window.heard = []
  addEventListener('message', event => window.heard.push(event.data))
  const other = window.open(url)
  const params = { version: '1', client_secret: secret, mode: 'popup', theme: 'auto' }
  const say = () => other.postMessage({ jsonrpc: '2.0', method: 'movmo.init', params }, '*',
    [new MessageChannel().port1])
  const again = setInterval(say, 50)
  return new Promise(done => setTimeout(() => { clearInterval(again); done(window.heard) }, 1500))
}"""
OPEN = """() => fetch('/sessions', { method: 'POST', headers: { 'Content-Type': 'application/json' },
  body: JSON.stringify({ offer_id: document.getElementById('checkout').dataset.offer }) }).then(told => told.json())"""


def a_session(buyer: Buyer) -> dict[str, Any]:
    """One that nobody has claimed."""
    told: dict[str, Any] = buyer.tab.evaluate(OPEN)
    return told


def is_untouched(session_id: str) -> bool:
    return CheckoutSession.objects.get(pk=session_id).claims == 0


class TestWhoMayFrameIt:
    @pytest.mark.parametrize("host", OTHER_SITES)
    def test_the_registered_origin_and_nobody_else(self, buyer: NewBuyer, tab: Tab, host: str) -> None:
        told = a_session(buyer())
        with stranger(host, f"<iframe src='{told['url']}'></iframe>") as address:
            tab.open(address)
            shown = tab.do(lambda page: [(frame.url, frame.locator("#step").count()) for frame in page.frames])
        assert shown[1] == ("chrome-error://chromewebdata/", 0)
        assert tab.has_fault("frame-ancestors")
        tab.faults.clear()

    def test_a_stolen_session_is_not_framed_with_the_button_either(self, buyer: NewBuyer, tab: Tab) -> None:
        told = a_session(buyer())
        script = f"<script src='{settings.ORIGIN}/static/checkout/v1/movmo.js'></script>"
        with stranger("evil.localhost", f"{script}<movmo-express-checkout></movmo-express-checkout>") as address:
            tab.open(address)
            tab.evaluate(
                "told => { document.querySelector('movmo-express-checkout').fetchSession = async () => told }", told
            )
            tab.do(lambda page: page.get_by_role("button", name="Book with Movmo").click())
            assert tab.has_fault("frame-ancestors")
            assert tab.do(lambda page: sum(frame.locator("#step").count() for frame in page.frames)) == 0
        assert is_untouched(told["session_id"])
        tab.faults.clear()

    def test_a_window_of_its_own_does_not_speak_with_a_stranger(self, buyer: NewBuyer, tab: Tab) -> None:
        told = a_session(buyer())
        with stranger("evil.localhost", "") as address:
            tab.open(address)
            assert tab.evaluate(ANSWERS, [told["url"], told["client_secret"]]) == []
        assert is_untouched(told["session_id"])
        tab.faults.clear()  # the window said to whom it speaks, and the browser that it is not this one

    def test_a_stranger_cannot_send_its_visitor_there_with_a_stolen_secret(self, buyer: NewBuyer, tab: Tab) -> None:
        told = a_session(buyer())
        secret = f"<input name='client_secret' value='{told['client_secret']}'><button>Go</button>"
        with stranger("evil.localhost", f"<form method='post' action='{told['url']}'>{secret}</form>") as address:
            tab.open(address)
            tab.click("button", "Go")
        assert tab.path == urlsplit(told["url"]).path
        assert tab.do(lambda page: page.locator("#step form").count()) == 0
        assert is_untouched(told["session_id"])

    def test_an_address_that_is_opened_by_itself_leads_nowhere(self, buyer: NewBuyer, tab: Tab) -> None:
        told = a_session(buyer())
        tab.open(told["url"])
        assert "Go back to the shop" in tab.text
        assert is_untouched(told["session_id"])


HIDES = {
    "nearly invisible": """() => {
      document.getElementById('checkout').shadowRoot.querySelector('dialog').style.opacity = '.02' }""",
    "something over it": """() => {
      const over = document.body.appendChild(document.createElement('div'))
      over.popover = 'manual'
      over.style.cssText = 'inset: 0; width: 100%; height: 100%; background: #fff; pointer-events: none'
      over.showPopover() }""",
}


@pytest.mark.parametrize("trick", HIDES)
def test_a_button_that_cannot_be_seen_is_not_pressed(buyer: NewBuyer, trick: str) -> None:
    ana = buyer()
    ana.is_about_to_pay()
    ana.waits_for_the_last_button()
    ana.tab.evaluate(HIDES[trick])
    ana.inside(lambda frame: frame.locator("[data-confirm][aria-disabled=true]").wait_for())
    ana.inside(lambda frame: frame.locator("[data-confirm]").click(force=True))
    ana.tab.do(lambda page: page.wait_for_timeout(700))
    ana.sees(REVIEW)
    assert CheckoutSession.objects.get().attempts_made == 0


class TestForgedMessages:
    def test_the_page_hears_nothing_of_them(self, buyer: NewBuyer) -> None:
        ana = buyer()
        ana.press_the_button()
        ana.sees(EMAIL)
        ana.hears("change")
        before = ana.events
        session = CheckoutSession.objects.get()
        forged = [str(session.pk), ALL_METHODS]
        ana.tab.evaluate(SRCDOC)
        ana.tab.evaluate(FORGED, forged)
        ana.tab.do(lambda page: frame_at(page, "about:srcdoc").evaluate(FORGED, forged))
        assert ana.events == before
        assert CheckoutSession.objects.get().claims == 1
        ana.signs_in()  # the port is still the frame's

    def test_of_a_flood_through_the_port_only_a_few_are_heard(self, buyer: NewBuyer) -> None:
        ana = buyer()
        closes, seconds = ana.tab.evaluate(FLOOD, a_session(ana))
        assert MOST_AT_ONCE <= closes <= MOST_AT_ONCE + seconds + 1
        ana.signs_in()
        assert CheckoutSession.objects.get().claims == 1


class TestTheSecret:
    def test_it_is_in_one_body_and_nowhere_else(self, buyer: NewBuyer) -> None:
        ana = buyer()
        wire = Wire(ana.tab)
        ana.tab.evaluate("""() => { const ask = document.getElementById('checkout').fetchSession
          document.getElementById('checkout').fetchSession = async () => (window.told = await ask()) }""")
        ana.press_the_button()
        ana.signs_in()
        secret = str(ana.tab.evaluate("() => window.told.client_secret"))
        sent = wire.sent()
        heads = [text.partition("\n\n")[0] for _, text in sent]
        bodies = [text.partition("\n\n")[2] for _, text in sent]
        assert [head for head in heads if secret in head] == []
        assert [heads[index].split()[1] for index, body in enumerate(bodies) if secret in body] == [
            f"{settings.ORIGIN}/c/{CheckoutSession.objects.get().pk}/claim"
        ]
        (bearer,) = {line.split()[-1] for head in heads for line in head.splitlines() if "Bearer " in line}
        lines = [head.splitlines() for head in heads]
        told = [line for head in lines for line in head if not line.startswith("authorization:")]
        assert [line for line in [*told, *bodies] if bearer in line] == []
        assert "cookie" not in "\n".join(heads).lower()
        assert secret not in wire.kept()

    def test_whoever_holds_it_is_not_thereby_the_traveler(self, buyer: NewBuyer) -> None:
        """A second frame begins unknown, and the first one's token is none any more."""
        ana, bo = buyer(), buyer()
        told = a_session(ana)
        for one in (ana, bo):
            one.tab.evaluate("told => { document.getElementById('checkout').fetchSession = async () => told }", told)
        ana.press_the_button()
        ana.signs_in()
        bo.press_the_button()
        bo.sees(EMAIL)
        assert "ana@example.com" not in bo.text
        assert CheckoutSession.objects.get().user_id is None
        ana.click("Add a new passenger")
        ana.hears("error")
        assert "opened again in another place" in ana.text
        ana.tab.faults.clear()


def test_names_stay_text(buyer: NewBuyer, aviare: Partner) -> None:
    aviare.name = "<img src=x onerror=alert(1)>"
    aviare.save()
    ana = buyer()
    ana.press_the_button()
    ana.sees(EMAIL)
    assert aviare.name in ana.inside(lambda frame: frame.inner_text("header"))
    assert ana.inside(lambda frame: frame.locator("header img").count()) == 0
