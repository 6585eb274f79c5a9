"""quote_cancellation: the airline's terms are told and kept, and nothing is cancelled."""

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest

from bookings.booking.amendment.refusals import AirlineRefused, AirlineUnavailable, AlreadyCancelled, HoldLapsed
from bookings.booking.models import Booking
from bookings.booking.states import State
from bookings.cancellation.models import CancellationQuote
from bookings.cancellation.refusals import NotCancellable
from bookings.offer.schemas import MoneyView
from bookings.offer.services import NotBookable
from bookings.providers.errors import OutcomeUnknown, ProviderFailure, Refusal, Rejected, Unavailable
from bookings.providers.sandbox.airline import Airline
from bookings.providers.types import CancellationTerms
from bookings.sandbox_airline.models import SandboxOrder
from bookings.sandbox_airline.services import SandboxAirline
from movmo.kit.errors import DomainError, NotFound
from movmo.kit.money import Money
from movmo.operations.context import Caller
from tests.bookings.abilities import sandbox_with
from tests.conftest import StoppedClock
from tests.contract.world import World, cancellation_of, new_key

pytestmark = pytest.mark.django_db


def money(view: MoneyView) -> Money:
    return Money.parse(view.amount, view.currency)


class TestTheTerms:
    def test_refund_and_penalty_make_the_total(self, world: World, clock: StoppedClock) -> None:
        booking = world.booking()
        quote = world.quote(booking)
        assert money(quote.refund) + money(quote.penalty) == money(booking.total)
        assert (quote.booking_id, quote.expires_at) == (booking.booking_id, clock.now + timedelta(minutes=30))

    def test_a_hold_costs_nothing(self, world: World) -> None:
        quote = world.quote(world.hold())
        assert (money(quote.refund).minor, money(quote.penalty).minor, quote.refund_to) == (0, 0, "none")

    def test_nothing_is_cancelled(self, world: World) -> None:
        world.quote()
        assert (Booking.objects.get().state, SandboxOrder.objects.get().status) == (State.TICKETED, "confirmed")

    def test_a_replay_tells_the_same_quote_and_asks_nobody(self, world: World, clock: StoppedClock) -> None:
        booking_id, key = str(world.booking().booking_id), new_key()
        first = world.call("quote_cancellation", key=key, booking_id=booking_id)
        clock.forward(hours=2)
        SandboxOrder.objects.all().update(status="cancelled")  # whoever asked now would hear something else
        again = world.call("quote_cancellation", key=key, booking_id=booking_id)
        assert (again.view, again.replayed) == (first.view, True)
        assert CancellationQuote.objects.count() == 1

    def test_another_key_is_another_quote(self, world: World) -> None:
        booking = world.booking()
        assert world.quote(booking).quote_id != world.quote(booking).quote_id


class TestRefused:
    def test_a_booking_that_was_cancelled(self, world: World) -> None:
        quote = world.quote()
        world.call("cancel_booking", **cancellation_of(quote))
        with pytest.raises(AlreadyCancelled):
            world.call("quote_cancellation", booking_id=str(quote.booking_id))

    def test_a_hold_that_lapsed(self, world: World) -> None:
        hold = world.hold()
        Booking.objects.update(state=State.LAPSED)
        with pytest.raises(HoldLapsed):
            world.quote(hold)

    def test_a_booking_that_failed(self, world: World) -> None:
        with pytest.raises(DomainError):
            world.book(world.mapped_offer(family_name="SOLDOUT"))
        with pytest.raises(NotCancellable) as caught:
            world.call("quote_cancellation", booking_id=str(Booking.objects.get().pk))
        assert caught.value.facts == {"reason": "it is failed"}

    def test_one_that_is_being_decided(self, world: World) -> None:
        answer = world.book(world.mapped_offer(family_name="TIMEOUTLOST"))
        with pytest.raises(DomainError) as caught:
            world.call("quote_cancellation", booking_id=str(answer.view.model_dump()["booking_id"]))
        assert (caught.value.code, caught.value.facts["status"]) == ("booking_busy", "unknown")

    def test_somebody_else_s_is_not_found(self, world: World, bo_at_aviare: Caller) -> None:
        with pytest.raises(NotFound):
            World(bo_at_aviare).quote(world.booking())

    def test_a_provider_that_cancels_nothing(self, world: World) -> None:
        booking = world.booking()
        with sandbox_with(cancellation=False), pytest.raises(NotBookable) as caught:
            world.quote(booking)
        assert caught.value.facts == {"provider": "sandbox", "what": "cancellation"}

    @pytest.mark.parametrize(
        ("answer", "error"),
        [
            (Rejected(Refusal.NOT_CANCELLABLE, "the journey has begun"), NotCancellable),
            (Rejected(Refusal.ORDER_OVER, "it has lapsed"), NotCancellable),
            (Rejected(Refusal.OTHER, "no"), AirlineRefused),
            (Unavailable("nobody there"), AirlineUnavailable),
            (OutcomeUnknown("no answer"), AirlineUnavailable),
        ],
    )
    def test_by_the_airline(
        self,
        world: World,
        install_airline: Callable[[Airline], None],
        answer: ProviderFailure,
        error: type[DomainError],
    ) -> None:
        booking = world.booking()
        install_airline(Terse(answer))
        with pytest.raises(error):
            world.quote(booking)
        assert (Booking.objects.get().state, CancellationQuote.objects.count()) == (State.TICKETED, 0)

    @pytest.mark.parametrize(
        ("refund", "penalty"),
        [
            (Money(9_000, "JPY"), Money(0, "EUR")),
            (Money(9_000, "EUR"), Money(100, "USD")),
            (Money(-1, "EUR"), Money(0, "EUR")),
        ],
    )
    def test_terms_in_money_that_the_booking_was_not_paid_with(
        self, world: World, install_airline: Callable[[Airline], None], refund: Money, penalty: Money
    ) -> None:
        booking = world.booking()
        install_airline(Foreign(refund, penalty))
        with pytest.raises(AirlineRefused):
            world.quote(booking)
        assert (Booking.objects.get().state, CancellationQuote.objects.count()) == (State.TICKETED, 0)

    def test_what_was_cancelled_while_the_airline_was_asked(
        self, world: World, install_airline: Callable[[Airline], None]
    ) -> None:
        booking = world.booking()
        install_airline(Meddled(lambda: Booking.objects.update(state=State.CANCELLED)))
        with pytest.raises(AlreadyCancelled):
            world.quote(booking)
        assert not CancellationQuote.objects.exists()


class Terse(SandboxAirline):
    """Answers a question about cancelling in one way only."""

    def __init__(self, answer: ProviderFailure) -> None:
        super().__init__()
        self._answer = answer

    def quote_cancellation(self, order_id: str, *, now: datetime) -> CancellationTerms:
        raise self._answer


class Meddled(SandboxAirline):
    """Something happens while it is asked."""

    def __init__(self, meanwhile: Callable[[], object]) -> None:
        super().__init__()
        self._meanwhile = meanwhile

    def quote_cancellation(self, order_id: str, *, now: datetime) -> CancellationTerms:
        terms = super().quote_cancellation(order_id, now=now)
        self._meanwhile()
        return terms


class Foreign(SandboxAirline):
    """Answers a question about cancelling with these terms."""

    def __init__(self, refund: Money, penalty: Money) -> None:
        super().__init__()
        self._amounts = refund, penalty

    def quote_cancellation(self, order_id: str, *, now: datetime) -> CancellationTerms:
        return CancellationTerms("ccq_1", *self._amounts, "voucher", now + timedelta(minutes=30))
