"""The purchase in the frame, from the itinerary to the record locator."""

from datetime import timedelta

import pytest
from django.core import mail
from django.test import Client

from bookings.booking.models import Booking
from bookings.offer.models import Offer
from bookings.offer.schemas import OfferView
from checkout_widget.frame.purchase import screens
from checkout_widget.session import settling
from checkout_widget.session.models import CheckoutSession
from checkout_widget.session.states import CheckoutState as State
from checkout_widget.words import CHOOSE_FLIGHT
from movmo.accounts.models import User
from tests import letters
from tests.checkout_widget.conftest import Checkout, Checkouts
from tests.checkout_widget.frame.person import Person
from tests.conftest import StoppedClock
from tests.contract.world import World, by_key, by_key_and_token, raw_offer, view_of

pytestmark = pytest.mark.usefixtures("vault_is_up")


def booked(person: Person) -> Booking:
    """The one booking that there is."""
    booking: Booking = Booking.objects.get()
    assert person.checkout.again().booking_id == booking.pk
    return booking


class TestTheWholePurchase:
    def test_ana_buys_with_a_new_passenger_and_a_new_card(self, arrived: Checkout, client: Client) -> None:
        ana = Person(arrived, client)
        assert "Add a new passenger" in ana.step()
        assert "Ana María Andersson" in ana.adds_a_passenger()
        assert arrived.state == State.READY
        assert "Visa •••• 4242" in ana.adds_a_card().replace("\xa0", " ")
        ana.confirms()
        assert ana.status == 200
        booking = booked(ana)
        locator = arrived.again().record_locator
        assert f'data-locator="{locator}"' in ana.page
        assert f'data-booking="{booking.pk}"' in ana.page
        for told in ("You are booked", locator, "Ana María Andersson", "ANDERSSON/ANA MARIA", "Lisbon", "e-mail"):
            assert told in ana.says()
        assert f"/accounts/trips/{booking.pk}/" in ana.page

    def test_with_a_saved_passenger_and_a_saved_card(self, arrived: Checkout, client: Client) -> None:
        world = arrived.world
        bea, card = world.passenger(given_name="Bea"), world.card("5555555555554444")
        ana = Person(arrived, client)
        assert "Bea Andersson" in ana.step()
        ana.posts("slots", slot_id=ana.value("slot_id"), passenger_id=str(bea.passenger_id))
        assert ana.chosen_card() == str(card.payment_method_id)
        assert "You are booked" in ana.confirms()
        assert booked(ana).payment_method_id == card.payment_method_id

    def test_the_button_says_how_much_and_to_whom(self, ready: Checkout, client: Client) -> None:
        ready.world.card()
        ana = Person(ready, client)
        ana.step()
        price = f"€{ready.session.total.amount}"
        assert f"Confirm and pay {price} to Movmo Sandbox Air" in ana.says()
        assert "Movmo Sandbox Air charges your card, not Movmo" in ana.says()

    def test_in_german(self, checkouts: Checkouts, client: Client) -> None:
        ana = Person(checkouts.ready(locale="de"), client)
        ana.step()
        ana.adds_a_card()
        price = ana.checkout.session.total.amount.replace(".", ",")
        assert f"{price} €" in ana.says().replace("\xa0", " ")
        for english in ("Check and pay", "Your trip", "Passengers", "Confirm and pay", "charges your card"):
            assert english not in ana.says()
        assert "You are booked" not in ana.confirms()
        booked(ana)

    def test_a_family_flies(self, checkouts: Checkouts, client: Client) -> None:
        ana = Person(checkouts.arrived("ADT", "CHD", "INF"), client)
        ana.step()
        ana.adds_a_passenger("ADT", given_name="Ana")
        ana.adds_a_passenger("CHD", given_name="Kim")
        ana.adds_a_passenger("INF", given_name="Ina")
        ana.adds_a_card()
        assert "You are booked" in ana.confirms()
        assert all(f"{name} Andersson" in ana.says() for name in ("Ana", "Kim", "Ina"))

    def test_the_letter_is_sent(self, ready: Checkout, client: Client) -> None:
        ready.world.card()
        ana = Person(ready, client)
        ana.step()
        assert "We have sent the booking to your e-mail address" in ana.confirms()
        letters.post()
        [letter] = mail.outbox
        assert letter.to == ["ana@example.com"]
        assert ready.again().record_locator in letter.body

    def test_a_bag_that_was_chosen_is_on_the_bill(self, arrived: Checkout, client: Client) -> None:
        bag = next(one for one in arrived.offer().services if one.type == "baggage")
        chosen = [{"service_id": bag.service_id, "quantity": 1}]
        named = {"provider": "sandbox", "offer_id": str(arrived.session.offer_id)}
        arrived.world.call("select_services", **named, seats=[], services=chosen)
        ana = Person(arrived, client)
        before = arrived.session.total.amount
        assert f"€{before}" in ana.posts("offer")
        ana.step()
        assert f"1 more bag €{bag.total.amount}" in ana.says()
        assert f"Total €{arrived.again().total.amount}" in ana.says()
        assert arrived.session.total.amount != before


class TestThePrice:
    def test_one_that_changed_is_shown_and_paid_only_after_another_yes(
        self, checkouts: Checkouts, client: Client
    ) -> None:
        checkout = checkouts.ready(family_name="PRICEUP")
        checkout.world.card()
        old = checkout.session.total.amount
        ana = Person(checkout, client)
        ana.step()
        ana.confirms()
        new = checkout.again().total.amount
        assert ana.status == 409
        assert new != old
        assert f"€{old}" in ana.says() and f"€{new}" in ana.says()
        assert "no money moved" in ana.says()
        assert checkout.state == State.READY
        assert "You are booked" in ana.confirms()
        assert booked(ana).total.amount == new

    def test_a_yes_to_another_quote_books_nothing(self, ready: Checkout, client: Client) -> None:
        ready.world.card()
        ana = Person(ready, client)
        for version in ("7", "2", "0", "-1", "1.0", "one", "²", "9" * 400, ""):
            ana.step()
            ana.confirms(quote_version=version)
            assert ana.status == 400
            assert "price has changed" not in ana.says()
            assert "Nothing was booked and no money moved. Look at everything again." in ana.says()
            assert (ready.state, ready.attempts) == (State.READY, [])
        assert "You are booked" in ana.confirms()

    def test_a_yes_that_names_no_quote_books_nothing(self, ready: Checkout, client: Client) -> None:
        card = ready.world.card()
        ana = Person(ready, client)
        ana.posts("confirm", payment_method_id=str(card.payment_method_id))
        assert ana.status == 400
        assert "Look at everything again" in ana.says()
        assert (ready.state, ready.attempts) == (State.READY, [])

    def test_a_yes_to_a_quote_of_the_past_is_told_that_the_price_has_changed(
        self, checkouts: Checkouts, client: Client
    ) -> None:
        checkout = checkouts.ready(family_name="PRICEUP")
        checkout.world.card()
        ana = Person(checkout, client)
        ana.step()
        ana.confirms()
        assert ana.value("quote_version") == "2"
        ana.confirms(quote_version="1")
        assert ana.status == 409
        assert "The price has changed. Nothing was booked" in ana.says()
        assert f"Total €{checkout.again().total.amount}" in ana.says()
        assert (checkout.state, checkout.attempts) == (State.READY, [])

    def test_an_amount_that_is_sent_is_nobodys(self, ready: Checkout, client: Client) -> None:
        ready.world.card()
        ana = Person(ready, client)
        ana.step()
        ana.confirms(amount="1.00", total="1.00", expected_total="1.00")
        assert booked(ana).total.amount == ready.session.total.amount

    def test_the_airlines_name_stays_text(self, ready: Checkout, client: Client) -> None:
        ready.world.card()
        offer = Offer.objects.get(pk=ready.session.offer_id)
        name = "<img src=x onerror=alert(1)>"
        offer.normalised = {**offer.normalised, "owner_carrier": name}
        offer.save(update_fields=["normalised"])
        ana = Person(ready, client)
        assert "<img" not in ana.step()
        assert f"to {name}" in ana.says()


class TestTheOffer:
    def test_one_that_runs_out_is_refreshed(self, checkouts: Checkouts, client: Client, clock: StoppedClock) -> None:
        checkout = self.of_an_older_offer(checkouts, clock)
        until = checkout.session.expires_at
        ana = Person(checkout, client)
        assert "This price is about to run out" in ana.step()
        clock.set(until - timedelta(minutes=1))
        assert "Refresh the price" in ana.step()
        assert "Confirm and pay" not in ana.page
        assert "Check and pay" in ana.posts("offer")
        assert checkout.again().expires_at > until
        ana.adds_a_card()
        assert "You are booked" in ana.confirms()

    def test_one_that_is_over_is_told_as_over(self, ready: Checkout, client: Client, clock: StoppedClock) -> None:
        ready.world.card()
        ana = Person(ready, client)
        ana.step()
        clock.forward(minutes=31)
        ana.confirms()
        assert ana.status == 410
        assert "no money moved" in ana.says()
        assert ready.attempts == []

    def test_one_that_another_traveler_took_is_told(self, checkouts: Checkouts, client: Client, bo: User) -> None:
        checkout = checkouts.ready()
        checkout.claim()
        checkout.arrive(bo)
        him = Person(checkout, client)
        him.step()
        assert him.status == 409
        assert "in the hands of another account" in him.says()
        assert "Andersson" not in him.page

    @staticmethod
    def of_an_older_offer(checkouts: Checkouts, clock: StoppedClock) -> Checkout:
        """A session that its offer lets live for twenty minutes, where it might thirty."""
        answer = World(by_key(checkouts.partner)).call("create_offer", provider="sandbox", offer=raw_offer())
        clock.forward(minutes=10)
        return checkouts.ready(offer_id=str(view_of(OfferView, answer).offer_id))


class TestFailures:
    def test_of_three_declines_the_last_ends_it(self, ready: Checkout, client: Client) -> None:
        ana = Person(ready, client)
        ana.step()
        for left in ("2 more times", "1 more time"):
            ana.adds_a_card("4000000000000002")
            ana.confirms()
            assert ready.state == State.READY
            assert "Your bank declined the payment" in ana.says()
            assert "no money moved" in ana.says()
            assert left in ana.says()
        ana.adds_a_card("4000000000000341")
        ana.confirms()
        assert "declined 3 times" in ana.says()
        assert "no money moved" in ana.says()
        assert ready.state == State.FAILED

    def test_after_a_decline_another_card_is_ticked_and_pays(self, ready: Checkout, client: Client) -> None:
        good = ready.world.card()
        ana = Person(ready, client)
        ana.step()
        ana.adds_a_card("4000000000000002")
        ana.confirms()
        assert ana.chosen_card() == str(good.payment_method_id)
        assert "You are booked" in ana.confirms()

    @pytest.mark.parametrize(
        ("family_name", "says"),
        [("SOLDOUT", "Sold out"), ("EXPIRED", "This offer is over")],
    )
    def test_what_the_airline_does_not_sell(
        self, checkouts: Checkouts, client: Client, family_name: str, says: str
    ) -> None:
        checkout = checkouts.ready(family_name=family_name)
        checkout.world.card()
        ana = Person(checkout, client)
        ana.step()
        ana.confirms()
        assert says in ana.says()
        assert "no money moved" in ana.says()
        assert checkout.state == State.FAILED
        ana.step()
        assert says in ana.says()

    def test_a_decline_after_the_time_is_over_is_one_decline_and_the_shop_is_next(
        self, ready: Checkout, client: Client, clock: StoppedClock
    ) -> None:
        ana = Person(ready, client)
        ana.step()
        ana.adds_a_card("4000002500003155")
        ana.confirms()
        assert ready.state == State.REQUIRES_ACTION
        clock.forward(minutes=31)
        settling.settle(ready.attempts[0], "failed", failure=settling.DECLINED)
        ana.step()
        assert (ready.state, ready.session.declines) == (State.FAILED, 1)
        assert "was declined 3 times" not in ana.says()
        assert "Your bank declined the payment. Nothing was booked and no money moved. " + CHOOSE_FLIGHT in ana.says()

    @pytest.mark.parametrize("code", sorted(screens.PAST_MENDING))
    def test_nobody_is_told_to_try_again_where_they_cannot(self, ready: Checkout, client: Client, code: str) -> None:
        CheckoutSession.objects.filter(pk=ready.id).update(state=State.FAILED, failure_code=code)
        said = Person(ready, client).step()
        assert f"no money moved. {CHOOSE_FLIGHT}</p>" in said
        assert said.count("<button") == said.count("data-close") == 1

    def test_an_unknown_outcome_waits_and_resolves_itself(
        self, checkouts: Checkouts, client: Client, clock: StoppedClock
    ) -> None:
        checkout = checkouts.ready(family_name="TIMEOUTBOOKED")
        checkout.world.card()
        ana = Person(checkout, client)
        ana.step()
        ana.confirms()
        assert "Don't pay again" in ana.says()
        assert "data-locked" in ana.page and 'data-poll="2"' in ana.page
        for _ in range(10):
            clock.forward(minutes=2)
            ana.gets("status")
            if checkout.state == State.COMPLETED:
                break
        assert "You are booked" in ana.step()
        assert Booking.objects.count() == 1


class TestOneYes:
    def test_pressed_twice_books_once(self, ready: Checkout, client: Client) -> None:
        ready.world.card()
        ana = Person(ready, client)
        ana.step()
        sent = {"quote_version": ana.value("quote_version"), "payment_method_id": ana.chosen_card()}
        assert "You are booked" in ana.posts("confirm", **sent)
        assert "You are booked" in ana.posts("confirm", **sent)
        assert len(ready.attempts) == 1
        booked(ana)

    def test_a_card_has_to_be_chosen(self, ready: Checkout, client: Client, bo: User) -> None:
        his = World(by_key_and_token(bo, ready.session.partner)).card()
        ready.world.card()
        ana = Person(ready, client)
        for card in ("", "none", str(his.payment_method_id)):
            ana.step()
            ana.confirms(payment_method_id=card)
            assert ana.status == 422
            assert "Choose the card that pays" in ana.says()
            assert (ready.state, ready.attempts) == (State.READY, [])

    def test_another_frame_is_told_of_the_booking_without_names(self, ready: Checkout, client: Client) -> None:
        ready.world.card()
        ana = Person(ready, client)
        ana.step()
        ana.confirms()
        before = dict(ready.headers)
        ready.claim()
        page = Person(ready, client).step()
        assert "You are booked" in page
        assert ready.again().record_locator in page
        assert "Andersson" not in page and "ANDERSSON" not in page
        answer = client.get(f"{ready.url}/step", headers=before)
        assert answer.status_code == 401
        assert ready.session.record_locator not in answer.content.decode()

    def test_nobody_chooses_before_they_have_signed_in(self, claimed: Checkout, client: Client) -> None:
        nobody = Person(claimed, client)
        for path in ("slots", "passengers", "cards", "offer", "confirm"):
            nobody.posts(path, slot_id="x", passenger_id="y", payment_method_id="z", quote_version="1")
            assert "Check and pay" not in nobody.page
        assert claimed.state == State.OPEN
