"""What the airline gives back, and that it does so once."""

from functools import partial

import pytest

from bookings.providers.duffel.mapping import parse_offer
from bookings.providers.errors import Refusal
from bookings.providers.types import OrderStatus, ParsedOffer
from bookings.sandbox_airline.fares import percentage
from bookings.sandbox_airline.models import SandboxCancellationQuote, SandboxSeat
from bookings.sandbox_airline.services import SandboxAirline
from tests.bookings.providers.orders import order, seat
from tests.bookings.providers.samples import WHILE_THEY_LIVE, sample
from tests.bookings.sandbox_airline.stage import NOW, later, offer_of, place, read, refusal, seats_left

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("brand", "penalty_percent"), [("Light", 100), ("Standard", 100), ("Flex", 15), ("Business", 0)]
)
def test_the_terms_are_those_of_the_brand(airline: SandboxAirline, brand: str, penalty_percent: int) -> None:
    placed = place(airline, offer_of(airline, brand))
    terms = airline.quote_cancellation(placed.order_id, now=NOW)
    assert terms.penalty == percentage(placed.total, penalty_percent)
    assert terms.refund + terms.penalty == placed.total
    assert terms.refund_to == ("none" if penalty_percent == 100 else "original_payment")
    assert terms.expires_at == later(minutes=30)


@pytest.mark.parametrize("name", ["null-conditions", "one-way-direct"])
def test_an_adopted_offer_is_refunded_by_what_it_says_and_never_beyond_its_total(
    airline: SandboxAirline, name: str
) -> None:
    offer = parse_offer(sample(name))
    placed = airline.place_order(order(offer), now=WHILE_THEY_LIVE)
    terms = airline.quote_cancellation(placed.order_id, now=WHILE_THEY_LIVE)
    assert terms.refund + terms.penalty == placed.total
    if offer.normalised.conditions.refundable.allowed is None:
        assert terms.refund.minor == 0


def test_a_cancelled_order_gives_its_seats_back_and_its_tickets_are_worth_nothing() -> None:
    airline = SandboxAirline(seats_per_flight=5)
    offer = offer_of(airline, "Flex")
    chosen = seat(airline.seat_map(offer, now=NOW))
    placed = airline.place_order(order(offer, services=(chosen,)), now=NOW)
    terms = airline.quote_cancellation(placed.order_id, now=NOW)
    cancelled = airline.confirm_cancellation(placed.order_id, terms.reference, now=later(minutes=29))
    assert (cancelled.status, cancelled.refund) == (OrderStatus.CANCELLED, terms.refund)
    assert cancelled.documents[0].coupons == ("refunded",)
    assert airline.confirm_cancellation(placed.order_id, terms.reference, now=later(days=9)) == cancelled
    assert seats_left() == [5]
    assert not SandboxSeat.objects.exists()


def test_the_tickets_of_an_order_without_a_refund_are_void(airline: SandboxAirline) -> None:
    placed = place(airline, offer_of(airline, "Light"))
    terms = airline.quote_cancellation(placed.order_id, now=NOW)
    cancelled = airline.confirm_cancellation(placed.order_id, terms.reference, now=NOW)
    assert cancelled.refund is not None
    assert cancelled.refund.minor == 0
    assert cancelled.documents[0].coupons == ("void",)


def test_after_the_departure_nothing_is_cancelled(airline: SandboxAirline, offer: ParsedOffer) -> None:
    placed = place(airline, offer)
    departure = offer.normalised.segments[0].departing.utc
    assert refusal(lambda: airline.quote_cancellation(placed.order_id, now=departure)) is Refusal.NOT_CANCELLABLE


@pytest.mark.parametrize(("family_name", "after"), [("CANCELAIR", {"minutes": 2}), ("DELAYFAIL", {"minutes": 1})])
def test_what_is_over_is_not_cancelled_again(
    airline: SandboxAirline, offer: ParsedOffer, family_name: str, after: dict[str, float]
) -> None:
    placed = place(airline, offer, family_name)
    quote = partial(airline.quote_cancellation, placed.order_id, now=later(**after))
    assert refusal(quote) is Refusal.ORDER_OVER


class TestAQuote:
    def test_of_another_order_is_none(self, airline: SandboxAirline) -> None:
        mine, theirs = place(airline, offer_of(airline, "Light")), place(airline, offer_of(airline, "Business"))
        terms = airline.quote_cancellation(theirs.order_id, now=NOW)
        cancel = partial(airline.confirm_cancellation, mine.order_id, terms.reference, now=NOW)
        assert refusal(cancel) is Refusal.QUOTE_EXPIRED
        assert read(airline, mine).status is OrderStatus.CONFIRMED

    def test_of_a_hold_ends_with_its_payment(self, airline: SandboxAirline) -> None:
        held = place(airline, offer_of(airline, "Standard"), hold=True)
        terms = airline.quote_cancellation(held.order_id, now=NOW)
        airline.confirm_hold(held.order_id, total=held.total, now=NOW)
        cancel = partial(airline.confirm_cancellation, held.order_id, terms.reference, now=NOW)
        assert refusal(cancel) is Refusal.QUOTE_EXPIRED

    def test_changes_nothing(self, airline: SandboxAirline, offer: ParsedOffer) -> None:
        placed = place(airline, offer)
        for _ in range(2):
            airline.quote_cancellation(placed.order_id, now=NOW)
        assert read(airline, placed) == placed
        assert SandboxCancellationQuote.objects.count() == 2


class TestAMajorChangeOfSchedule:
    def test_may_be_answered_by_leaving_with_everything(self, airline: SandboxAirline) -> None:
        placed = place(airline, offer_of(airline, "Light"), "SCHEDULE")
        before = airline.quote_cancellation(placed.order_id, now=NOW)
        after = airline.quote_cancellation(placed.order_id, now=later(minutes=2))
        assert (before.refund.minor, after.refund) == (0, placed.total)
        cancel = partial(airline.confirm_cancellation, placed.order_id, now=later(minutes=2))
        assert refusal(lambda: cancel(reference=before.reference)) is Refusal.QUOTE_EXPIRED
        assert cancel(reference=after.reference).refund == placed.total

    def test_ends_that_right_once_it_is_accepted(self, airline: SandboxAirline) -> None:
        placed = place(airline, offer_of(airline, "Light"), "SCHEDULE")
        terms = airline.quote_cancellation(placed.order_id, now=later(minutes=2))
        change = read(airline, placed, minutes=2).schedule_change
        assert change is not None
        airline.accept_schedule_change(placed.order_id, change.reference, now=later(minutes=3))
        cancel = partial(airline.confirm_cancellation, placed.order_id, terms.reference, now=later(minutes=3))
        assert refusal(cancel) is Refusal.QUOTE_EXPIRED
        assert airline.quote_cancellation(placed.order_id, now=later(minutes=3)).refund.minor == 0

    def test_gives_no_such_right_when_it_is_minor(self, airline: SandboxAirline) -> None:
        placed = place(airline, offer_of(airline, "Light"), "SCHEDULEMINOR")
        assert airline.quote_cancellation(placed.order_id, now=later(minutes=2)).refund.minor == 0
