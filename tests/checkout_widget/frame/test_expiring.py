"""A checkout whose time runs out while its frame asks for more."""

from collections.abc import Callable
from datetime import timedelta

from django.test import Client

from bookings.providers.sandbox.airline import Airline
from checkout_widget.session import steps
from checkout_widget.session.models import CheckoutSession
from checkout_widget.session.states import CheckoutState as State
from tests.checkout_widget.conftest import Checkout
from tests.checkout_widget.frame.person import Person
from tests.checkout_widget.session.conftest import ObedientAirline
from tests.conftest import StoppedClock


def test_over_while_the_airline_is_asked_it_stays_over(
    ready: Checkout, client: Client, clock: StoppedClock, install_airline: Callable[[Airline], None]
) -> None:
    """Its partner may have read so meanwhile, and sold the seat to somebody else."""
    ends = clock.now + timedelta(minutes=1)
    CheckoutSession.objects.filter(pk=ready.id).update(expires_at=ends)
    install_airline(ObedientAirline(when_repriced=lambda: clock.forward(minutes=2)))
    ana = Person(ready, client)
    ana.posts("offer")
    assert ready.again().expires_at == ends
    assert steps.state_of(ready.session, now=clock.now) is State.EXPIRED
    assert ana.status == 409
    ana.step()
    assert ana.status == 410
