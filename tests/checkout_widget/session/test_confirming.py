"""The traveler's yes, at the sandbox airline and at one that does as it is told."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from django.core.management import call_command

from bookings.booking.models import Booking
from bookings.offer.models import Offer
from bookings.passenger.models import Passenger
from bookings.payment_method.models import PaymentMethod
from bookings.providers import registry
from bookings.providers.errors import Refusal, Rejected, Unavailable
from bookings.providers.types import OrderPassenger, OrderStatus, ParsedOffer
from checkout_widget.frame.purchase import proofs
from checkout_widget.session import confirming
from checkout_widget.session.models import CheckoutSession
from checkout_widget.session.refusals import CheckoutNotOpen, FrameReplaced, QuoteChanged, QuoteUnknown
from movmo.kit import clock as the_clock
from movmo.kit.errors import DomainError
from movmo.operations import limits
from tests.bookings.offer.desk import Limited
from tests.checkout_widget.conftest import Checkout, Checkouts
from tests.checkout_widget.session.conftest import ObedientAirline
from tests.conftest import StoppedClock
from tests.contract.world import World, the
from tests.saga import airline as moods

pytestmark = pytest.mark.django_db


def outcomes(checkout: Checkout) -> list[str]:
    return [attempt.outcome for attempt in checkout.attempts]


class TestYes:
    def test_books_for_the_traveler_at_the_partner(self, ready: Checkout) -> None:
        assert ready.say_yes() == "completed"
        booking = Booking.objects.get()
        assert (booking.user_id, booking.partner_id, booking.door) == (
            ready.attempts[0].user_id,
            ready.session.partner_id,
            "checkout",
        )
        assert (ready.session.booking_id, ready.session.record_locator) == (booking.pk, booking.locator)
        assert outcomes(ready) == ["ticketed"]

    def test_with_a_card(self, ready: Checkout, vault_is_up: None) -> None:
        card = ready.world.card()
        assert ready.say_yes(card=card.payment_method_id) == "completed"
        assert Booking.objects.get().payment_method_id == card.payment_method_id

    def test_for_a_family(self, checkouts: Checkouts) -> None:
        family = checkouts.ready("ADT", "CHD", "INF")
        assert family.say_yes() == "completed"

    def test_is_told_to_the_partner_step_by_step_without_anybody_s_names(self, ready: Checkout) -> None:
        ready.say_yes()
        assert ready.told() == ["open", "authenticated", "ready", "confirming", "completed"]

    def test_at_a_provider_that_tells_its_price_only_when_it_books(self, ready: Checkout, install_airline: Any) -> None:
        """The fixture puts the provider back."""
        registry._providers["sandbox"] = Limited(registry.provider("sandbox"), pricing_step=False)
        assert ready.say_yes() == "completed"

    def test_twice_is_once(self, ready: Checkout) -> None:
        assert [ready.say_yes() for _ in range(3)] == ["completed"] * 3
        assert (Booking.objects.count(), len(ready.attempts)) == (1, 1)

    def test_is_refused_before_everybody_has_a_seat(self, arrived: Checkout, claimed: Checkout) -> None:
        for checkout in (arrived, claimed):
            with pytest.raises(CheckoutNotOpen):
                checkout.say_yes()

    def test_is_refused_once_its_time_is_over(self, ready: Checkout, clock: StoppedClock) -> None:
        clock.forward(minutes=31)
        with pytest.raises(CheckoutNotOpen) as refusal:
            ready.say_yes()
        assert refusal.value.facts == {"status": "expired"}
        assert not Booking.objects.exists()

    def test_comes_from_the_frame_that_holds_it(self, ready: Checkout) -> None:
        held = ready.again()
        ready.claim()
        with pytest.raises(FrameReplaced):
            confirming.confirm(held, quote_version=1, payment_method_id=None)
        assert not Booking.objects.exists()


class TestThePrice:
    @pytest.mark.parametrize("version", [2, 0, -1, 10**30])
    def test_a_yes_to_a_quote_that_nobody_was_shown_is_a_no(self, ready: Checkout, version: int) -> None:
        with pytest.raises(QuoteUnknown):
            ready.say_yes(quote_version=version)
        assert (ready.state, ready.attempts) == ("ready", [])
        assert ready.session.quote_version == 1

    def test_a_yes_to_a_quote_of_the_past_is_a_no(self, ready: Checkout, airline: ObedientAirline) -> None:
        dearer(airline, by=100)
        for _ in range(2):
            with pytest.raises(QuoteChanged):
                ready.say_yes(quote_version=1)
        assert (ready.state, ready.attempts, ready.session.quote_version) == ("ready", [], 2)

    def test_that_has_changed_since_is_shown_and_needs_another_yes(
        self, ready: Checkout, airline: ObedientAirline
    ) -> None:
        dearer(airline, by=100)
        before = ready.session.total
        with pytest.raises(QuoteChanged) as refusal:
            ready.say_yes()
        assert refusal.value.facts["old"]["amount"] == before.amount
        assert (ready.state, ready.session.quote_version) == ("ready", 2)
        assert ready.session.total.minor == before.minor + 100
        assert refusal.value.facts["new"]["amount"] == ready.session.total.amount
        assert not Booking.objects.exists()
        assert ready.say_yes(quote_version=2) == "completed"
        assert Booking.objects.get().total == ready.session.total

    def test_that_changes_at_the_last_moment_is_shown_before_the_next_yes(self, checkouts: Checkouts) -> None:
        checkout = checkouts.ready(family_name="PRICEUP")
        before = checkout.session.total
        for _ in range(2):  # the price is asked for by name, so it may be told before or while it is booked
            try:
                checkout.say_yes(quote_version=checkout.session.quote_version)
            except QuoteChanged:
                break
            assert (checkout.state, checkout.session.failure_code) == ("ready", "price_changed")
        assert checkout.session.total.minor > before.minor
        assert checkout.say_yes(quote_version=checkout.session.quote_version) == "completed"
        assert Booking.objects.get(state="ticketed").total == checkout.session.total

    def test_of_the_offer_is_the_one_that_is_paid_whatever_a_page_says(self, ready: Checkout) -> None:
        """Another call has made the offer dearer between the question and the booking."""
        Offer.objects.filter(pk=ready.session.offer_id).update(total_minor=ready.session.total_minor + 500)
        with pytest.raises(DomainError):
            ready.say_yes(quote_version=99)
        assert not Booking.objects.exists()

    def test_that_somebody_else_asks_for_at_the_same_moment_is_asked_for_again(
        self, ready: Checkout, airline: ObedientAirline
    ) -> None:
        airline.when_repriced = lambda: refresh(ready)
        assert ready.say_yes() == "completed"

    def test_that_is_asked_for_while_another_yes_is_faster_is_not_asked_for_again(
        self, ready: Checkout, airline: ObedientAirline
    ) -> None:
        airline.when_repriced = ready.say_yes
        assert ready.say_yes() == "completed"
        assert (len(airline.sent), len(ready.attempts)) == (1, 1)

    def test_that_nobody_tells_is_asked_for_by_the_next_yes(self, ready: Checkout, airline: ObedientAirline) -> None:
        def be_away() -> None:
            airline.when_repriced = is_away

        airline.moods = [moods.rejects(Refusal.PRICE_CHANGED)]
        airline.before_answering = be_away
        assert (ready.say_yes(), ready.session.failure_code) == ("ready", "price_changed")
        airline.before_answering = lambda: None
        assert ready.say_yes() == "completed"

    def test_that_nobody_tells_now_leaves_the_checkout_as_it_is(
        self, ready: Checkout, airline: ObedientAirline
    ) -> None:
        airline.when_repriced = is_away
        with pytest.raises(DomainError) as refusal:
            ready.say_yes()
        assert refusal.value.code == "provider_unreachable"
        assert (ready.state, ready.attempts) == ("ready", [])
        assert ready.say_yes() == "completed"

    def test_of_an_offer_that_is_sold_out_by_now_ends_it(self, ready: Checkout, airline: ObedientAirline) -> None:
        def be_sold_out() -> None:
            raise Rejected(Refusal.SOLD_OUT, "the last seat is gone")

        airline.when_repriced = be_sold_out
        assert (ready.say_yes(), ready.session.failure_code) == ("failed", "sold_out")
        assert ready.attempts == []


def is_away() -> None:
    raise Unavailable("nobody answers")


def refresh(checkout: Checkout) -> None:
    named = {"provider": "sandbox", "offer_id": str(checkout.session.offer_id)}
    World(checkout.caller).call("refresh_offer", **named)


def dearer(airline: ObedientAirline, *, by: int) -> None:
    def reprice(offer: ParsedOffer, passengers: tuple[OrderPassenger, ...], *, now: Any) -> dict[str, Any]:
        amount = f"{(offer.normalised.total_minor + by) / 100:.2f}"
        base = f"{float(offer.raw['base_amount']) + by / 100:.2f}"
        airline.reprice = ObedientAirline.reprice.__get__(airline)  # type: ignore[method-assign]
        return {**offer.raw, "total_amount": amount, "base_amount": base}

    airline.reprice = reprice  # type: ignore[method-assign]


class TestRefusals:
    def test_a_declined_card_may_be_followed_by_another(self, ready: Checkout, airline: ObedientAirline) -> None:
        airline.moods = [moods.rejects(Refusal.PAYMENT_DECLINED)]
        assert ready.say_yes() == "ready"
        assert (ready.session.failure_code, ready.session.declines) == ("payment_declined", 1)
        assert ready.say_yes() == "completed"
        assert ready.session.failure_code == ""
        assert outcomes(ready) == ["payment_declined", "ticketed"]

    def test_the_third_declined_card_is_the_last(self, checkouts: Checkouts) -> None:
        checkout = checkouts.ready(family_name="DECLINED")
        assert [checkout.say_yes() for _ in range(3)] == ["ready", "ready", "failed"]
        with pytest.raises(CheckoutNotOpen):
            checkout.say_yes()
        assert (checkout.session.declines, checkout.session.failure_code) == (3, "payment_declined")
        assert set(Booking.objects.values_list("state", flat=True)) == {"failed"}
        assert checkout.told()[-2:] == ["confirming", "failed"]

    @pytest.mark.parametrize("name", ["SOLDOUT", "EXPIRED"])
    def test_an_offer_that_is_gone_ends_it(self, checkouts: Checkouts, name: str) -> None:
        checkout = checkouts.ready(family_name=name)
        assert checkout.say_yes() == "failed"
        assert checkout.session.failure_code in ("sold_out", "offer_stale")

    @pytest.mark.parametrize(
        ("refusal", "after", "code"),
        [
            (Refusal.SOLD_OUT, "failed", "sold_out"),
            (Refusal.OFFER_EXPIRED, "failed", "offer_stale"),
            (Refusal.OTHER, "failed", "provider_refused"),
            (Refusal.HOLD_ONLY, "failed", "instant_not_available"),
            (Refusal.SEAT_TAKEN, "ready", "seat_taken"),
            (Refusal.PRICE_CHANGED, "ready", "price_changed"),
        ],
    )
    def test_each_leads_where_it_can_be_mended(
        self, ready: Checkout, airline: ObedientAirline, refusal: Refusal, after: str, code: str
    ) -> None:
        airline.moods = [moods.rejects(refusal)]
        assert (ready.say_yes(), ready.session.failure_code) == (after, code)
        assert ready.attempts[0].booking_id == Booking.objects.get().pk

    def test_an_airline_that_is_away_may_be_asked_again(self, ready: Checkout, airline: ObedientAirline) -> None:
        airline.moods = [moods.is_unavailable]
        assert (ready.say_yes(), ready.session.failure_code) == ("ready", "provider_unavailable")
        assert ready.say_yes() == "completed"

    def test_a_card_that_was_deleted_meanwhile_is_chosen_anew(self, ready: Checkout, vault_is_up: None) -> None:
        card = ready.world.card().payment_method_id
        PaymentMethod.objects.filter(pk=card).update(deleted_at=the_clock.now())
        assert (ready.say_yes(card=card), ready.session.failure_code) == ("ready", "payment_method_gone")
        assert not Booking.objects.exists()
        assert ready.say_yes() == "completed"

    def test_another_s_card_is_not_charged(self, ready: Checkout, bo_at_aviare: Any, vault_is_up: None) -> None:
        card = World(bo_at_aviare).card().payment_method_id
        assert (ready.say_yes(card=card), ready.session.failure_code) == ("ready", "payment_method_gone")
        assert not Booking.objects.exists()

    def test_an_expired_card_is_chosen_anew(self, ready: Checkout, vault_is_up: None) -> None:
        card: UUID = ready.world.card().payment_method_id
        PaymentMethod.objects.filter(pk=card).update(exp_year=2020)
        assert (ready.say_yes(card=card), ready.session.failure_code) == ("ready", "card_expired")

    def test_a_passenger_who_was_deleted_meanwhile_is_chosen_anew(self, ready: Checkout) -> None:
        Passenger.objects.update(deleted_at=the_clock.now())
        assert (ready.say_yes(), ready.session.failure_code) == ("authenticated", "passenger_missing")
        ready.fill()
        assert ready.say_yes() == "completed"

    def test_too_many_calls_leave_it_as_it_is(self, ready: Checkout, settings: Any) -> None:
        settings.MOVMO_USER_RATE = settings.MOVMO_USER_BURST = 1
        limits.MEMORY.forget()
        limits.spend(the("get_offer_details"), ready.caller)
        with pytest.raises(DomainError) as refusal:
            ready.say_yes()
        assert refusal.value.code == "rate_limited"
        assert (ready.state, ready.attempts) == ("ready", [])

    def test_too_many_calls_after_the_yes_only_take_longer(
        self, ready: Checkout, settings: Any, clock: StoppedClock
    ) -> None:
        settings.MOVMO_USER_RATE, settings.MOVMO_USER_BURST = 1, 5  # what the price costs
        limits.MEMORY.forget()
        assert ready.say_yes() == "confirming"
        settings.MOVMO_USER_RATE = settings.MOVMO_USER_BURST = 1_000_000
        assert ready.look() == "confirming"  # somebody may still be at it
        clock.forward(seconds=11)
        assert ready.look() == "completed"
        assert len(ready.attempts) == 1


class TestUnknownOutcomes:
    @pytest.mark.parametrize("name", ["TIMEOUTBOOKED", "TIMEOUTLOST", "ERROR500BOOKED", "DELAYED"])
    def test_wait_and_resolve_by_themselves(self, checkouts: Checkouts, clock: StoppedClock, name: str) -> None:
        checkout = checkouts.ready(family_name=name)
        assert checkout.say_yes() == "confirming"
        assert checkout.say_yes() == "confirming"
        for _ in range(60):
            call_command("resolve_bookings", verbosity=0)
            clock.forward(seconds=20)
            if checkout.look() != "confirming":
                break
        assert (Booking.objects.count(), len(checkout.attempts)) == (1, 1)
        # An airline that loses every order is asked by a person in the end.
        in_the_end = ("confirming", "manual_review") if name == "TIMEOUTLOST" else ("completed", "ticketed")
        assert (checkout.state, Booking.objects.get().state) == in_the_end

    def test_neither_end_nor_are_taken_back_meanwhile(
        self, ready: Checkout, airline: ObedientAirline, aviare_alone: Any, clock: StoppedClock
    ) -> None:
        airline.moods = [moods.ponders]
        ready.say_yes()
        clock.forward(hours=2)
        with pytest.raises(CheckoutNotOpen):
            World(aviare_alone).call("cancel_checkout_session", session_id=str(ready.id))
        assert ready.look() == "confirming"
        airline.decide(OrderStatus.CONFIRMED)
        clock.forward(minutes=1)
        assert ready.look() == "completed"

    def test_a_failure_after_the_session_s_time_is_final(
        self, ready: Checkout, airline: ObedientAirline, clock: StoppedClock
    ) -> None:
        airline.moods = [moods.is_unavailable]
        airline.before_answering = lambda: clock.forward(minutes=31)
        assert (ready.say_yes(), ready.session.failure_code) == ("failed", "provider_unavailable")


class TestTheBank:
    def test_asks_and_the_frame_waits_for_it(self, ready: Checkout, vault_is_up: None) -> None:
        card = ready.world.card("4000002500003155").payment_method_id
        assert ready.say_yes(card=card) == "requires_action"
        assert ready.look() == "requires_action"
        assert proofs.address_of(ready.attempts[0])
        assert ready.told()[-1] == "requires_action"

    def test_its_question_is_told_to_a_frame_that_was_loaded_anew(self, ready: Checkout, vault_is_up: None) -> None:
        card = ready.world.card("4000002500003155").payment_method_id
        ready.say_yes(card=card)
        ready.claim()
        assert ready.look() == "requires_action"
        assert proofs.address_of(ready.attempts[0])

    def test_a_card_that_it_declines_may_be_followed_by_another(self, ready: Checkout, vault_is_up: None) -> None:
        card = ready.world.card("4000000000000341").payment_method_id
        assert (ready.say_yes(card=card), ready.session.failure_code) == ("ready", "payment_declined")


def test_a_yes_is_good_for_ten_minutes(ready: Checkout, clock: StoppedClock) -> None:
    """Whoever said it has gone, if nothing was booked by then."""
    assert confirming._begin(ready.again(), payment_method_id=None)
    clock.forward(minutes=10)
    assert ready.look() == "confirming"  # a call that began in time may still be on its way
    clock.forward(minutes=2)
    assert ready.look() == "failed"
    assert ready.session.failure_code == "took_too_long"
    assert not Booking.objects.exists()
    assert CheckoutSession.objects.get().expires_at > clock.now + timedelta(minutes=1)
