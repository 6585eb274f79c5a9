"""A page that is loaded again opens another checkout for the same offer: it is bought once all the same."""

from typing import Any

import pytest

from bookings.booking.models import Booking
from checkout_widget.session import confirming, services, watching
from checkout_widget.session.models import CheckoutAttempt
from checkout_widget.session.refusals import BookedElsewhere, UnderWayElsewhere
from movmo.accounts.models import User
from movmo.kit import clock as process_clock
from tests.checkout_widget.conftest import Checkout, Checkouts
from tests.conftest import StoppedClock
from tests.contract.world import raw_offer
from tests.operations.together import together

pytestmark = pytest.mark.django_db


@pytest.fixture
def twice(checkouts: Checkouts) -> tuple[Checkout, Checkout]:
    offer = raw_offer()
    return checkouts.ready(offer=offer), checkouts.ready(offer=offer)


def test_while_the_first_is_undecided(checkouts: Checkouts) -> None:
    offer = raw_offer()
    first = checkouts.ready(offer=offer, family_name="TIMEOUTBOOKED")
    again = checkouts.ready(offer=offer)
    assert first.say_yes() == "confirming"
    with pytest.raises(UnderWayElsewhere):
        again.say_yes()
    assert (again.state, again.attempts, Booking.objects.count()) == ("ready", [], 1)


def test_after_the_first_is_booked(twice: tuple[Checkout, Checkout]) -> None:
    first, again = twice
    assert first.say_yes() == "completed"
    with pytest.raises(BookedElsewhere):
        again.say_yes()
    assert (again.state, again.attempts, Booking.objects.count()) == ("ready", [], 1)


@pytest.mark.parametrize(
    ("family_name", "refusal"), [("Andersson", BookedElsewhere), ("TIMEOUTBOOKED", UnderWayElsewhere)]
)
def test_in_two_checkouts_of_one_submitted_offer(checkouts: Checkouts, family_name: str, refusal: Any) -> None:
    """The offer is taken by then; that nothing was booked would not be true."""
    first = checkouts.ready(family_name=family_name)
    again = checkouts.open(offer_id=str(first.session.offer_id))
    again.claim()
    again.arrive(checkouts.traveler)
    services.settle_party(again.again(), again.offer().model_dump(), now=process_clock.now())
    first.say_yes()
    with pytest.raises(refusal):
        again.say_yes()
    assert (again.state, Booking.objects.count()) == ("ready", 1)


def test_after_the_first_has_failed_it_may_be_bought(checkouts: Checkouts) -> None:
    offer = raw_offer()
    first = checkouts.ready(offer=offer, family_name="SOLDOUT")
    again = checkouts.ready(offer=offer)
    assert first.say_yes() == "failed"
    assert again.say_yes() == "completed"


def test_by_somebody_else_it_is_another_purchase(checkouts: Checkouts, bo: User) -> None:
    offer = raw_offer()
    first = checkouts.ready(offer=offer)
    checkouts.traveler = bo
    other = checkouts.ready(offer=offer)
    assert (first.say_yes(), other.say_yes()) == ("completed", "completed")


@pytest.mark.django_db(transaction=True)
def test_of_two_yeses_at_once_one_buys(twice: tuple[Checkout, Checkout]) -> None:
    first, again = twice
    told = together(first.say_yes, again.say_yes)
    refused = [one for one in told if isinstance(one, Exception)]
    assert [type(one) in (UnderWayElsewhere, BookedElsewhere) for one in refused] == [True]
    assert Booking.objects.count() == 1


def test_what_a_decided_checkout_left_open_is_found(ready: Checkout, clock: StoppedClock) -> None:
    """Its booking was made, and whoever made it died before writing that down."""
    assert ready.say_yes() == "completed"
    lost = ready.attempts[0]
    CheckoutAttempt.objects.filter(pk=lost.pk).update(ended_at=None, outcome="", booking_id=None)
    clock.forward(minutes=1)
    assert watching.sweep(now=process_clock.now()) == 1
    assert [one.outcome for one in ready.attempts] == ["ticketed"]
    assert Booking.objects.count() == 1


def test_a_decided_checkout_books_no_more(ready: Checkout, clock: StoppedClock) -> None:
    """Its last attempt was begun and nothing was made by it."""
    assert confirming._begin(ready.again(), payment_method_id=None)
    type(ready.session).objects.filter(pk=ready.id).update(state="completed")
    clock.forward(minutes=1)
    watching.sweep(now=process_clock.now())
    assert not Booking.objects.exists()
    clock.forward(minutes=12)
    watching.sweep(now=process_clock.now())
    assert [one.outcome for one in ready.attempts] == ["took_too_long"]
