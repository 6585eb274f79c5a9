"""Several at the same moment: one yes makes one attempt, one claim holds the frame."""

from collections.abc import Callable
from typing import Any

import pytest

from bookings.booking.models import Booking
from checkout_widget.session import confirming, services, tasks, watching
from checkout_widget.session.models import CheckoutSession
from movmo.kit import clock as the_clock
from movmo.kit.errors import DomainError
from movmo.operations.dispatch import dispatch
from tests.checkout_widget.conftest import Checkout, Checkouts
from tests.checkout_widget.session.conftest import ObedientAirline
from tests.conftest import StoppedClock
from tests.contract.world import by_key, new_key, the
from tests.operations.together import together

pytestmark = pytest.mark.django_db(transaction=True)


def yes(checkout: Checkout) -> Callable[[], str]:
    def say() -> str:
        session = services.held(checkout.id, checkout.bearer)
        confirming.confirm(session, quote_version=1, payment_method_id=None)
        return CheckoutSession.objects.get(pk=checkout.id).state

    return say


def polling(checkout: Checkout) -> Callable[[], object]:
    return lambda: watching.look(CheckoutSession.objects.get(pk=checkout.id))


@pytest.mark.parametrize("round_", range(3))
def test_two_yeses_make_one_attempt_and_one_booking(ready: Checkout, airline: ObedientAirline, round_: int) -> None:
    told = together(*[yes(ready)] * 3, polling(ready))
    busy = [one for one in told if isinstance(one, Exception)]
    assert all(isinstance(one, DomainError) and one.retryable for one in busy), busy
    assert (len(ready.attempts), len(airline.sent), Booking.objects.count()) == (1, 1, 1)
    assert ready.state == "completed"


@pytest.mark.parametrize("round_", range(3))
def test_two_checkouts_of_one_offer_sell_it_once(checkouts: Checkouts, airline: ObedientAirline, round_: int) -> None:
    one = checkouts.ready()
    other = checkouts.arrived(offer_id=str(one.session.offer_id))
    other.fill()
    together(yes(one), yes(other))
    assert (len(airline.sent), Booking.objects.count()) == (1, 1)
    assert [one.state, other.state].count("completed") == 1


def test_several_sweeps_take_one_attempt_up_once(
    ready: Checkout, airline: ObedientAirline, clock: StoppedClock
) -> None:
    assert confirming._begin(ready.again(), payment_method_id=None)
    clock.forward(seconds=11)
    together(tasks.sweep, tasks.sweep, polling(ready), polling(ready))
    assert (ready.state, len(airline.sent)) == ("completed", 1)


@pytest.mark.parametrize("round_", range(3))
def test_of_several_claims_one_frame_is_left(claimed: Checkout, ana: Any, round_: int) -> None:
    def claim() -> str:
        return services.claim(claimed.id, claimed.client_secret, now=the_clock.now())[1]

    def sign_in() -> None:
        services.arrive(services.held(claimed.id, claimed.bearer), ana.pk, now=the_clock.now())

    told = together(claim, sign_in, claim)
    bearers = [one for one in told if isinstance(one, str)]
    assert len(bearers) == 2
    assert sum(is_held(claimed, bearer) for bearer in bearers) == 1
    assert (claimed.state, claimed.session.user_id, claimed.session.claims) == ("open", None, 3)


def is_held(checkout: Checkout, bearer: str) -> bool:
    try:
        services.held(checkout.id, bearer)
    except DomainError:
        return False
    return True


@pytest.mark.parametrize("round_", range(3))
def test_a_yes_and_the_partner_s_no_end_in_one_of_them(ready: Checkout, airline: ObedientAirline, round_: int) -> None:
    partner = by_key(ready.session.partner)
    arguments = {"session_id": str(ready.id)}
    together(yes(ready), lambda: dispatch(the("cancel_checkout_session"), partner, arguments, new_key()).status)
    assert (ready.state, len(airline.sent)) in {("completed", 1), ("canceled", 0)}
