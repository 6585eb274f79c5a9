"""A checkout whose time runs out while its frame asks for more."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.test import Client

from bookings.booking.models import Booking
from bookings.offer.schemas import OfferView
from bookings.providers.errors import Unavailable
from bookings.providers.sandbox.airline import Airline
from checkout_widget.session import steps
from checkout_widget.session.models import CheckoutSession
from checkout_widget.session.settling import DECLINED
from checkout_widget.session.states import CheckoutState as State
from tests.checkout_widget.conftest import Checkout, Checkouts
from tests.checkout_widget.frame.person import Person
from tests.checkout_widget.session.conftest import ObedientAirline
from tests.conftest import StoppedClock
from tests.contract.world import World, by_key, raw_offer, view_of


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


class TestTheLastTwoMinutes:
    """Of a session that its offer lets live for twenty minutes, where it might thirty."""

    def test_an_airline_that_is_away_is_told(
        self, checkouts: Checkouts, client: Client, clock: StoppedClock, install_airline: Callable[[Airline], None]
    ) -> None:
        ana = nearly_over(of_an_older_offer(checkouts, clock), client, clock)
        install_airline(ObedientAirline(when_repriced=is_away))
        ana.posts("offer")
        assert ana.status == 503
        assert "The airline does not answer. Nothing was booked and no money moved." in ana.says()
        assert "Refresh the price" in ana.says()
        assert "Check and pay" in ana.posts("offer")

    @pytest.mark.parametrize(
        ("family_name", "says"),
        [("Andersson", "This flight is booked."), ("TIMEOUTBOOKED", "Please don't pay again.")],
    )
    def test_what_is_bought_in_another_checkout_is_told(
        self, checkouts: Checkouts, client: Client, clock: StoppedClock, family_name: str, says: str
    ) -> None:
        offer = raw_offer()
        clock.forward(minutes=10)
        first = checkouts.ready(offer=offer, family_name=family_name)
        ana = nearly_over(checkouts.ready(offer=offer), client, clock)
        assert "Nothing was booked and no money moved" in ana.step()
        first.say_yes()
        for show in (ana.step, lambda: ana.posts("offer")):
            show()
            assert says in ana.says()
            assert "Nothing is booked twice" in ana.says()
            assert "no money moved" not in ana.says()
        assert ana.status == 409
        assert (ana.checkout.state, Booking.objects.count()) == (State.READY, 1)

    def test_a_refresh_that_wins_no_time_leads_to_the_button(
        self,
        checkouts: Checkouts,
        client: Client,
        clock: StoppedClock,
        install_airline: Callable[[Airline], None],
        vault_is_up: None,
    ) -> None:
        checkout = of_an_older_offer(checkouts, clock)
        checkout.world.card()
        until = checkout.session.expires_at
        ana = nearly_over(checkout, client, clock)
        install_airline(ObedientAirline())
        assert "Confirm and pay" not in ana.step()
        assert "Confirm and pay" in ana.posts("offer")
        assert "data-after" not in ana.page
        assert checkout.again().expires_at == until
        assert "You are booked" in ana.confirms()

    def test_a_card_that_was_declined_is_told(self, checkouts: Checkouts, client: Client, clock: StoppedClock) -> None:
        checkout = of_an_older_offer(checkouts, clock)
        CheckoutSession.objects.filter(pk=checkout.id).update(failure_code=DECLINED, declines=1)
        ana = nearly_over(checkout, client, clock)
        ana.step()
        assert "about to run out" in ana.says()
        assert "Your bank declined the payment" in ana.says()


def test_what_is_bought_in_another_checkout_is_told_by_a_refresh_before_that(
    checkouts: Checkouts, client: Client
) -> None:
    offer = raw_offer()
    first, again = checkouts.ready(offer=offer), checkouts.ready(offer=offer)
    first.say_yes()
    ana = Person(again, client)
    ana.posts("offer")
    assert "This flight is booked. Nothing is booked twice." in ana.says()
    assert "no money moved" not in ana.says()


def of_an_older_offer(checkouts: Checkouts, clock: StoppedClock) -> Checkout:
    answer = World(by_key(checkouts.partner)).call("create_offer", provider="sandbox", offer=raw_offer())
    clock.forward(minutes=10)
    return checkouts.ready(offer_id=str(view_of(OfferView, answer).offer_id))


def nearly_over(checkout: Checkout, client: Client, clock: StoppedClock) -> Person:
    clock.set(checkout.again().expires_at - timedelta(minutes=1))
    return Person(checkout, client)


def is_away() -> None:
    raise Unavailable("nobody answers")
