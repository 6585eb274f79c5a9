"""A hold is paid for: in time, at its price, once."""

from functools import partial

import pytest

from bookings.providers.errors import Refusal, Rejected
from bookings.providers.types import OrderStatus, ParsedOffer, ProviderOrder
from bookings.sandbox_airline.fares import percentage
from bookings.sandbox_airline.models import SandboxTicket
from bookings.sandbox_airline.services import SandboxAirline
from movmo.kit.money import Money
from tests.bookings.providers.orders import order
from tests.bookings.sandbox_airline.stage import NOW, later, offers_of, one_way, place, read, refusal, seats_left

pytestmark = pytest.mark.django_db


@pytest.fixture
def held(airline: SandboxAirline, offer: ParsedOffer) -> ProviderOrder:
    return place(airline, offer, hold=True)


def test_a_paid_hold_is_ticketed_once(airline: SandboxAirline, held: ProviderOrder) -> None:
    pay = partial(airline.confirm_hold, held.order_id, total=held.total, now=later(hours=20))
    paid = pay()
    assert (paid.status, len(paid.documents)) == (OrderStatus.CONFIRMED, 1)
    assert pay() == paid
    assert SandboxTicket.objects.count() == 1


def test_a_paid_hold_does_not_lapse(airline: SandboxAirline, held: ProviderOrder) -> None:
    airline.confirm_hold(held.order_id, total=held.total, now=later(hours=20))
    seats = seats_left()
    assert read(airline, held, days=3).status is OrderStatus.CONFIRMED
    assert seats_left() == seats


def test_a_lapsed_hold_cannot_be_paid_for(airline: SandboxAirline, held: ProviderOrder) -> None:
    pay = partial(airline.confirm_hold, held.order_id, total=held.total)
    assert refusal(lambda: pay(now=later(hours=24))) is Refusal.HOLD_LAPSED
    assert refusal(lambda: pay(now=NOW)) is Refusal.HOLD_LAPSED
    assert not SandboxTicket.objects.exists()


def test_a_hold_ends_when_its_flight_leaves_at_the_latest(airline: SandboxAirline) -> None:
    held_only = next(
        one
        for one in offers_of(airline, one_way("JFK", "EWR", on=NOW.date()))
        if one.normalised.segments[0].departing.utc < later(hours=24)
    )
    departing = held_only.normalised.segments[0].departing.utc
    held = place(airline, held_only, hold=True)
    assert held_only.normalised.payment_requirements.payment_required_by == held.payment_required_by == departing
    pay = partial(airline.confirm_hold, held.order_id, total=held.total)
    assert refusal(lambda: pay(now=departing)) is Refusal.HOLD_LAPSED


def test_an_unknown_order_cannot_be_paid_for(airline: SandboxAirline) -> None:
    pay = partial(airline.confirm_hold, total=Money(1, "EUR"), now=NOW)
    for stranger in ("ord_" + 32 * "0", "ord_x", "", "off_" + 32 * "0"):
        assert refusal(partial(pay, stranger)) is Refusal.OTHER


def test_a_declined_card_is_heard_of_when_the_hold_is_paid_for(airline: SandboxAirline, offer: ParsedOffer) -> None:
    held = place(airline, offer, "DECLINED", hold=True)
    pay = partial(airline.confirm_hold, held.order_id, total=held.total, now=NOW)
    assert refusal(pay) is Refusal.PAYMENT_DECLINED
    assert read(airline, held).status is OrderStatus.HELD


class TestAPriceThatRises:
    @pytest.fixture
    def held(self, airline: SandboxAirline, offer: ParsedOffer) -> ProviderOrder:
        raised = percentage(offer.normalised.total, 110)
        return airline.place_order(order(offer, family_name="PRICEUP", hold=True, total=raised), now=NOW)

    def test_is_the_old_one_within_its_guarantee(self, airline: SandboxAirline, held: ProviderOrder) -> None:
        paid = airline.confirm_hold(held.order_id, total=held.total, now=later(hours=1, minutes=59))
        assert paid.total == held.total

    def test_is_told_after_it_and_then_taken(self, airline: SandboxAirline, held: ProviderOrder) -> None:
        with pytest.raises(Rejected) as caught:
            airline.confirm_hold(held.order_id, total=held.total, now=later(hours=2))
        dearer = percentage(held.total, 110)
        assert (caught.value.refusal, caught.value.new_total) == (Refusal.PRICE_CHANGED, dearer)
        assert read(airline, held, hours=2).status is OrderStatus.HELD
        assert airline.confirm_hold(held.order_id, total=dearer, now=later(hours=2)).total == dearer


def test_nobody_elses_price_rises(airline: SandboxAirline, held: ProviderOrder) -> None:
    assert airline.confirm_hold(held.order_id, total=held.total, now=later(hours=23)).total == held.total
