"""Looking up at the provider while something is asked of the order: that comes first, and the sentence is true."""

from typing import Any

import pytest
from django.core.management import call_command
from django.test import Client

from bookings.booking.actors import Actor
from bookings.booking.amendment import saga
from bookings.booking.models import Booking
from bookings.booking.owing import is_to_be_given_back
from bookings.booking.states import State
from bookings.cancellation.models import CancellationQuote
from bookings.providers.types import OrderStatus
from bookings.reconciliation.models import Discrepancy
from bookings.reconciliation.resolution import resyncing
from bookings.reconciliation.resolution.refusals import LookUpUnanswered
from bookings.reconciliation.states import Class
from movmo.accounts.models import User
from movmo.kit import clock as time
from movmo.sandbox_vault.app import SandboxVault
from tests.admin.finance import act, clerk
from tests.bookings.abilities import sandbox_with
from tests.bookings.booking.test_paying import authorization
from tests.bookings.reconciliation import books
from tests.bookings.reconciliation.books import by
from tests.saga import airline as moods
from tests.saga.live_trip import LiveTrip

pytestmark = pytest.mark.django_db(transaction=True)


def stands(trip: LiveTrip) -> tuple[str, str]:
    return trip.state, trip.amendment.state


def left_to_a_person(trip: LiveTrip) -> None:
    """The airline was asked, and did not tell."""
    trip.clock.forward(minutes=2)
    saga.hand_over(trip.amendment.pk, by=Actor("staff", "admin"), clock=time.now)
    assert stands(trip) == ("manual_review", "review")


def looked_up(trip: LiveTrip, clerk: User) -> str:
    one = books.discrepancy(booking=trip.booking)
    return resyncing.resync(one.pk, by=by(clerk), clock=time.now).told


@pytest.fixture
def unpaid(held: LiveTrip, the_vault: SandboxVault) -> LiveTrip:
    """A hold whose card was approved, and whose airline does not tell of the payment."""
    card = held.world.card()
    held.confirm(moods.hears_nothing, payment_method_id=str(card.payment_method_id))
    left_to_a_person(held)
    return held


@pytest.fixture
def uncancelled(booked: LiveTrip) -> LiveTrip:
    booked.cancel(moods.hears_nothing)
    left_to_a_person(booked)
    return booked


def cancelled_after_all(trip: LiveTrip) -> CancellationQuote:
    """On the terms that were quoted."""
    quote = CancellationQuote.objects.get(pk=trip.quote_id)
    trip.order.status, trip.order.refund = OrderStatus.CANCELLED, quote.refund
    return quote


def is_cancelled_as_quoted(booking: Booking, quote: CancellationQuote) -> bool:
    told = (booking.cancelled_by, booking.refund_minor, booking.penalty_minor, booking.refund_to)
    return told == ("traveler", quote.refund_minor, quote.penalty_minor, quote.refund_to)


def entered(role: str) -> Client:
    """At the office as of now, by the clock that stands still."""
    _, office = clerk(role, f"{role}@movmo.example")
    session = office.session
    for record in session["account_authentication_methods"]:
        record["at"] = time.now().timestamp()
    session.save()
    return office


class TestUnderReview:
    def test_a_card_is_not_given_back_while_the_hold_may_be_sold(
        self, unpaid: LiveTrip, ops: User, the_vault: SandboxVault
    ) -> None:
        assert "manual_review, as before" in looked_up(unpaid, ops)
        assert stands(unpaid) == ("manual_review", "review")
        assert not is_to_be_given_back(unpaid.booking)
        unpaid.clock.forward(hours=1)
        call_command("resolve_bookings")
        assert authorization(the_vault, unpaid.amendment.pk).status == "approved"

    def test_a_hold_that_was_paid_for_is_sold(self, unpaid: LiveTrip, ops: User) -> None:
        unpaid.order.status, unpaid.order.is_paid = OrderStatus.CONFIRMED, True
        assert "ticketed, and was manual_review" in looked_up(unpaid, ops)
        assert stands(unpaid) == ("ticketed", "done")

    def test_what_was_cancelled_is_so_on_the_terms_of_the_quote(self, uncancelled: LiveTrip, ops: User) -> None:
        quote = cancelled_after_all(uncancelled)
        assert "cancelled, and was manual_review" in looked_up(uncancelled, ops)
        assert stands(uncancelled) == ("cancelled", "done")
        assert is_cancelled_as_quoted(uncancelled.booking, quote)

    def test_what_is_not_cancelled_waits_for_the_person(self, uncancelled: LiveTrip, ops: User) -> None:
        assert "Looked up" in looked_up(uncancelled, ops)
        assert stands(uncancelled) == ("manual_review", "review")

    def test_so_it_is_where_the_booking_was_missing(self, uncancelled: LiveTrip, ops: User) -> None:
        quote, of = cancelled_after_all(uncancelled), books.statement()
        line = books.line(of, order_id=uncancelled.order_id)
        one = books.discrepancy(of, category=Class.MISSING_LOCALLY, line=line)
        assert "cancelled, and was manual_review" in resyncing.adopt(one.pk, by=by(ops), clock=time.now).told
        assert stands(uncancelled) == ("cancelled", "done")
        assert is_cancelled_as_quoted(uncancelled.booking, quote)
        assert Discrepancy.objects.get(pk=one.pk).booking_id == uncancelled.booking.pk

    def test_so_it_is_by_the_button(self, uncancelled: LiveTrip) -> None:
        quote = cancelled_after_all(uncancelled)
        answer = act(entered("finance"), books.discrepancy(booking=uncancelled.booking), "resync")
        assert "cancelled, and was manual_review" in answer.content.decode()
        assert stands(uncancelled) == ("cancelled", "done")
        assert is_cancelled_as_quoted(uncancelled.booking, quote)

    def test_the_person_s_own_look_up_does_the_same(self, uncancelled: LiveTrip) -> None:
        quote = cancelled_after_all(uncancelled)
        address = f"/admin/bookings/booking/{uncancelled.booking.pk}/do/look-up/"
        answer = entered("support").post(address, {"reason": "The traveler called"})
        assert answer.status_code == 302
        assert is_cancelled_as_quoted(uncancelled.booking, quote)


class TestWhatIsTold:
    def test_while_the_workers_cancel_the_airline_is_asked(self, booked: LiveTrip, ops: User) -> None:
        booked.cancel(moods.does_it_silently)
        booked.clock.forward(seconds=61)
        assert "Looked up" in (told := looked_up(booked, ops))
        assert "cancelled, and was cancelling" in told
        assert stands(booked) == ("cancelled", "done")

    def test_while_they_pay_for_a_hold(self, held: LiveTrip, ops: User) -> None:
        held.confirm(moods.hears_nothing)
        held.clock.forward(seconds=61)
        assert "confirming, as before" in looked_up(held, ops)
        assert (held.airline.looked, stands(held)) == (1, ("confirming", "open"))

    def test_what_was_not_sent_yet_is_not_asked_about(self, held: LiveTrip, ops: User) -> None:
        held.ask_and_lose_power("confirm_hold")
        assert "not asked: it owes no answer at this moment" in looked_up(held, ops)
        assert (held.airline.looked, held.state) == (0, State.CONFIRMING)

    def test_what_somebody_else_asks_about(self, booked: LiveTrip, ops: User) -> None:
        Booking.objects.update(lease_until=time.now() + moods.LATE)
        told = looked_up(booked, ops)
        assert "not asked: somebody else is asking" in told
        assert (booked.airline.looked, "Looked up" in told) == (0, False)

    @pytest.mark.parametrize("state", ["failed", "lapsed", "cancelled"])
    def test_what_is_over(self, booked: LiveTrip, ops: User, state: str) -> None:
        Booking.objects.update(state=state)
        assert f"not asked: what is over stays so; booking {booked.booking.pk} is {state}" in looked_up(booked, ops)

    @pytest.mark.parametrize("trip", ["booked", "uncancelled"])
    def test_an_airline_that_does_not_answer(self, request: Any, trip: str, ops: User) -> None:
        asked: LiveTrip = request.getfixturevalue(trip)
        asked.airline.is_deaf = True
        with pytest.raises(LookUpUnanswered):
            looked_up(asked, ops)

    def test_nor_does_it_tell_of_an_order_whose_worker_died(self, booked: LiveTrip, ops: User) -> None:
        Booking.objects.update(state="submitting", order_id="", lease_until=None)
        booked.airline.is_deaf = True
        assert "did not answer" in (told := looked_up(booked, ops))
        assert "unknown, and was submitting" in told

    def test_an_order_that_the_airline_does_not_have_any_more(self, booked: LiveTrip, ops: User) -> None:
        booked.airline.orders.clear()
        assert "has no such order; booking" in (told := looked_up(booked, ops))
        assert "ticketed, as before" in told

    def test_a_provider_that_finds_no_orders(self, booked: LiveTrip, ops: User) -> None:
        Booking.objects.update(state="manual_review", order_id="")
        with sandbox_with(finds_orders=False):
            assert "not asked: it finds no order by our reference" in looked_up(booked, ops)
        assert (booked.airline.asked, booked.airline.looked) == (0, 0)
