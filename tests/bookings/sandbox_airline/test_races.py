"""Several at one order, each with a connection of its own: one step is taken, and no seat is lost or doubled."""

from collections.abc import Callable, Sequence
from functools import partial

import pytest
from django.db import OperationalError, connection

from bookings.providers.errors import OutcomeUnknown, Refusal, Rejected, Unavailable
from bookings.providers.types import OrderStatus, ParsedOffer, ProviderOrder
from bookings.sandbox_airline.models import SandboxOrder, SandboxSeat, SandboxThrottle, SandboxTicket
from bookings.sandbox_airline.services import SandboxAirline
from tests.bookings.providers.orders import order, seat
from tests.bookings.sandbox_airline.stage import (
    NOW,
    at_once,
    later,
    offer_of,
    place,
    read,
    refusal,
    seats_left,
)
from tests.bookings.sandbox_airline.test_orders import Outage

ROUNDS = 5


@pytest.fixture
def airline() -> SandboxAirline:
    return SandboxAirline(seats_per_flight=20)


@pytest.mark.django_db(transaction=True)
class TestAtOnce:
    def test_a_hold_is_either_paid_for_or_lapses(self, airline: SandboxAirline) -> None:
        for _ in range(ROUNDS):
            held = place(airline, offer_of(airline, "Standard"), hold=True)
            pay = partial(airline.confirm_hold, held.order_id, total=held.total, now=later(hours=23))
            look = partial(read, airline, held, hours=24)
            at_once(pay, look, pay, look)
        rows = SandboxOrder.objects.all()
        assert {row.status for row in rows} <= {OrderStatus.CONFIRMED, OrderStatus.LAPSED}
        paid = sum(row.status == OrderStatus.CONFIRMED for row in rows)
        assert SandboxTicket.objects.count() == paid
        assert seats_left() == [20 - paid]

    def test_a_lapse_gives_its_seats_back_once(self, airline: SandboxAirline, offer: ParsedOffer) -> None:
        held = place(airline, offer, hold=True)
        answers = at_once(*[partial(read, airline, held, hours=24)] * 6)
        assert {answer.status for answer in told(answers)} == {OrderStatus.LAPSED}
        assert seats_left() == [20]

    def test_an_order_is_cancelled_and_refunded_once(self, airline: SandboxAirline) -> None:
        placed = place(airline, offer_of(airline, "Flex"))
        quotes = [airline.quote_cancellation(placed.order_id, now=NOW).reference for _ in range(6)]
        cancel = partial(airline.confirm_cancellation, placed.order_id, now=NOW)
        answers = at_once(*(partial(cancel, reference) for reference in quotes))
        assert len({answer.refund for answer in told(answers)}) == 1
        assert seats_left() == [20]
        assert len([line for line in airline.statement(NOW.date()) if line.kind == "refund"]) == 1

    def test_a_hold_is_paid_for_or_given_up(self, airline: SandboxAirline) -> None:
        held = place(airline, offer_of(airline, "Standard"), hold=True)
        terms = airline.quote_cancellation(held.order_id, now=NOW)
        pay = partial(airline.confirm_hold, held.order_id, total=held.total, now=NOW)
        give_up = partial(airline.confirm_cancellation, held.order_id, terms.reference, now=NOW)
        answers = at_once(*[pay, give_up] * 3)
        row = SandboxOrder.objects.get()
        assert {answer.status for answer in answers if isinstance(answer, ProviderOrder)} == {row.status}
        losers = [answer.refusal for answer in answers if isinstance(answer, Rejected)]
        is_paid = row.status == OrderStatus.CONFIRMED
        assert set(losers) <= {Refusal.QUOTE_EXPIRED if is_paid else Refusal.ORDER_OVER}
        assert SandboxTicket.objects.count() == is_paid
        assert seats_left() == [19 if is_paid else 20]

    def test_a_hold_that_is_paid_for_often_is_ticketed_once(self, airline: SandboxAirline, offer: ParsedOffer) -> None:
        held = place(airline, offer, hold=True)
        pay = partial(airline.confirm_hold, held.order_id, total=held.total, now=NOW)
        answers = at_once(*[pay] * 6)
        assert len({answer.documents for answer in told(answers)}) == 1
        assert SandboxTicket.objects.count() == 1

    def test_a_change_is_accepted_or_the_order_cancelled(self, airline: SandboxAirline, offer: ParsedOffer) -> None:
        placed = place(airline, offer, "SCHEDULE")
        now = later(minutes=2)
        change = read(airline, placed, minutes=2).schedule_change
        assert change is not None
        terms = airline.quote_cancellation(placed.order_id, now=now)
        accept = partial(airline.accept_schedule_change, placed.order_id, change.reference, now=now)
        cancel = partial(airline.confirm_cancellation, placed.order_id, terms.reference, now=now)
        at_once(*[accept, cancel] * 3)
        row = SandboxOrder.objects.get()
        assert (row.change_accepted_at is None) == (row.status == OrderStatus.CANCELLED)

    def test_a_seat_goes_to_one_of_many_orders(self, airline: SandboxAirline) -> None:
        offers = [offer_of(airline, "Light") for _ in range(6)]
        wanted = [order(offer, services=(seat(airline.seat_map(offer, now=NOW)),)) for offer in offers]
        assert len({one.services[0].designator for one in wanted}) == 1
        answers = at_once(*(partial(airline.place_order, one, now=NOW) for one in wanted))
        assert sum(isinstance(answer, ProviderOrder) for answer in answers) == 1
        losers = {answer.refusal for answer in answers if isinstance(answer, Rejected)}
        assert losers == {Refusal.SEAT_TAKEN}
        assert (SandboxOrder.objects.count(), SandboxSeat.objects.count(), seats_left()) == (1, 1, [19])

    def test_an_offer_is_refused_twice_however_many_call(self, airline: SandboxAirline, offer: ParsedOffer) -> None:
        wanted = order(offer, family_name="RATELIMIT")
        answers = at_once(*[partial(airline.place_order, wanted, now=NOW)] * 6)
        assert sum("429" in str(answer) for answer in answers) == 2
        assert sum(isinstance(answer, ProviderOrder) for answer in answers) == 1
        assert SandboxThrottle.objects.get().refused == 2


def told(answers: Sequence[object]) -> list[ProviderOrder]:
    """Where everybody is to be answered, nobody is turned away."""
    orders = [answer for answer in answers if isinstance(answer, ProviderOrder)]
    assert len(orders) == len(answers), answers
    return orders


Step = Callable[[SandboxAirline, ProviderOrder], object]


def pays(airline: SandboxAirline, held: ProviderOrder) -> object:
    return airline.confirm_hold(held.order_id, total=held.total, now=NOW)


def cancels(airline: SandboxAirline, held: ProviderOrder) -> object:
    terms = airline.quote_cancellation(held.order_id, now=NOW)
    return airline.confirm_cancellation(held.order_id, terms.reference, now=NOW)


class OvertakenBy:
    """Another's step comes in between the look at an order and the change of it."""

    def __init__(self, step: Callable[[], object]) -> None:
        self.steps = [step]

    def __call__(self, execute: Callable[..., object], sql: str, *rest: object) -> object:
        if self.steps and sql.startswith("SAVEPOINT"):
            self.steps.pop()()
        return execute(sql, *rest)


@pytest.mark.django_db
class TestOvertaken:
    def test_who_pays_hears_that_the_hold_has_lapsed(self, airline: SandboxAirline, offer: ParsedOffer) -> None:
        held = place(airline, offer, hold=True)
        with connection.execute_wrapper(OvertakenBy(lambda: read(airline, held, hours=24))):
            assert refusal(lambda: pays(airline, held)) is Refusal.HOLD_LAPSED
        assert (SandboxTicket.objects.count(), seats_left()) == (0, [20])

    def test_who_cancels_hears_of_the_other_cancellation(self, airline: SandboxAirline, offer: ParsedOffer) -> None:
        held = place(airline, offer, hold=True)
        mine = airline.quote_cancellation(held.order_id, now=NOW).reference
        with connection.execute_wrapper(OvertakenBy(lambda: cancels(airline, held))):
            answer = airline.confirm_cancellation(held.order_id, mine, now=NOW)
        assert answer == read(airline, held)
        assert seats_left() == [20]

    def test_who_cancels_for_a_change_hears_that_it_was_accepted(
        self, airline: SandboxAirline, offer: ParsedOffer
    ) -> None:
        placed, now = place(airline, offer, "SCHEDULE"), later(minutes=2)
        change = read(airline, placed, minutes=2).schedule_change
        assert change is not None
        accept = partial(airline.accept_schedule_change, placed.order_id, change.reference, now=now)
        terms = airline.quote_cancellation(placed.order_id, now=now)
        cancel = partial(airline.confirm_cancellation, placed.order_id, terms.reference, now=now)
        with connection.execute_wrapper(OvertakenBy(accept)):
            assert refusal(cancel) is Refusal.QUOTE_EXPIRED
        assert read(airline, placed, minutes=2).status is OrderStatus.CONFIRMED

    def test_who_accepts_hears_that_the_order_is_over(self, airline: SandboxAirline, offer: ParsedOffer) -> None:
        placed, now = place(airline, offer, "SCHEDULE"), later(minutes=2)
        change = read(airline, placed, minutes=2).schedule_change
        assert change is not None
        accept = partial(airline.accept_schedule_change, placed.order_id, change.reference, now=now)
        with connection.execute_wrapper(OvertakenBy(lambda: cancels(airline, placed))):
            assert refusal(accept) is Refusal.ORDER_OVER


@pytest.mark.django_db
class TestADatabaseThatFails:
    @pytest.mark.parametrize("step", [pays, cancels])
    def test_before_the_change_leaves_the_order_as_it_was(
        self, airline: SandboxAirline, offer: ParsedOffer, step: Step
    ) -> None:
        held = place(airline, offer, hold=True)
        with connection.execute_wrapper(Outage("UPDATE")), pytest.raises(Unavailable):
            step(airline, held)
        assert read(airline, held).status is OrderStatus.HELD

    def test_at_the_commit_leaves_the_outcome_open(self, airline: SandboxAirline, offer: ParsedOffer) -> None:
        held = place(airline, offer, hold=True)
        with connection.execute_wrapper(Outage("RELEASE SAVEPOINT")), pytest.raises(OutcomeUnknown):
            pays(airline, held)

    def test_after_the_change_does_not_deny_it(self, airline: SandboxAirline, offer: ParsedOffer) -> None:
        held = place(airline, offer, hold=True)
        with connection.execute_wrapper(FailsAfter("UPDATE")), pytest.raises(OutcomeUnknown):
            pays(airline, held)
        assert read(airline, held).status is OrderStatus.CONFIRMED


class FailsAfter:
    """Every SELECT after the first statement that begins with this word fails."""

    def __init__(self, word: str) -> None:
        self.word, self.is_over = word, False

    def __call__(self, execute: Callable[..., object], sql: str, *rest: object) -> object:
        if self.is_over and sql.startswith("SELECT"):
            raise OperationalError("database is locked")
        self.is_over = self.is_over or sql.startswith(self.word)
        return execute(sql, *rest)
