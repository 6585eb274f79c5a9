"""Every phase fails in every way; then somebody resumes. At the airline there is never more than one order."""

from collections.abc import Callable

import pytest

from bookings.booking.failures import OrderRefused, PaymentDeclined, PriceChanged, ProviderUnavailable, SoldOut
from bookings.booking.states import State
from bookings.offer.schemas import OfferStatus
from bookings.offer.services import OfferStale
from bookings.providers.errors import Refusal
from bookings.providers.types import OrderStatus
from movmo.kit.errors import DomainError
from movmo.operations.dispatch import Answer
from movmo.operations.idempotency import IdempotencyInProgress
from tests.saga import airline as moods
from tests.saga.airline import Mood, PowerCut, dies_when_asked
from tests.saga.trip import Trip

pytestmark = pytest.mark.django_db

Resume = Callable[[Trip], object]
BY_ANYBODY: list[Resume] = [Trip.replay, Trip.read, Trip.resolve]
BY_A_SENDER: list[Resume] = [Trip.replay, Trip.resolve]

FINAL: list[tuple[Mood, type[DomainError], str]] = [
    (moods.rejects(Refusal.SOLD_OUT), SoldOut, OfferStatus.REFUSED),
    (moods.rejects(Refusal.PRICE_CHANGED), PriceChanged, OfferStatus.ACTIVE),
    (moods.rejects(Refusal.OFFER_EXPIRED), OfferStale, OfferStatus.REFUSED),
    (moods.rejects(Refusal.PAYMENT_DECLINED), PaymentDeclined, OfferStatus.ACTIVE),
    (moods.rejects(Refusal.PASSENGERS_INVALID), OrderRefused, OfferStatus.REFUSED),
    (moods.rejects(Refusal.OTHER), OrderRefused, OfferStatus.REFUSED),
    (moods.fails_the_order, OrderRefused, OfferStatus.REFUSED),
    (moods.is_unavailable, ProviderUnavailable, OfferStatus.ACTIVE),
]
LEFT_AN_ORDER = [moods.loses_the_answer, moods.breaks_afterwards]
LEFT_NOTHING = [moods.loses_the_order, moods.breaks]


def is_undecided(outcome: object) -> bool:
    return isinstance(outcome, Answer) and outcome.view.is_undecided() and outcome.status == 202


class TestFinalAnswers:
    def test_an_order_that_is_confirmed_confirms_the_booking(self, trip: Trip) -> None:
        trip.book()
        assert (trip.state, trip.live_orders) == (State.TICKETED, 1)
        assert trip.path == ["reserved", "submitting", "confirmed", "ticketed"]

    @pytest.mark.parametrize(("mood", "error", "offer_status"), FINAL, ids=[row[1].code for row in FINAL])
    def test_a_final_failure_fails_the_booking(
        self, trip: Trip, mood: Mood, error: type[DomainError], offer_status: str
    ) -> None:
        assert isinstance(trip.book(mood), error)
        assert (trip.state, trip.live_orders, trip.offer_status) == (State.FAILED, 0, offer_status)
        assert trip.path == ["reserved", "submitting", "failed"]

    @pytest.mark.parametrize("resume", BY_ANYBODY)
    @pytest.mark.parametrize("mood", [moods.confirms, moods.is_unavailable, moods.rejects(Refusal.SOLD_OUT)])
    def test_what_is_decided_is_never_sent_or_looked_up_again(self, trip: Trip, mood: Mood, resume: Resume) -> None:
        trip.book(mood)
        decided = trip.path
        trip.clock.forward(hours=1)
        resume(trip)
        assert (trip.path, len(trip.airline.sent), trip.airline.asked) == (decided, 1, 0)


class TestPending:
    @pytest.mark.parametrize("resume", BY_ANYBODY)
    @pytest.mark.parametrize(
        ("decision", "state"), [(OrderStatus.CONFIRMED, State.TICKETED), (OrderStatus.FAILED, State.FAILED)]
    )
    def test_a_pending_order_is_asked_for_until_it_is_decided(
        self, trip: Trip, resume: Resume, decision: OrderStatus, state: State
    ) -> None:
        assert is_undecided(trip.book(moods.ponders))
        trip.clock.forward(seconds=3)
        resume(trip)
        assert trip.state is State.PENDING
        trip.airline.decide(decision)
        trip.clock.forward(seconds=3)
        resume(trip)
        assert (trip.state, len(trip.airline.sent)) == (state, 1)

    def test_a_pending_order_that_has_failed_is_told_as_a_refusal(self, trip: Trip) -> None:
        trip.book(moods.ponders)
        trip.airline.decide(OrderStatus.FAILED)
        trip.clock.forward(seconds=3)
        for _ in range(2):
            refusal = trip.replay()
            assert isinstance(refusal, OrderRefused)
            assert refusal.replayed

    @pytest.mark.parametrize("resume", BY_ANYBODY)
    def test_a_pending_order_that_the_airline_cannot_find_stays_pending(self, trip: Trip, resume: Resume) -> None:
        trip.book(moods.ponders)
        trip.airline.orders.clear()
        for _ in range(3):
            trip.clock.forward(hours=1)
            resume(trip)
        assert (trip.state, len(trip.airline.sent)) == (State.PENDING, 1)


class TestUnknownOutcomes:
    @pytest.mark.parametrize("resume", BY_ANYBODY)
    @pytest.mark.parametrize("mood", LEFT_AN_ORDER)
    def test_an_order_whose_answer_was_lost_is_found(self, trip: Trip, mood: Mood, resume: Resume) -> None:
        assert is_undecided(trip.book(mood))
        assert trip.state is State.UNKNOWN
        resume(trip)
        assert (trip.state, trip.live_orders, len(trip.airline.sent)) == (State.TICKETED, 1, 1)
        assert trip.path == ["reserved", "submitting", "unknown", "confirmed", "ticketed"]

    @pytest.mark.parametrize("resume", BY_ANYBODY)
    @pytest.mark.parametrize("mood", LEFT_NOTHING)
    def test_nothing_is_sent_again_within_the_settle_window(self, trip: Trip, mood: Mood, resume: Resume) -> None:
        trip.book(mood)
        for _ in range(39):
            trip.clock.forward(seconds=3)
            resume(trip)
        assert (trip.state, len(trip.airline.sent)) == (State.UNKNOWN, 1)

    @pytest.mark.parametrize("resume", BY_A_SENDER)
    @pytest.mark.parametrize("mood", LEFT_NOTHING)
    def test_after_the_settle_window_it_is_sent_once_more(self, trip: Trip, mood: Mood, resume: Resume) -> None:
        trip.book(mood)
        trip.clock.forward(minutes=3)
        resume(trip)
        assert (trip.state, trip.live_orders, len(trip.airline.sent)) == (State.TICKETED, 1, 2)
        assert trip.path == ["reserved", "submitting", "unknown", "reserved", "submitting", "confirmed", "ticketed"]

    @pytest.mark.parametrize("resume", BY_ANYBODY)
    def test_an_order_that_comes_late_is_found_and_not_doubled(self, trip: Trip, resume: Resume) -> None:
        trip.book(moods.is_late)
        for _ in range(50):
            trip.clock.forward(seconds=3)
            resume(trip)
        assert (trip.state, trip.live_orders, len(trip.airline.sent)) == (State.TICKETED, 1, 1)

    def test_a_reference_that_the_airline_knows_is_looked_up_at_once(self, trip: Trip) -> None:
        trip.book(moods.knows_the_reference)
        assert (trip.state, trip.live_orders, len(trip.airline.sent)) == (State.TICKETED, 1, 1)
        assert trip.path == ["reserved", "submitting", "unknown", "confirmed", "ticketed"]


class TestPowerCuts:
    @pytest.mark.parametrize("resume", BY_A_SENDER)
    def test_between_reservation_and_claim(self, trip: Trip, resume: Resume) -> None:
        trip.book_and_lose_power_before_the_claim()
        assert (trip.state, trip.airline.sent) == (State.RESERVED, [])
        resume(trip)
        assert (trip.state, trip.live_orders) == (State.TICKETED, 1)
        assert trip.path == ["reserved", "submitting", "confirmed", "ticketed"]

    @pytest.mark.parametrize("resume", BY_ANYBODY)
    @pytest.mark.parametrize("mood", [moods.power_fails_before_sending, moods.power_fails_after_the_answer])
    def test_while_the_order_is_out_its_lease_protects_it(self, trip: Trip, mood: Mood, resume: Resume) -> None:
        assert isinstance(trip.book(mood), PowerCut)
        assert trip.state is State.SUBMITTING
        trip.clock.forward(seconds=59)
        resume(trip)
        assert (trip.state, len(trip.airline.sent), trip.airline.asked) == (State.SUBMITTING, 1, 0)

    @pytest.mark.parametrize("resume", BY_ANYBODY)
    def test_after_the_answer_and_before_it_is_written_down(self, trip: Trip, resume: Resume) -> None:
        trip.book(moods.power_fails_after_the_answer)
        trip.clock.forward(seconds=60)
        resume(trip)
        assert (trip.state, trip.live_orders, len(trip.airline.sent)) == (State.TICKETED, 1, 1)
        assert trip.path == ["reserved", "submitting", "unknown", "confirmed", "ticketed"]

    @pytest.mark.parametrize("resume", BY_A_SENDER)
    def test_before_the_order_was_out(self, trip: Trip, resume: Resume) -> None:
        trip.book(moods.power_fails_before_sending)
        trip.clock.forward(seconds=60)
        resume(trip)
        assert trip.state is State.UNKNOWN
        trip.clock.forward(minutes=3)
        resume(trip)
        assert (trip.state, trip.live_orders, len(trip.airline.sent)) == (State.TICKETED, 1, 2)

    @pytest.mark.parametrize("resume", BY_ANYBODY)
    def test_during_a_look_up(self, trip: Trip, resume: Resume) -> None:
        trip.book(moods.loses_the_answer)
        with dies_when_asked(trip.airline):
            assert isinstance(trip.replay(), PowerCut)
        resume(trip)
        assert trip.state is State.UNKNOWN  # the dead one's lease
        trip.clock.forward(seconds=60)
        resume(trip)
        assert (trip.state, trip.live_orders, len(trip.airline.sent)) == (State.TICKETED, 1, 1)

    def test_a_replay_within_the_lease_hears_that_the_first_call_still_runs(self, trip: Trip) -> None:
        trip.book(moods.power_fails_before_sending)
        outcome = trip.replay()
        assert isinstance(outcome, IdempotencyInProgress)
        assert outcome.retry_after == 1


class TestReads:
    @pytest.mark.parametrize("mood", [*LEFT_NOTHING, moods.power_fails_before_sending])
    def test_a_read_never_sends_an_order(self, trip: Trip, mood: Mood) -> None:
        trip.book(mood)
        for _ in range(10):
            trip.clock.forward(minutes=3)
            trip.read()
        assert (trip.state, len(trip.airline.sent)) == (State.RESERVED, 1)

    def test_a_reserved_booking_is_only_shown(self, trip: Trip) -> None:
        trip.book_and_lose_power_before_the_claim()
        assert trip.read().status is State.RESERVED
        assert (trip.airline.sent, trip.airline.asked) == ([], 0)
