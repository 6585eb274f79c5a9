"""Somebody who buys a flight in the demo's shop: what they do, on the page and in Movmo's frame within it."""

from collections.abc import Callable
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import TypeVar
from urllib.parse import urlencode

from playwright.sync_api import Frame, FrameLocator, Page

from bookings.booking.models import Booking
from movmo.kit import clock
from tests.browser.person import code_from_letter
from tests.browser.reading import WIDER, broken_rules
from tests.browser.tab import CLICK, DESKTOP, HAS_FOCUS, LOOKS, MOST_PRESSES, PATIENCE, PAUSE, Look, Role, Tab, until

T = TypeVar("T")
# The smallest telephone, and the desktop at 200 %.
CRAMPED = (Look("narrow", 320, 568, "light"), Look("zoomed", 640, 450, "light"))
CARD, CVC = "4242424242424242", "739"
OF_FOUR_DIGITS = "7391"  # on the cards of American Express
# The headings of the frame's steps.
EMAIL, CODE, REVIEW, PASSENGER = "Who is booking?", "Enter the code", "Check and pay", "Who flies?"
NEW_CARD, WAITING, BOOKED = "Add a card", "Checking with the airline", "You are booked"
# What was asked for has come, and all of it is in its place: the next click is heard.
AT_REST = "#step:not([aria-busy])"
SETTLING = 150  # milliseconds, for the frame to follow another size of the window
# How large the page shows the frame, and the frame knows that it is; the height is what it has asked for, if it has.
SHOWN = """() => {
  const frame = document.querySelector('movmo-express-checkout')?.shadowRoot.querySelector('dialog iframe')
  return frame ? [frame.clientWidth, frame.clientHeight, parseInt(frame.style.height) || null] : []
}"""
KNOWN = "() => [innerWidth, innerHeight, Math.ceil(document.body.getBoundingClientRect().height)]"
# Text that its box cuts off, a first button that one has to look for, and what moves although nothing should. A name of
# a partner may be cut; in a sheet that is lower than thirty letters the button scrolls along.
MISPLACED = """() => {
  const isCut = one => one.checkVisibility() && !one.matches('input, select, .unseen, .partner') &&
    one.scrollWidth > one.clientWidth + 1 && getComputedStyle(one).overflowX !== 'visible'
  const button = document.querySelector('.dock .button')?.getBoundingClientRect()
  const isLost = button && innerHeight >= 480 && (button.top < 0 || button.bottom > innerHeight)
  return [
    ...[...document.querySelectorAll('body *')].filter(isCut).map(one => `cut off: ${one.outerHTML.slice(0, 120)}`),
    ...(isLost ? [`out of sight: the button at ${button.top}, of ${innerHeight}`] : []),
    ...document.getAnimations().map(one => `moves: ${one.effect.target.outerHTML.slice(0, 120)}`)
  ]
}"""
EVENTS = "() => [...document.querySelectorAll('#events li')].map(line => line.dataset.event)"
FACTS = """() => Object.fromEntries([...document.querySelectorAll('#session div')]
  .map(row => [row.querySelector('dt').textContent, row.querySelector('dd').textContent]))"""


class Buyer:
    """`tab` shows the shop. In redirect mode and in a window of its own the checkout is the page itself."""

    def __init__(self, tab: Tab, **chosen: str) -> None:
        self.tab = tab
        assert tab.open(f"/?{urlencode(chosen)}") == 200
        tab.do(lambda page: page.wait_for_function("() => customElements.get('movmo-express-checkout')"))

    # The page

    def press_the_button(self) -> None:
        self.tab.do(lambda page: page.get_by_role("button", name="Book with Movmo").click())

    @property
    def events(self) -> list[str]:
        """What the page has heard."""
        found: list[str] = self.tab.evaluate(EVENTS)
        return found

    def hears(self, event: str) -> None:
        self.tab.do(lambda page: page.wait_for_selector(f"#events [data-event={event}]"))

    def reads(self, name: str, text: str) -> None:
        """Waits until the shop's server has read this of the session."""
        script = f"([name, text]) => ({FACTS})()[name] === text"
        self.tab.do(lambda page: page.wait_for_function(script, arg=[name, text]))

    # The frame

    def inside(self, step: Callable[[Frame], T]) -> T:
        """Values may come out of it; Playwright's own objects must not."""
        return self.tab.do(lambda page: step(frame_of(page)))

    def sees(self, heading: str) -> None:
        """Waits until the frame is at this step."""
        self.inside(lambda frame: frame.locator(f"{AT_REST} h1", has_text=heading).wait_for())

    def rests(self) -> None:
        """Waits for the answer to what the frame has asked."""
        self.inside(lambda frame: frame.locator(AT_REST).wait_for())

    def looks_again(self) -> None:
        """Loads the step anew."""
        self.rests()  # the frame drops what is asked beside another request
        self.inside(lambda frame: frame.evaluate("() => { movmo.step() }"))

    def waits_for_the_airline(self) -> None:
        """However long it is looked at: nobody asks the airline again."""
        self.sees(WAITING)
        Booking.objects.update(lease_until=clock.now() + timedelta(hours=1))

    @property
    def text(self) -> str:
        return self.inside(lambda frame: frame.inner_text("main"))

    def complaints(self, shots: Path | None, name: str) -> list[str]:
        """What is wrong with this step and with the page around it, in every look. Pictures are kept in `shots`."""
        found: list[str] = []
        for look in (*LOOKS, *CRAMPED):
            self.tab.looked_at(look)
            found += [f"{look.name}: {said}" for said in self.tab.do(partial(_complaints, look=look))]
            if shots is not None:
                file = shots / f"{name}-{look.name}.png"
                self.tab.do(partial(_pictured, file=file))
        self.tab.looked_at(DESKTOP)
        self.tab.do(_settled)  # the next click meets what it aims at
        return found

    def forgives(self, path: str, status: int) -> None:
        """An answer that was brought about on purpose. It has to be there."""
        assert self.excuses(path, status), f"no {path}: {status} in {self.tab.faults}"

    def excuses(self, path: str, status: int) -> bool:
        """An answer that may come, or not. Whether it has."""
        faults = self.tab.faults
        others = [one for one in faults if not one.endswith(f"/{path}: {status}")]
        has_come = len(others) < len(faults)
        faults[:] = others
        return has_come

    def fill(self, label: str, text: str) -> None:
        self.inside(lambda frame: frame.get_by_label(label, exact=True).fill(text))

    def click(self, name: str, role: Role = "button") -> None:
        self.inside(lambda frame: frame.get_by_role(role, name=name, exact=True).click())

    def leaves(self, button: str) -> None:
        """Click on what takes its frame away, from within: the browser would never say that it has clicked."""

        def click(frame: Frame) -> None:
            wanted = frame.get_by_role("button", name=button, exact=True)
            wanted.click(trial=True)  # waits until it could be clicked
            wanted.evaluate(CLICK)

        self.inside(click)

    def leaves_by_enter(self) -> None:
        """The same with the button that has the focus."""
        self.inside(lambda frame: frame.locator("button:focus").evaluate(CLICK))

    def reach(self, role: Role, name: str, *, exact: bool = True) -> None:
        """Press Tab until the named control of the frame has the focus."""

        def reach(page: Page) -> bool:
            wanted = frame_of(page).get_by_role(role, name=name, exact=exact).first
            wanted.wait_for()
            for _ in range(MOST_PRESSES):
                if wanted.evaluate(HAS_FOCUS) and page.evaluate("() => document.hasFocus()"):
                    return True
                page.keyboard.press("Tab")
            return False

        assert self.tab.do(reach), f"no way to the {role} “{name}” by keyboard"

    # The way to a booking, with the mouse

    def signs_in(self, email: str = "ana@example.com") -> None:
        self.sees(EMAIL)
        self.fill("Your e-mail address", email)
        self.click("Send me a code")
        self.sees(CODE)
        self.fill("Code", code_from_letter())
        self.click("Go on")
        self.sees(REVIEW)

    def names_a_passenger(self, family_name: str = "Andersson") -> None:
        """The sandbox airline does what the family name says."""
        self.click("Add a new passenger")
        self.sees(PASSENGER)
        self.fill("Given names", "Ana")
        self.fill("Family name", family_name)
        self.fill("Date of birth", "1988-04-04")
        self.inside(lambda frame: frame.get_by_label("Gender", exact=True).select_option("X"))
        self.click("Save and go on")
        self.sees(REVIEW)

    def opens_the_card_form(self) -> None:
        self.click("Add a card")
        self.sees(NEW_CARD)
        self.inside(lambda frame: frame.get_by_role("button", name="Add the card", disabled=False).wait_for())

    def adds_a_card(self, number: str = CARD) -> None:
        self.opens_the_card_form()
        self.fill("Name on the card", "Ana Andersson")
        self.types_into_the_vault("number", number)
        self.types_into_the_vault("cvv", OF_FOUR_DIGITS if number.startswith("37") else CVC)
        self.fill("Month", "12")
        self.fill("Year", "2034")
        self.click("Add the card")
        self.sees(REVIEW)

    def types_into_the_vault(self, field: str, text: str) -> None:
        self.inside(
            lambda frame: (
                frame.frame_locator(f"iframe[name=movmo-vault-{field}]").locator("input").press_sequentially(text)
            )
        )

    def is_about_to_pay(self, family_name: str = "Andersson", card: str = CARD) -> None:
        """From the shop to the last button."""
        self.press_the_button()
        self.signs_in()
        self.names_a_passenger(family_name)
        self.adds_a_card(card)

    def waits_for_the_last_button(self) -> None:
        self.inside(lambda frame: frame.locator(f"{AT_REST} [data-confirm][aria-disabled=false]").wait_for())

    def pays(self) -> None:
        self.waits_for_the_last_button()
        self.inside(lambda frame: frame.locator("[data-confirm]").click())

    def is_told(self, text: str) -> None:
        self.inside(lambda frame: frame.locator(f"{AT_REST} [role=alert]", has_text=text).wait_for())

    def is_told_of_a_mistake(self) -> None:
        self.inside(lambda frame: frame.locator(f"{AT_REST} [aria-invalid=true]").first.wait_for())

    def bank_is_there(self) -> None:
        self.inside(lambda frame: _bank_in(frame).get_by_role("button", name="Approve").wait_for())

    def answers_the_bank(self, name: str) -> None:
        """And the bank has heard it."""

        def answer(page: Page) -> None:
            with page.expect_response(lambda told: told.request.method == "POST"):
                _bank_in(frame_of(page)).get_by_role("button", name=name).click()

        self.tab.do(answer)

    @property
    def pnr(self) -> str:
        """Once it is told."""
        self.sees(BOOKED)
        return self.inside(lambda frame: frame.inner_text(".pnr"))


def _bank_in(frame: Frame) -> FrameLocator:
    """In a page of Movmo's own that lets it in, within the checkout."""
    return frame.frame_locator("iframe[name=movmo-challenge]").frame_locator("iframe")


def _settled(page: Page) -> Frame:
    page.wait_for_timeout(SETTLING)
    frame = frame_of(page)
    assert until(page, lambda: _is_settled(page, frame)), "the page and the frame never agree on its size"
    return frame


def _complaints(page: Page, *, look: Look) -> list[str]:
    frame = _settled(page)
    documents = {page.main_frame, frame}
    judged = documents if look in LOOKS else ()
    found = [said for one in judged for said in broken_rules(one, look)]
    found += frame.evaluate(MISPLACED)
    wider = [one.evaluate(WIDER) for one in documents]
    return [*found, *(f"{pixels} px too wide" for pixels in wider if pixels > 0)]


def _is_settled(page: Page, frame: Frame) -> bool:
    """Whether neither still follows the other. To the pixel: sizes are rounded."""
    both = zip(page.evaluate(SHOWN), frame.evaluate(KNOWN), strict=False)
    return all(shown is None or abs(shown - known) <= 1 for shown, known in both)


def _pictured(page: Page, *, file: Path) -> None:
    """As it is seen: the frame scrolls, the page behind it does not."""
    page.screenshot(path=file)


def frame_of(page: Page) -> Frame:
    """Movmo's frame in the page, or the page or the window where that is Movmo's itself."""
    for _ in range(PATIENCE // PAUSE):
        for frame in [frame for opened in page.context.pages for frame in opened.frames]:
            if "/c/" in frame.url and not frame.is_detached():
                return frame
        page.wait_for_timeout(PAUSE)
    raise AssertionError(f"no checkout in {[frame.url for frame in page.frames]}")
