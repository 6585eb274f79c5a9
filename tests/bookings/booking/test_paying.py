"""Cards that pay for bookings: approved, declined, asked about by their bank; charged once and given back."""

from typing import Any
from uuid import UUID

import httpx2
import pytest
from django.core.management import call_command

from bookings.booking.cards import CardNotForProvider
from bookings.booking.failures import PaymentDeclined
from bookings.booking.models import Booking
from bookings.booking.schemas import BookingView
from bookings.booking.states import State
from bookings.offer.schemas import OfferView
from bookings.offer.services import OfferStale
from bookings.payment_method.models import PaymentMethod
from bookings.payment_method.services import CardExpired, CardInUse
from movmo.kit.errors import DomainError, InvalidArguments, NotFound
from movmo.operations.context import Caller
from movmo.sandbox_vault.app import SandboxVault
from movmo.sandbox_vault.desk import Authorization
from tests.conftest import StoppedClock
from tests.contract.world import World, new_key, view_of

pytestmark = pytest.mark.django_db

ASKS, ASKS_THEN_DECLINES, DECLINES = "4000002500003155", "4000008400001629", "4000000000009995"


@pytest.fixture(scope="module", autouse=True)
def vault_is_up(the_vault: SandboxVault) -> None:
    """Cards are kept somewhere."""


def pay(world: World, number: str = "4242424242424242", **changes: Any) -> BookingView:
    offer = changes.pop("offer", None) or world.mapped_offer()
    card = str(world.card(number).payment_method_id)
    return view_of(BookingView, world.book(offer, payment_method_id=card, **changes))


def authorization(vault: SandboxVault, booking_id: UUID | str) -> Authorization:
    return vault.desk._by_key[str(booking_id)]


def read(world: World, booking: BookingView) -> BookingView:
    return view_of(BookingView, world.call("get_booking", booking_id=str(booking.booking_id)))


def answer_bank(booking: BookingView, answer: str) -> None:
    """`booking` as it was told while its bank asked."""
    assert booking.payment is not None
    assert booking.payment.challenge_url is not None
    httpx2.post(booking.payment.challenge_url, data={"answer": answer}, trust_env=False)


class TestApproved:
    def test_the_airline_charges_the_card_for_the_total(self, world: World, the_vault: SandboxVault) -> None:
        booking = pay(world)
        assert booking.status == State.TICKETED
        assert booking.payment is not None
        assert (booking.payment.status, booking.payment.last4) == ("approved", "4242")
        charged = authorization(the_vault, booking.booking_id)
        assert (charged.amount, charged.currency) == (booking.total.amount, booking.total.currency)

    def test_a_replay_charges_once(self, world: World, the_vault: SandboxVault) -> None:
        offer, card, key = world.mapped_offer(), str(world.card().payment_method_id), new_key()
        first = world.book(offer, key=key, payment_method_id=card)
        before = len(the_vault.desk._by_id)
        again = world.book(offer, key=key, payment_method_id=card)
        assert (again.view, again.replayed) == (first.view, True)
        assert len(the_vault.desk._by_id) == before

    def test_without_a_card_nothing_is_charged(self, world: World, the_vault: SandboxVault) -> None:
        booking = world.booking()
        assert booking.payment is None
        assert str(booking.booking_id) not in the_vault.desk._by_key


class TestDeclined:
    def test_nothing_is_booked(self, world: World) -> None:
        offer = world.mapped_offer()
        with pytest.raises(PaymentDeclined) as caught:
            pay(world, DECLINES, offer=offer)
        assert caught.value.facts["decline_code"] == "insufficient_funds"
        booking = Booking.objects.get()
        assert (booking.state, booking.order_id, booking.attempts) == (State.FAILED, "", 0)

    def test_the_offer_is_still_there_for_another_card(self, world: World) -> None:
        offer = world.mapped_offer()
        with pytest.raises(PaymentDeclined):
            pay(world, DECLINES, offer=offer)
        assert pay(world, offer=offer).status == State.TICKETED


class TestTheBankAsks:
    def test_the_traveler_is_sent_to_their_bank(self, world: World) -> None:
        answer = world.book(world.mapped_offer(), payment_method_id=str(world.card(ASKS).payment_method_id))
        booking = view_of(BookingView, answer)
        assert (answer.status, booking.status) == (202, State.REQUIRES_ACTION)
        assert booking.payment is not None
        assert booking.payment.status == "requires_action"
        assert Booking.objects.get().order_id == ""

    def test_once_they_agreed_it_is_booked(self, world: World, clock: StoppedClock) -> None:
        booking = pay(world, ASKS)
        assert read(world, booking).status == State.REQUIRES_ACTION
        answer_bank(booking, "approve")
        clock.forward(seconds=3)
        after = read(world, booking)
        assert after.status == State.TICKETED
        assert after.payment is not None
        assert (after.payment.status, after.payment.challenge_url) == ("approved", None)

    def test_the_sweep_goes_on_too(self, world: World, clock: StoppedClock) -> None:
        booking = pay(world, ASKS)
        answer_bank(booking, "approve")
        clock.forward(seconds=3)
        call_command("resolve_bookings")
        assert Booking.objects.get().state == State.TICKETED

    @pytest.mark.parametrize(("card", "answer"), [(ASKS, "decline"), (ASKS_THEN_DECLINES, "approve")])
    def test_a_no_fails_it(self, world: World, clock: StoppedClock, card: str, answer: str) -> None:
        booking = pay(world, card)
        answer_bank(booking, answer)
        clock.forward(seconds=3)
        after = read(world, booking)
        assert (after.status, after.failure and after.failure.code) == (State.FAILED, "payment_declined")
        assert after.payment is not None
        assert (after.payment.status, after.payment.challenge_url) == ("declined", None)

    def test_it_waits_no_longer_than_the_offer(self, world: World, clock: StoppedClock) -> None:
        booking = pay(world, ASKS)
        clock.forward(minutes=31)
        after = read(world, booking)
        assert (after.status, after.failure and after.failure.code) == (State.FAILED, "offer_stale")
        assert after.payment is not None
        assert (after.payment.status, after.payment.challenge_url) == ("voided", None)
        answer_bank(booking, "approve")
        assert read(world, booking).status == State.FAILED

    def test_the_card_is_not_deleted_meanwhile(self, world: World) -> None:
        booking = pay(world, ASKS)
        assert booking.payment is not None
        with pytest.raises(CardInUse):
            world.call("delete_payment_method", payment_method_id=str(booking.payment.payment_method_id))


class TestGivenBack:
    @pytest.mark.parametrize("name", ["SOLDOUT", "PRICEUP", "ERROR502CLEAN"])
    def test_what_was_approved_for_a_booking_that_failed(
        self, world: World, the_vault: SandboxVault, name: str
    ) -> None:
        with pytest.raises(DomainError):
            pay(world, offer=world.mapped_offer(family_name=name))
        booking = Booking.objects.get()
        assert (booking.state, booking.payment_status) == (State.FAILED, "voided")
        reasons = [step.reason for step in booking.transitions.all()]
        assert reasons[1] == "the bank has agreed"
        assert reasons[-1] == "the payment was given back"
        assert authorization(the_vault, booking.pk).status == "voided"

    def test_never_while_an_order_may_exist(self, world: World, the_vault: SandboxVault) -> None:
        booking = pay(world, offer=world.mapped_offer(family_name="TIMEOUTLOST"))
        assert booking.status == State.UNKNOWN
        assert authorization(the_vault, booking.booking_id).status == "approved"

    def test_later_when_the_vault_is_back(self, world: World, the_vault: SandboxVault, away: Any) -> None:
        offer, card = world.mapped_offer(family_name="SOLDOUT"), str(world.card().payment_method_id)
        with pytest.raises(DomainError):
            world.book(offer, payment_method_id=card)
        Booking.objects.update(payment_status="approved")  # as if the vault had been away when it was given back
        away(off=True)
        call_command("resolve_bookings")
        assert Booking.objects.get().payment_status == "approved"
        away(off=False)
        call_command("resolve_bookings")
        assert Booking.objects.get().payment_status == "voided"


class TestTheVaultIsAway:
    def test_the_booking_waits_and_goes_on(self, world: World, away: Any, clock: StoppedClock) -> None:
        offer, card = world.mapped_offer(), str(world.card().payment_method_id)
        away(off=True)
        answer = world.book(offer, payment_method_id=card)
        assert (answer.status, view_of(BookingView, answer).status) == (202, State.RESERVED)
        away(off=False)
        clock.forward(seconds=3)
        call_command("resolve_bookings")
        booking = Booking.objects.get()
        assert (booking.state, booking.payment_status) == (State.TICKETED, "approved")

    def test_past_the_end_of_the_offer_it_is_given_back(self, world: World, away: Any, clock: StoppedClock) -> None:
        offer, card, key = world.mapped_offer(), str(world.card().payment_method_id), new_key()
        away(off=True)
        world.book(offer, payment_method_id=card, key=key)
        clock.forward(minutes=31)
        answer = world.book(offer, payment_method_id=card, key=key)
        assert view_of(BookingView, answer).status == State.RESERVED, "the bank may have said yes, and was not heard"
        away(off=False)
        clock.forward(seconds=3)
        with pytest.raises(OfferStale):
            world.book(offer, payment_method_id=card, key=key)
        assert Booking.objects.get().payment_status == "voided"


class TestWhichCard:
    def test_anothers_card_is_not_found(self, world: World, bo_at_aviare: Caller) -> None:
        card = World(bo_at_aviare).card()
        with pytest.raises(NotFound):
            world.book(world.mapped_offer(), payment_method_id=str(card.payment_method_id))
        assert not Booking.objects.exists()

    def test_an_expired_card_is_refused(self, world: World) -> None:
        card = world.card()
        PaymentMethod.objects.update(exp_year=2020)
        with pytest.raises(CardExpired):
            world.book(world.mapped_offer(), payment_method_id=str(card.payment_method_id))

    def test_a_real_card_pays_at_no_sandbox(self, world: World) -> None:
        card = world.card()
        PaymentMethod.objects.update(is_test=False)
        with pytest.raises(CardNotForProvider):
            world.book(world.mapped_offer(), payment_method_id=str(card.payment_method_id))

    def test_a_hold_takes_none(self, world: World) -> None:
        offer: OfferView = world.mapped_offer(holdable=True)
        card = str(world.card().payment_method_id)
        with pytest.raises(InvalidArguments) as caught:
            world.book(offer, payment_method_id=card, mode="hold")
        assert set(caught.value.fields) == {"/payment_method_id"}
