"""confirm_hold: a hold is paid for once, in time, at the price that was shown; what is refused leaves it held."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import uuid4

import httpx2
import pytest
from django.core.management import call_command

from bookings.booking.amendment.models import Amendment
from bookings.booking.amendment.refusals import AlreadyCancelled, BookingBusy, HoldLapsed
from bookings.booking.cards import CardNotForProvider
from bookings.booking.failures import CardGone, PaymentDeclined, PriceChanged
from bookings.booking.hold.services import NotHeld
from bookings.booking.models import Booking
from bookings.booking.schemas import BookingView
from bookings.booking.states import State
from bookings.payment_method.models import PaymentMethod
from bookings.payment_method.services import CardExpired
from bookings.sandbox_airline.models import SandboxOrder
from bookings.sandbox_airline.triggers import RAISED_PERCENT
from movmo.kit.errors import NotFound
from movmo.kit.money import AmountInvalid
from movmo.operations.context import Caller
from movmo.operations.dispatch import Answer
from movmo.operations.models import Event
from movmo.sandbox_vault.app import SandboxVault
from tests.bookings.booking.test_paying import ASKS, ASKS_THEN_DECLINES, DECLINES, answer_bank, authorization, read
from tests.conftest import StoppedClock
from tests.contract.world import World, cancellation_of, confirmation_of, new_key, view_of

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("clock")]

Away = Callable[..., None]


@pytest.fixture(scope="module", autouse=True)
def vault_is_up(the_vault: SandboxVault) -> None:
    """Cards are kept somewhere."""


def confirm(world: World, booking: BookingView, *, key: str | None = None, **changes: Any) -> Answer:
    return world.call("confirm_hold", key=key, **confirmation_of(booking, **changes))


def with_card(world: World, number: str = "4242424242424242") -> dict[str, str]:
    return {"payment_method_id": str(world.card(number).payment_method_id)}


def is_as_before(booking: BookingView) -> bool:
    row = Booking.objects.get(pk=booking.booking_id)
    order = SandboxOrder.objects.get(client_reference=str(booking.booking_id))
    return (row.state, order.status) == (State.HELD, "held")


class TestPaidFor:
    def test_a_hold_is_ticketed(self, world: World) -> None:
        booking = view_of(BookingView, confirm(world, world.hold()))
        assert (booking.status, booking.ticketing, booking.payment_required_by) == ("ticketed", "ticketed", None)

    def test_every_step_says_who_took_it(self, world: World) -> None:
        booking = world.hold()
        confirm(world, booking)
        steps = Booking.objects.get(pk=booking.booking_id).transitions.all()
        assert [(step.before, step.after, step.who) for step in steps][-3:] == [
            ("held", "confirming", "traveler"),
            ("confirming", "confirmed", "airline"),
            ("confirmed", "ticketed", "airline"),
        ]

    def test_every_state_is_told_as_an_event_without_gaps(self, world: World) -> None:
        booking = world.hold()
        confirm(world, booking)
        told = Event.objects.filter(subject_id=booking.booking_id).order_by("sequence")
        assert [event.type for event in told][-3:] == [
            "booking.confirming.v1",
            "booking.confirmed.v1",
            "booking.ticketed.v1",
        ]
        assert [event.sequence for event in told] == list(range(1, len(told) + 1))

    def test_with_a_card_the_airline_charges_it(self, world: World, the_vault: SandboxVault) -> None:
        booking = view_of(BookingView, confirm(world, world.hold(), **with_card(world)))
        assert booking.payment is not None
        assert (booking.status, booking.payment.status) == ("ticketed", "approved")
        charged = authorization(the_vault, Amendment.objects.get().pk)
        assert (charged.amount, charged.currency, charged.status) == (
            booking.total.amount,
            booking.total.currency,
            "approved",
        )

    def test_a_replay_charges_once(self, world: World, the_vault: SandboxVault) -> None:
        hold, card, key = world.hold(), with_card(world), new_key()
        first = confirm(world, hold, key=key, **card)
        charged = len(the_vault.desk._by_id)
        again = confirm(world, hold, key=key, **card)
        assert (again.view, again.replayed, len(the_vault.desk._by_id)) == (first.view, True, charged)

    def test_what_was_paid_is_not_given_back(self, world: World, clock: StoppedClock, the_vault: SandboxVault) -> None:
        confirm(world, world.hold(), **with_card(world))
        clock.forward(hours=1)
        call_command("resolve_bookings")
        assert authorization(the_vault, Amendment.objects.get().pk).status == "approved"

    def test_nor_is_it_when_the_booking_is_cancelled_afterwards(self, world: World, the_vault: SandboxVault) -> None:
        booking = view_of(BookingView, confirm(world, world.hold(), **with_card(world)))
        paid = authorization(the_vault, Amendment.objects.get().pk)
        world.call("cancel_booking", **cancellation_of(world.quote(booking)))
        call_command("resolve_bookings")
        assert (Booking.objects.get().state, paid.status) == (State.CANCELLED, "approved")


class TestDeclined:
    def test_by_the_bank_it_is_held_as_before(self, world: World) -> None:
        hold = world.hold()
        with pytest.raises(PaymentDeclined) as caught:
            confirm(world, hold, **with_card(world, DECLINES))
        assert caught.value.facts["decline_code"] == "insufficient_funds"
        assert is_as_before(hold)

    def test_by_the_airline_the_money_is_given_back(self, world: World, the_vault: SandboxVault) -> None:
        hold = world.hold(family_name="DECLINED")
        with pytest.raises(PaymentDeclined):
            confirm(world, hold, **with_card(world))
        assert is_as_before(hold)
        assert authorization(the_vault, Amendment.objects.get().pk).status == "voided"
        assert Booking.objects.get().payment_status == "voided"

    def test_another_card_pays(self, world: World, the_vault: SandboxVault) -> None:
        hold = world.hold()
        with pytest.raises(PaymentDeclined):
            confirm(world, hold, **with_card(world, DECLINES))
        paid = view_of(BookingView, confirm(world, hold, **with_card(world)))
        assert paid.payment is not None
        assert (paid.status, paid.payment.status) == ("ticketed", "approved")

    def test_the_refusal_of_an_old_key_is_told_again_and_gives_nothing_back(
        self, world: World, the_vault: SandboxVault
    ) -> None:
        hold, card, key = world.hold(), with_card(world, DECLINES), new_key()
        with pytest.raises(PaymentDeclined):
            confirm(world, hold, key=key, **card)
        confirm(world, hold, **with_card(world))
        with pytest.raises(PaymentDeclined) as again:
            confirm(world, hold, key=key, **card)
        assert again.value.replayed
        assert authorization(the_vault, Amendment.objects.latest("id").pk).status == "approved"


class TestTheBankAsks:
    def test_the_traveler_is_sent_to_their_bank(self, world: World) -> None:
        answer = confirm(world, world.hold(), **with_card(world, ASKS))
        booking = view_of(BookingView, answer)
        assert (answer.status, booking.status, booking.under_way) == (202, "requires_action", "confirm_hold")
        assert booking.payment is not None
        assert booking.payment.challenge_url is not None

    @pytest.mark.parametrize("by", ["read", "sweep"])
    def test_once_they_agreed_it_is_paid_for(self, world: World, clock: StoppedClock, by: str) -> None:
        booking = view_of(BookingView, confirm(world, world.hold(), **with_card(world, ASKS)))
        assert read(world, booking).status == "requires_action"
        answer_bank(booking, "approve")
        clock.forward(seconds=21)
        if by == "sweep":
            call_command("resolve_bookings")
        after = read(world, booking)
        assert after.payment is not None
        assert (after.status, after.payment.status, after.payment.challenge_url) == ("ticketed", "approved", None)

    @pytest.mark.parametrize(("card", "answer"), [(ASKS, "decline"), (ASKS_THEN_DECLINES, "approve")])
    def test_after_a_no_it_is_held_again(self, world: World, clock: StoppedClock, card: str, answer: str) -> None:
        hold, chosen, key = world.hold(), with_card(world, card), new_key()
        booking = view_of(BookingView, confirm(world, hold, key=key, **chosen))
        answer_bank(booking, answer)
        clock.forward(seconds=3)
        assert read(world, booking).status == "held"
        with pytest.raises(PaymentDeclined):
            confirm(world, hold, key=key, **chosen)
        assert is_as_before(hold)

    def test_it_waits_no_longer_than_the_hold(self, world: World, clock: StoppedClock) -> None:
        hold, chosen, key = world.hold(), with_card(world, ASKS), new_key()
        booking = view_of(BookingView, confirm(world, hold, key=key, **chosen))
        clock.forward(hours=25)
        with pytest.raises(HoldLapsed):
            confirm(world, hold, key=key, **chosen)
        answer_bank(booking, "approve")
        call_command("resolve_bookings")
        row = Booking.objects.get()
        assert (row.state in (State.HELD, State.LAPSED), row.payment_status) == (True, "voided")

    def test_nothing_else_is_asked_meanwhile(self, world: World) -> None:
        hold = world.hold()
        confirm(world, hold, **with_card(world, ASKS))
        with pytest.raises(BookingBusy):
            confirm(world, hold)
        with pytest.raises(BookingBusy):
            world.quote(hold)


class TestTheVaultIsAway:
    def test_it_waits_and_goes_on(self, world: World, away: Away, clock: StoppedClock) -> None:
        hold, card, key = world.hold(), with_card(world), new_key()
        away(off=True)
        answer = confirm(world, hold, key=key, **card)
        assert (answer.status, view_of(BookingView, answer).status) == (202, "confirming")
        away(off=False)
        assert view_of(BookingView, confirm(world, hold, key=key, **card)).status == "confirming"  # not at once
        clock.forward(seconds=21)
        call_command("resolve_bookings")
        row = Booking.objects.get()
        assert (row.state, row.payment_status) == (State.TICKETED, "approved")

    def test_money_that_is_still_to_be_given_back_is_not_forgotten(
        self, world: World, the_vault: SandboxVault, away: Away
    ) -> None:
        hold = world.hold(family_name="DECLINED")
        with pytest.raises(PaymentDeclined):
            confirm(world, hold, **with_card(world))
        Booking.objects.update(payment_status="approved")  # as if the vault had been away when it was given back
        with pytest.raises(BookingBusy):
            confirm(world, hold)
        with pytest.raises(BookingBusy):
            world.call("cancel_booking", **cancellation_of(world.quote(hold)))
        call_command("resolve_bookings")
        assert Booking.objects.get().payment_status == "voided"
        world.call("cancel_booking", **cancellation_of(world.quote(hold)))

    def test_nor_when_the_airline_cancels_the_hold(self, world: World, the_vault: SandboxVault) -> None:
        hold = world.hold(family_name="DECLINED")
        with pytest.raises(PaymentDeclined):
            confirm(world, hold, **with_card(world))
        Booking.objects.update(payment_status="approved", state=State.CANCELLED)
        call_command("resolve_bookings")
        assert Booking.objects.get().payment_status == "voided"


class TestThePrice:
    def test_another_total_than_was_shown_pays_nothing(self, world: World) -> None:
        hold = world.hold()
        with pytest.raises(PriceChanged) as caught:
            confirm(world, hold, expected_total={"amount": "1.00", "currency": hold.total.currency})
        assert caught.value.facts["new"] == hold.total.model_dump()
        assert is_as_before(hold)

    def test_an_amount_with_too_many_decimals_is_told_where(self, world: World) -> None:
        hold = world.hold()
        with pytest.raises(AmountInvalid) as caught:
            confirm(world, hold, expected_total={"amount": "1.001", "currency": "EUR"})
        assert set(caught.value.fields) == {"/expected_total/amount"}

    def test_after_the_guarantee_the_airline_s_price_counts(
        self, world: World, clock: StoppedClock, the_vault: SandboxVault
    ) -> None:
        hold = world.hold(family_name="Andersson")
        SandboxOrder.objects.update(trigger="PRICEUP")
        clock.forward(hours=3)
        with pytest.raises(PriceChanged) as caught:
            confirm(world, hold, **with_card(world))
        assert authorization(the_vault, Amendment.objects.get().pk).status == "voided"
        dearer = caught.value.facts["new"]
        assert float(dearer["amount"]) == pytest.approx(float(hold.total.amount) * RAISED_PERCENT / 100, abs=0.01)
        paid = view_of(BookingView, confirm(world, hold, expected_total=dearer))
        assert (paid.status, paid.total.model_dump()) == ("ticketed", dearer)


class TestRefused:
    def test_a_hold_whose_time_is_over(self, world: World, clock: StoppedClock) -> None:
        hold = world.hold()
        assert hold.payment_required_by is not None
        clock.set(hold.payment_required_by)
        with pytest.raises(HoldLapsed) as caught:
            confirm(world, hold)
        assert caught.value.facts["payment_required_by"] == hold.payment_required_by.isoformat()
        assert not Amendment.objects.exists()

    def test_one_that_the_airline_has_let_go_of_earlier(self, world: World) -> None:
        hold = world.hold()
        SandboxOrder.objects.update(status="lapsed", due_at=None)
        with pytest.raises(HoldLapsed):
            confirm(world, hold)
        assert read(world, hold).status == "lapsed"
        with pytest.raises(HoldLapsed):
            confirm(world, hold)

    def test_a_booking_that_is_no_hold(self, world: World) -> None:
        with pytest.raises(NotHeld) as caught:
            confirm(world, world.booking())
        assert caught.value.facts == {"status": "ticketed"}

    def test_one_that_was_paid_for(self, world: World) -> None:
        hold = world.hold()
        confirm(world, hold)
        with pytest.raises(NotHeld):
            confirm(world, hold)

    def test_one_that_was_cancelled(self, world: World) -> None:
        hold = world.hold()
        world.call("cancel_booking", **cancellation_of(world.quote(hold)))
        with pytest.raises(AlreadyCancelled):
            confirm(world, hold)

    def test_somebody_else_s_is_not_found(self, world: World, bo_at_aviare: Caller) -> None:
        hold = world.hold()
        with pytest.raises(NotFound):
            World(bo_at_aviare).call("confirm_hold", **confirmation_of(hold))
        assert is_as_before(hold)

    def test_somebody_else_s_card_is_not_found(self, world: World, bo_at_aviare: Caller) -> None:
        hold = world.hold()
        with pytest.raises(NotFound):
            confirm(world, hold, **with_card(World(bo_at_aviare)))
        assert is_as_before(hold)

    def test_an_expired_card(self, world: World) -> None:
        hold, card = world.hold(), with_card(world)
        PaymentMethod.objects.update(exp_year=2020)
        with pytest.raises(CardExpired):
            confirm(world, hold, **card)

    def test_a_card_of_the_other_side(self, world: World) -> None:
        hold, card = world.hold(), with_card(world)
        PaymentMethod.objects.update(is_test=False)
        with pytest.raises(CardNotForProvider):
            confirm(world, hold, **card)

    def test_a_card_that_its_vault_has_forgotten(self, world: World) -> None:
        hold, card = world.hold(), with_card(world)
        kept = PaymentMethod.objects.get()
        kept.token = uuid4().hex
        kept.save()
        with pytest.raises(CardGone):
            confirm(world, hold, **card)
        assert is_as_before(hold)


def test_a_hold_may_be_paid_for_until_its_last_second(world: World, clock: StoppedClock) -> None:
    hold = world.hold()
    assert hold.payment_required_by is not None
    clock.set(hold.payment_required_by - timedelta(seconds=1))
    assert view_of(BookingView, confirm(world, hold)).status == "ticketed"


def test_the_bank_s_page_is_answered_by_nobody_after_the_hold_was_paid(world: World, clock: StoppedClock) -> None:
    booking = view_of(BookingView, confirm(world, world.hold(), **with_card(world, ASKS)))
    answer_bank(booking, "approve")
    clock.forward(seconds=21)
    assert read(world, booking).status == "ticketed"
    assert booking.payment is not None
    httpx2.post(str(booking.payment.challenge_url), data={"answer": "decline"}, trust_env=False)
    clock.forward(hours=1)
    call_command("resolve_bookings")
    assert read(world, booking).status == "ticketed"
