"""The process dies between any two statements of a yes; what it leaves, the sweep takes up, and books once."""

from collections.abc import Callable
from typing import Any

import pytest
from django.core.management import call_command
from structlog.testing import capture_logs

from bookings.booking import steps as booking_steps
from bookings.booking.models import Booking
from bookings.booking.states import State
from bookings.providers.errors import Refusal
from bookings.providers.types import OrderStatus
from checkout_widget.session import callers, confirming, queries, settling, steps, tasks, watching
from checkout_widget.session.asking import ask
from checkout_widget.session.models import CheckoutAttempt, CheckoutSession
from movmo.kit import clock as process_clock
from movmo.kit.ids import new_id
from movmo.kit.money import Money
from movmo.operations import events, outbox
from movmo.operations.models import Event, Outbox
from tests.checkout_widget.conftest import Checkout, Checkouts
from tests.checkout_widget.session.conftest import ObedientAirline
from tests.conftest import StoppedClock
from tests.saga import airline as moods
from tests.saga.airline import Mood, PowerCut

pytestmark = pytest.mark.django_db


def begun(checkout: Checkout) -> CheckoutAttempt:
    assert confirming._begin(checkout.again(), payment_method_id=None)
    return checkout.attempts[-1]


def called(checkout: Checkout) -> Any:
    """create_booking was called for the attempt, and its answer was lost with the process."""
    attempt = begun(checkout)
    total = Money(attempt.total_minor, attempt.currency)
    arguments = {
        **attempt.session.offer_named,
        "expected_total": {"amount": total.amount, "currency": total.currency},
        "payment_method_id": None,
    }
    return ask(callers.of_attempt(attempt), "create_booking", arguments, attempt.key).view


def noted(checkout: Checkout) -> None:
    view = called(checkout)
    confirming._note_booking(checkout.attempts[-1], view.booking_id)


def sweep(clock: StoppedClock) -> None:
    """Of bookings and of checkouts, as workers do."""
    clock.forward(seconds=11)
    call_command("resolve_bookings", verbosity=0)
    tasks.sweep()


@pytest.mark.parametrize("died", [begun, called, noted], ids=["before the call", "after the call", "before settling"])
@pytest.mark.parametrize("taken_up_by", ["the sweep", "a frame"])
def test_whoever_comes_next_goes_on(
    ready: Checkout, airline: ObedientAirline, clock: StoppedClock, died: Callable[[Checkout], Any], taken_up_by: str
) -> None:
    died(ready)
    assert ready.state == "confirming"
    if taken_up_by == "a frame":
        clock.forward(seconds=11)
        ready.look()
    else:
        sweep(clock)
    assert (ready.state, len(airline.sent), Booking.objects.count()) == ("completed", 1, 1)
    assert ready.session.record_locator


@pytest.mark.parametrize("mood", [moods.power_fails_before_sending, moods.power_fails_after_the_answer])
def test_in_the_middle_of_the_booking(
    ready: Checkout, airline: ObedientAirline, clock: StoppedClock, mood: Mood
) -> None:
    airline.moods = [mood]
    with pytest.raises(PowerCut):
        ready.say_yes()
    assert (ready.state, ready.attempts[0].booking_id) == ("confirming", None)
    for _ in range(60):
        if ready.state != "confirming":
            break
        sweep(clock)
    assert ready.state == "completed"
    assert sum(len(orders) for orders in airline.orders.values()) == 1


def test_after_the_booking_failed(ready: Checkout, airline: ObedientAirline, clock: StoppedClock) -> None:
    """The next call finds the booking and its reason, and does not book again."""
    airline.moods = [moods.rejects(Refusal.PAYMENT_DECLINED)]
    with pytest.raises(Exception, match="declined"):
        called(ready)
    sweep(clock)
    assert (ready.state, ready.session.failure_code, len(airline.sent)) == ("ready", "payment_declined", 1)
    assert ready.attempts[0].booking_id == Booking.objects.get().pk


def test_an_attempt_whose_key_is_taken_never_books_again(
    ready: Checkout, airline: ObedientAirline, clock: StoppedClock
) -> None:
    """Whatever its call is refused for: there is a booking, and that decides."""
    airline.moods = [moods.ponders]
    called(ready)
    CheckoutAttempt.objects.update(total_minor=1)  # another request by the same key
    sweep(clock)
    assert (ready.state, len(airline.sent)) == ("confirming", 1)
    airline.decide(OrderStatus.CONFIRMED)
    clock.forward(minutes=1)
    sweep(clock)
    assert ready.state == "completed"


class TestTheSweep:
    def test_leaves_alone_what_somebody_has_just_moved(self, ready: Checkout, airline: ObedientAirline) -> None:
        begun(ready)
        tasks.sweep()
        assert (ready.state, airline.sent) == ("confirming", [])

    def test_gives_each_a_turn(self, checkouts: Checkouts, airline: ObedientAirline, clock: StoppedClock) -> None:
        """Those that were looked at in vain come after those that have not been looked at."""
        airline.moods = [moods.ponders] * 2
        slow = [checkouts.ready() for _ in range(2)]
        for one in slow:
            one.say_yes()
        clock.forward(seconds=1)
        late = checkouts.ready()
        begun(late)
        clock.forward(seconds=11)
        assert watching.sweep(now=clock.now, limit=2) == 2
        assert [one.state for one in (*slow, late)] == ["confirming"] * 3
        assert watching.sweep(now=clock.now, limit=2) == 1
        assert late.state == "completed"
        assert watching.sweep(now=clock.now, limit=2) == 0

    def test_goes_on_to_the_next_when_one_breaks(
        self, checkouts: Checkouts, airline: ObedientAirline, clock: StoppedClock
    ) -> None:
        airline.moods = [moods.rejects(Refusal.SOLD_OUT)]
        broken, whole = checkouts.ready(), checkouts.ready()
        for one in (broken, whole):
            begun(one)
        untold = events._types.pop("checkout.failed.v1")
        sweep(clock)
        assert (broken.state, whole.state) == ("confirming", "completed")
        events.declare(untold)
        sweep(clock)
        assert (broken.state, len(airline.sent)) == ("failed", 2)

    def test_expires_what_nobody_finished(self, checkouts: Checkouts, clock: StoppedClock) -> None:
        all_of_them = [checkouts.open(), checkouts.claimed(), checkouts.arrived(), checkouts.ready()]
        clock.forward(minutes=31)
        tasks.sweep()
        assert {one.state for one in all_of_them} == {"expired"}
        assert not CheckoutSession.objects.exclude(user_id=None).exists()


class TestEvents:
    def test_of_a_booking_move_its_checkout_without_anybody_looking(
        self, ready: Checkout, airline: ObedientAirline
    ) -> None:
        airline.moods = [moods.ponders]
        ready.say_yes()
        outbox.drain()
        assert ready.state == "confirming"
        airline.decide(OrderStatus.CONFIRMED)
        ready_for_a_look(ready)
        outbox.drain()
        assert (ready.state, ready.told()[-1]) == ("completed", "completed")
        completed = Event.objects.get(type="checkout.completed.v1")
        assert completed.payload["record_locator"] == ready.session.record_locator

    def test_tell_a_decline_as_what_it_was(self, ready: Checkout, airline: ObedientAirline) -> None:
        """The worker is faster than the call that made the booking: an event alone does not say why it failed."""
        airline.moods = [moods.rejects(Refusal.PAYMENT_DECLINED)]
        with pytest.raises(Exception, match="declined"):
            called(ready)
        confirming._note_booking(ready.attempts[0], Booking.objects.get().pk)
        outbox.drain()
        assert (ready.state, ready.session.failure_code, ready.session.declines) == ("ready", "payment_declined", 1)

    def test_that_come_late_change_nothing_of_a_later_attempt(self, ready: Checkout, airline: ObedientAirline) -> None:
        airline.moods = [moods.rejects(Refusal.PAYMENT_DECLINED), moods.ponders]
        ready.say_yes()
        ready.say_yes()
        outbox.drain()
        settling.settle(ready.attempts[0], "failed", failure="payment_declined")
        assert (ready.state, ready.session.declines) == ("confirming", 1)

    def test_wait_while_the_traveler_has_called_too_often(
        self, ready: Checkout, airline: ObedientAirline, settings: Any, clock: StoppedClock
    ) -> None:
        airline.moods = [moods.rejects(Refusal.PAYMENT_DECLINED)]
        with pytest.raises(Exception, match="declined"):
            called(ready)
        confirming._note_booking(ready.attempts[0], Booking.objects.get().pk)
        settings.MOVMO_USER_RATE = 0
        outbox.drain()
        assert ready.look() == "confirming"
        settings.MOVMO_USER_RATE = 1_000_000
        clock.forward(minutes=1)
        outbox.drain()
        assert ready.state == "ready"

    def test_of_a_booking_that_nobody_may_read_are_given_up(self, ready: Checkout, airline: ObedientAirline) -> None:
        airline.moods = [moods.rejects(Refusal.PAYMENT_DECLINED)]
        with pytest.raises(Exception, match="declined"):
            called(ready)
        confirming._note_booking(ready.attempts[0], Booking.objects.get().pk)
        CheckoutAttempt.objects.update(user_id=new_id())
        outbox.drain()
        assert not Outbox.objects.exclude(state=Outbox.State.DONE).exists()

    def test_never_stop_the_publishing(self, ready: Checkout) -> None:
        """Whatever state the checkout is in."""
        ready.say_yes()
        for state in CheckoutSession.State.values:
            CheckoutSession.objects.update(state=state)
            CheckoutAttempt.objects.update(ended_at=None, outcome="")
            watching.receive(list(Event.objects.filter(type__startswith="booking.")))

    def test_carry_nothing_personal(self, checkouts: Checkouts) -> None:
        checkout = checkouts.ready(customer_email="private@shop.example")
        checkout.say_yes()
        for event in Event.objects.filter(subject_id=checkout.id):
            assert set(event.payload) == {"session_id", "status", "booking_id", "record_locator", "failure_code"}
            assert (event.partner_id, event.is_live) == (checkout.session.partner_id, False)
            assert "private" not in str(event.payload)


def ready_for_a_look(checkout: Checkout) -> None:
    """The bookings' own sweep finds out."""
    Booking.objects.update(lease_until=None)
    call_command("resolve_bookings", verbosity=0)


class TestABookingThatWasToldAsFailed:
    def test_and_turns_out_to_be_booked_completes_its_checkout(self, ready: Checkout, airline: ObedientAirline) -> None:
        failed(ready, airline)
        settling.settle(ready.attempts[0], "confirmed", record_locator="BCDFGH")
        assert (ready.state, ready.session.record_locator, ready.session.failure_code) == ("completed", "BCDFGH", "")
        assert [one.outcome for one in ready.attempts] == ["confirmed"]

    @pytest.mark.parametrize("state", ["open", "authenticated", "ready", "failed", "expired", "canceled"])
    def test_whatever_became_of_that_meanwhile(self, ready: Checkout, airline: ObedientAirline, state: str) -> None:
        failed(ready, airline)
        CheckoutSession.objects.update(state=state)
        settling.settle(ready.attempts[0], "ticketed", record_locator="BCDFGH")
        assert ready.state == "completed"

    def test_is_not_told_to_whoever_has_signed_in_since(
        self, ready: Checkout, airline: ObedientAirline, bo: Any
    ) -> None:
        failed(ready, airline)
        ready.claim()
        ready.arrive(bo)
        settling.settle(ready.attempts[0], "ticketed", record_locator="BCDFGH")
        assert (ready.state, ready.again().user_id) == ("completed", None)

    def test_ends_the_next_attempt_that_is_under_way(self, ready: Checkout, airline: ObedientAirline) -> None:
        failed(ready, airline)
        airline.moods = [moods.ponders]
        ready.say_yes()
        settling.settle(ready.attempts[0], "ticketed", record_locator="BCDFGH")
        assert (ready.state, ready.session.booking_id) == ("completed", ready.attempts[0].booking_id)
        settling.settle(ready.attempts[1], "failed", failure="payment_declined")
        assert (ready.state, ready.session.booking_id) == ("completed", ready.attempts[0].booking_id)

    def test_twice_is_told_to_staff(self, ready: Checkout, airline: ObedientAirline) -> None:
        failed(ready, airline)
        ready.say_yes()
        first, second = ready.attempts
        with capture_logs() as log:
            settling.settle(first, "ticketed", record_locator="BCDFGH")
        assert [line["event"] for line in log] == ["checkout.booked_twice"]
        assert ready.again().booking_id == second.booking_id
        assert list(queries.booked_twice()) == [ready.session]

    def test_twice_is_over_for_staff_once_one_of_them_is_cancelled(
        self, ready: Checkout, airline: ObedientAirline
    ) -> None:
        failed(ready, airline)
        ready.say_yes()
        first, second = ready.attempts
        settling.settle(first, "ticketed", record_locator="BCDFGH")
        assert second.booking_id is not None
        booking = booking_steps.reload(second.booking_id)
        booking_steps.settle(booking, State.CANCELLED, now=process_clock.now(), reason="the airline took it back")
        outbox.drain()
        assert [one.outcome for one in ready.attempts] == ["ticketed", "cancelled"]
        assert (ready.state, ready.session.booking_id) == ("completed", second.booking_id)
        assert list(queries.booked_twice()) == []

    def test_once_is_nothing_for_staff(self, ready: Checkout, airline: ObedientAirline) -> None:
        failed(ready, airline)
        assert ready.say_yes() == "completed"
        assert list(queries.booked_twice()) == []

    def test_learns_its_pnr_once_that_is_known(self, ready: Checkout, airline: ObedientAirline) -> None:
        failed(ready, airline)
        settling.settle(ready.attempts[0], "confirmed")
        assert ready.again().record_locator == ""
        settling.settle(ready.attempts[0], "ticketed", record_locator="BCDFGH")
        assert ready.again().record_locator == "BCDFGH"

    def test_is_told_once_staff_have_found_its_order(self, ready: Checkout, airline: ObedientAirline) -> None:
        failed(ready, airline)
        now, booking = process_clock.now(), booking_steps.reload(Booking.objects.get().pk)
        booking = booking_steps.settle(booking, State.MANUAL_REVIEW, now=now, reason="an order came in")
        outbox.drain()
        assert ready.state == "ready"
        path = (State.CONFIRMED, State.TICKETED)
        booking_steps.settle(booking, *path, now=now, reason="the airline has it", record_locators=["BCDFGH"])
        outbox.drain()
        assert (ready.state, ready.session.record_locator, ready.session.booking_id) == (
            "completed",
            "BCDFGH",
            booking.pk,
        )
        assert ready.told()[-1] == "completed"

    def test_is_found_by_its_event(self, ready: Checkout, airline: ObedientAirline) -> None:
        failed(ready, airline)
        booking_id = ready.attempts[0].booking_id
        assert booking_id is not None
        event = Event(type="booking.ticketed.v1", subject_id=booking_id, payload={"status": "ticketed"})
        watching.receive([event])
        assert [row.payload for row in Outbox.objects.filter(topic="checkout")] == [
            {"attempt_id": str(ready.attempts[0].pk)}
        ]


def failed(checkout: Checkout, airline: ObedientAirline) -> None:
    airline.moods = [moods.is_unavailable]
    assert checkout.say_yes() == "ready"
    outbox.drain()


def test_no_step_is_taken_that_the_table_does_not_know(opened: Checkout) -> None:
    with pytest.raises(ValueError, match="from open to completed"):
        steps.move(opened.session, CheckoutSession.State.COMPLETED, now=opened.session.created_at)
