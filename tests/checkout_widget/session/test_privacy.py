"""What checkouts know of a person is told to them, and forgotten."""

from datetime import timedelta

import pytest

from bookings.booking.models import Booking
from checkout_widget import privacy
from checkout_widget.session import tasks
from checkout_widget.session.models import CheckoutSession
from movmo.accounts.models import User
from movmo.accounts.privacy import services as rights
from movmo.accounts.privacy.services import AccountBusy
from tests.checkout_widget.conftest import Checkout, Checkouts
from tests.checkout_widget.session.conftest import ObedientAirline
from tests.conftest import StoppedClock
from tests.saga import airline as moods

pytestmark = pytest.mark.django_db

EMAIL = "customer@shop.example"


def delete(user: User, clock: StoppedClock) -> None:
    rights.delete(user, now=clock.now, door="pages")


def test_a_person_is_told_their_own_checkouts(checkouts: Checkouts, ana: User, bo: User) -> None:
    checkout = checkouts.ready(customer_email=ana.email.upper())
    checkout.say_yes()
    (told,) = rights.export(ana, door="pages")["checkouts"]
    assert (told["partner"], told["email_from_partner"], told["status"]) == ("Aviare", ana.email, "completed")
    assert told["said_yes"][0]["booking_id"] == str(checkout.session.booking_id)
    assert rights.export(bo, door="pages")["checkouts"] == []


def test_whom_else_the_partner_took_them_for_is_not_theirs_to_read(checkouts: Checkouts, ana: User) -> None:
    checkouts.ready(customer_email=EMAIL)
    (told,) = rights.export(ana, door="pages")["checkouts"]
    assert told["email_from_partner"] is None


def test_a_purchase_that_another_frame_shows_since_is_told_to_whoever_said_yes(ready: Checkout, ana: User) -> None:
    ready.say_yes()
    ready.claim()
    assert len(privacy.tell(ana)) == 1


def test_who_deletes_their_account_in_the_middle_of_it_ends_it(
    checkouts: Checkouts, ana: User, clock: StoppedClock
) -> None:
    checkout, choosing = checkouts.ready(customer_email=EMAIL), checkouts.arrived(customer_email=EMAIL)
    delete(ana, clock)
    for one in (checkout, choosing):
        assert (one.state, one.session.failure_code, one.session.user_id) == ("failed", "traveler_left", None)
        assert one.session.customer_email is None


def test_no_account_is_deleted_while_its_booking_is_made(
    ready: Checkout, airline: ObedientAirline, ana: User, clock: StoppedClock
) -> None:
    airline.moods = [moods.ponders]
    ready.say_yes()
    with pytest.raises(AccountBusy):
        delete(ana, clock)
    with pytest.raises(AccountBusy):
        privacy.check(ana)


def test_what_was_booked_stays_without_the_person(checkouts: Checkouts, ana: User, clock: StoppedClock) -> None:
    checkout = checkouts.ready(customer_email=EMAIL)
    checkout.say_yes()
    delete(ana, clock)
    assert (checkout.state, checkout.session.user_id, checkout.session.customer_email) == ("completed", None, None)
    assert checkout.session.booking_id == Booking.objects.get().pk


def test_one_whose_time_is_over_ends_as_expired(arrived: Checkout, ana: User, clock: StoppedClock) -> None:
    clock.forward(minutes=31)
    delete(ana, clock)
    assert (arrived.state, arrived.session.failure_code) == ("expired", "")


def test_an_address_is_kept_for_a_month_after_the_end(checkouts: Checkouts, clock: StoppedClock) -> None:
    over, under_way = (checkouts.open(customer_email=EMAIL) for _ in range(2))
    clock.forward(minutes=31)
    CheckoutSession.objects.filter(pk=under_way.id).update(state="confirming")
    tasks.sweep()
    clock.forward(days=30, seconds=-60)
    assert privacy.purge(now=clock.now) == 0
    clock.forward(seconds=60)
    tasks.purge_checkouts()
    assert privacy.purge(now=clock.now) == 0
    assert over.again().customer_email is None
    assert under_way.again().customer_email == EMAIL.encode()
    assert timedelta(days=30) == privacy.KEPT


def test_an_address_is_kept_encrypted(checkouts: Checkouts) -> None:
    checkouts.open(customer_email=EMAIL)
    assert EMAIL not in str(CheckoutSession.objects.values().get())
