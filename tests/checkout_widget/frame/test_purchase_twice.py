"""The same yes, sent twice at the same moment."""

from functools import partial

import pytest
from django.test import Client

from bookings.booking.models import Booking
from checkout_widget.session.watching import QUIET
from movmo.kit import clock
from movmo.kit.clock import stopped_at
from tests.checkout_widget.conftest import Checkout, Checkouts
from tests.checkout_widget.frame.person import Person
from tests.operations.together import together

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("vault_is_up")]


def said(checkout: Checkout, sent: dict[str, str]) -> int:
    person = Person(checkout, Client())
    person.posts("confirm", **sent)
    return person.status


def test_of_two_at_once_one_books(transactional_db: None, checkouts: Checkouts) -> None:
    checkout = checkouts.ready()
    checkout.world.card()
    ana = Person(checkout, Client())
    ana.step()
    sent = {"quote_version": ana.value("quote_version"), "payment_method_id": ana.chosen_card()}
    statuses = together(*[partial(said, checkout, sent)] * 4)
    # Refused is who comes while another one's refreshing has just made the quote anew: it is shown to that one again.
    assert 200 in statuses and set(statuses) <= {200, 409}, statuses
    assert len(checkout.attempts) == 1
    # Another one's refreshing may have come between this one and its booking: then the frame's looks go on with it.
    with stopped_at(clock.now() + QUIET):
        ana.gets("status")
    assert Booking.objects.count() == 1
    assert "You are booked" in ana.step()
