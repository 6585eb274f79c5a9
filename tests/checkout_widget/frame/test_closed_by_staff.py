"""What staff have closed while a traveler is choosing is closed in the frame too, and what was booked stays."""

from collections.abc import Callable

import pytest
from django.test import Client

from bookings.booking.models import Booking
from checkout_widget.session.models import CheckoutSession
from movmo.accounts.models import User
from partners.origin.models import CheckoutOrigin
from partners.partner.models import Partner
from tests.checkout_widget.conftest import Checkout, Checkouts
from tests.checkout_widget.frame.frames import Frame
from tests.checkout_widget.frame.person import Person

pytestmark = pytest.mark.usefixtures("vault_is_up")

Close = Callable[[CheckoutSession], object]


def suspend_the_partner(session: CheckoutSession) -> None:
    Partner.objects.filter(pk=session.partner_id).update(is_active=False)


def take_the_page_away(session: CheckoutSession) -> None:
    CheckoutOrigin.objects.filter(partner_id=session.partner_id, origin=session.origin).delete()


def close_the_account(session: CheckoutSession) -> None:
    assert session.user_id is not None
    User.objects.filter(pk=session.user_id).update(is_active=False)


CLOSED = [suspend_the_partner, take_the_page_away, close_the_account]


@pytest.mark.parametrize("close", CLOSED)
def test_nothing_is_bought_and_nobody_is_named(ready: Checkout, client: Client, close: Close) -> None:
    ready.world.card()
    ana = Person(ready, client)
    ana.step()
    sent = {"quote_version": ana.value("quote_version"), "payment_method_id": ana.chosen_card()}
    close(ready.again())
    ana.posts("confirm", **sent)
    assert (ana.status, Booking.objects.count(), ready.state) == (410, 0, "ready")
    for path in ("step", "slots", "cards", "status"):
        ana.gets(path)
        assert ana.status == 410, path
        assert "Andersson" not in ana.page


@pytest.mark.parametrize("close", [suspend_the_partner, take_the_page_away])
def test_its_page_is_nobodys_to_frame(opened: Checkout, close: Close) -> None:
    close(opened.session)
    page = Frame(opened).page()
    assert page.status_code == 410
    assert page.headers["X-Frame-Options"] == "DENY"
    assert "frame-ancestors 'none'" in page.headers["Content-Security-Policy"]


@pytest.mark.parametrize("close", [suspend_the_partner, take_the_page_away])
def test_what_was_booked_is_told_all_the_same(checkouts: Checkouts, client: Client, close: Close) -> None:
    checkout = checkouts.ready()
    checkout.say_yes()
    close(checkout.again())
    assert Frame(checkout).page().status_code == 200
    assert "You are booked" in Person(checkout, client).step()
