"""A flight is bought in a partner's page: by keyboard alone, and the card's number is seen by the vault alone."""

import json
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.apps import apps
from django.conf import settings
from django.core import mail

from bookings.booking.models import Booking
from bookings.payment_method.models import PaymentMethod
from checkout_widget.session.models import CheckoutSession
from movmo.demo.shop import place
from tests import letters
from tests.browser.buyer import CARD, CODE, CVC, EMAIL, NEW_CARD, PASSENGER, REVIEW, Buyer
from tests.browser.conftest import NewBuyer
from tests.browser.person import code_from_letter
from tests.browser.wire import Wire, is_in

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

# How far what is on the screen has moved by itself since it was painted first. What follows a press is not counted.
MOVED = """addEventListener('DOMContentLoaded', () => {
  window.moved = []
  const painted = () => performance.getEntriesByName('first-paint')[0]?.startTime ?? Infinity
  new PerformanceObserver(list => list.getEntries().forEach(({ value, hadRecentInput, startTime, sources }) => {
    if (hadRecentInput || startTime <= painted()) return
    const boxes = sources.flatMap(({ previousRect: from, currentRect: to }) => [from, to])
    window.moved.push([value, ...boxes.map(box => `${box.x},${box.y} ${box.width}x${box.height}`)])
  })).observe({ type: 'layout-shift', buffered: true })
})"""
LEAST_SHIFT = 0.02
HTTP = ("http", "https", "ws", "wss")


def test_by_keyboard_alone(buyer: NewBuyer) -> None:
    ana = buyer()
    ana.tab.reach("button", "Book with Movmo")
    ana.tab.press("Enter")
    sign_in(ana)
    name_a_passenger(ana)
    add_a_card(ana)
    ana.waits_for_the_last_button()
    ana.reach("button", "Confirm and pay", exact=False)
    ana.tab.press("Enter")
    pnr = ana.pnr
    ana.reach("button", "Done")
    ana.leaves_by_enter()
    ana.hears("close")
    assert ana.tab.evaluate("() => document.activeElement.localName") == "movmo-express-checkout"
    assert pnr == CheckoutSession.objects.get().record_locator
    ana.reads("record_locator", pnr)
    assert ana.events == ["ready", "change", "change", "change", "change", "complete", "close"]


def sign_in(ana: Buyer) -> None:
    ana.sees(EMAIL)
    ana.reach("textbox", "Your e-mail address")
    ana.tab.write("ana@example.com")
    ana.tab.press("Enter")
    ana.sees(CODE)
    ana.reach("textbox", "Code")
    ana.tab.write(code_from_letter())
    ana.tab.press("Enter")
    ana.sees(REVIEW)


def name_a_passenger(ana: Buyer) -> None:
    ana.reach("button", "Add a new passenger")
    ana.tab.press("Enter")
    ana.sees(PASSENGER)
    ana.reach("textbox", "Given names")
    for typed in ("Ana", "Andersson", "04041988"):
        ana.tab.write(typed)
        ana.tab.press("Tab")
    ana.tab.press("Tab")  # past the button of the date's picker
    ana.tab.write("Unspec")
    ana.reach("button", "Save and go on")
    ana.tab.press("Enter")
    ana.sees(REVIEW)


def add_a_card(ana: Buyer) -> None:
    ana.reach("button", "Add a card to pay with")
    ana.tab.press("Enter")
    ana.sees(NEW_CARD)
    ana.inside(lambda frame: frame.get_by_role("button", name="Add the card", disabled=False).wait_for())
    ana.reach("textbox", "Name on the card")
    for typed in ("Ana Andersson", CARD, "12", "2034", CVC):
        ana.tab.write_into_field(typed)
        ana.tab.press("Tab")
    ana.reach("button", "Add the card")
    ana.tab.press("Enter")
    ana.sees(REVIEW)


class TestWhoLearnsWhat:
    def test_the_number_is_the_vaults_and_nobody_elses(self, buyer: NewBuyer) -> None:
        ana = buyer()
        wire = Wire(ana.tab)
        vault = urlsplit(settings.MOVMO_VAULTS[0]["url"]).netloc
        ana.is_about_to_pay()
        ana.pays()
        assert ana.pnr
        secrets = (CARD[:-4], CVC)  # the last four digits are shown to their owner
        sent = wire.sent()
        assert {host for host, text in sent if any(is_in(secret, text) for secret in secrets)} == {vault}
        seen = [wire.readable(), wire.kept(), *wire.said, ana.inside(lambda frame: frame.content())]
        assert [text for text in seen if any(is_in(secret, text) for secret in secrets)] == []
        assert wire.sockets == []
        assert [(model.__name__, row) for model, row in everything_kept() if is_in(CARD[:-4], row)] == []
        assert PaymentMethod.objects.get().last4 == CARD[-4:]

    def test_nobody_else_is_asked_for_anything(self, buyer: NewBuyer) -> None:
        ana = buyer()
        wire = Wire(ana.tab)
        ana.tab.open("/")  # the shop again, from its first request on
        ana.is_about_to_pay()
        ana.pays()
        assert ana.pnr
        hosts = {host for host, text in wire.sent() if text.split()[1].startswith(HTTP)}
        three = (settings.ORIGIN, place.origin(), settings.MOVMO_VAULTS[0]["url"])
        assert hosts == {urlsplit(one).netloc for one in three}
        assert wire.kept() == json.dumps({"cookies": [], "origins": []})

    def test_the_traveler_gets_a_letter_and_the_partner_an_answer(self, buyer: NewBuyer) -> None:
        ana = buyer()
        ana.is_about_to_pay()
        ana.pays()
        session = CheckoutSession.objects.get(record_locator=ana.pnr)
        booking = Booking.objects.get()
        assert (session.state, session.booking_id) == ("completed", booking.pk)
        assert booking.user_id == session.user_id
        letters.post()
        code, *of_the_booking = mail.outbox
        assert [letter.to for letter in mail.outbox] == [["ana@example.com"]] * (1 + len(of_the_booking))
        assert session.record_locator not in code.body
        assert [letter for letter in of_the_booking if session.record_locator in letter.body]


def everything_kept() -> list[tuple[Any, str]]:
    """Every row of every table, as text."""
    return [(model, str(row)) for model in apps.get_models() for row in model._default_manager.values()]


def test_nothing_moves_by_itself(buyer: NewBuyer) -> None:
    ana = buyer()
    ana.tab.do_in_context(lambda context: context.add_init_script(MOVED))
    ana.tab.open("/")
    ana.is_about_to_pay()
    ana.pays()
    assert ana.pnr
    moved = ana.tab.do(lambda page: [shift for frame in page.frames for shift in frame.evaluate("() => window.moved")])
    assert sum(shift[0] for shift in moved) < LEAST_SHIFT, moved
