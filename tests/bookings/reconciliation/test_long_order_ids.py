"""An airline may call its orders by names as long as it likes: no booking is lost over one, on any database."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime, timedelta

import pytest

from bookings.booking import saga
from bookings.booking.models import Booking
from bookings.providers.sandbox.airline import Airline
from bookings.providers.types import CancellationTerms, OrderRequest, ProviderOrder, StatementLine
from bookings.reconciliation.models import Discrepancy, Stream
from bookings.reconciliation.models import StatementLine as Line
from bookings.sandbox_airline.services import SandboxAirline
from movmo.kit import clock as time
from tests.bookings.reconciliation.trade import bought, cancelled, looked_after, reconciled
from tests.conftest import StoppedClock
from tests.contract.world import World

pytestmark = pytest.mark.django_db(transaction=True)

LENGTH = 200


class LongWinded(SandboxAirline):
    """The sandbox airline, whose ids have `LENGTH` characters."""

    def place_order(self, order: OrderRequest, *, now: datetime) -> ProviderOrder:
        return _long(super().place_order(order, now=now))

    def find_order(self, client_reference: str, *, now: datetime) -> ProviderOrder | None:
        found = super().find_order(client_reference, now=now)
        return _long(found) if found else None

    def get_order(self, order_id: str, *, now: datetime) -> ProviderOrder | None:
        found = super().get_order(_short(order_id), now=now)
        return _long(found) if found else None

    def quote_cancellation(self, order_id: str, *, now: datetime) -> CancellationTerms:
        return super().quote_cancellation(_short(order_id), now=now)

    def confirm_cancellation(self, order_id: str, reference: str, *, now: datetime) -> ProviderOrder:
        return _long(super().confirm_cancellation(_short(order_id), reference, now=now))

    def list_orders(self, day: date, *, now: datetime) -> list[ProviderOrder]:
        return [_long(one) for one in super().list_orders(day, now=now)]

    def statement(self, day: date) -> list[StatementLine]:
        return [replace(one, order_id=_lengthened(one.order_id)) for one in super().statement(day)]


def _lengthened(order_id: str) -> str:
    return order_id.ljust(LENGTH, "~")


def _short(order_id: str) -> str:
    assert len(order_id) == LENGTH, "the airline is asked about an order by the name that it gave it"
    return order_id.rstrip("~")


def _long(order: ProviderOrder) -> ProviderOrder:
    return replace(order, order_id=_lengthened(order.order_id))


@pytest.fixture(autouse=True)
def airline(install_airline: Callable[[Airline], None]) -> None:
    install_airline(LongWinded())


def test_it_is_booked_and_kept_whole(world: World) -> None:
    booking = Booking.objects.get(pk=bought(world).booking_id)
    assert (booking.state, len(booking.order_id)) == ("ticketed", LENGTH)
    assert {one.order_id for one in booking.issued_documents.all()} == {booking.order_id}


def test_one_whose_answer_was_lost_is_found(world: World, clock: StoppedClock) -> None:
    booking = Booking.objects.get(pk=bought(world, family_name="TIMEOUTBOOKED").booking_id)
    assert booking.state == "unknown"
    clock.forward(minutes=5)
    assert len(saga.look_up(booking, clock=time.now).order_id) == LENGTH


def test_it_is_cancelled(world: World) -> None:
    told = bought(world)
    cancelled(world, told)
    assert Booking.objects.get(pk=told.booking_id).state == "cancelled"


def test_both_sides_agree_on_it(world: World, clock: StoppedClock) -> None:
    bought(world)
    clock.forward(days=1)
    looked_after()
    told = reconciled(clock.now.date() - timedelta(days=1))
    assert {stream: one.state for stream, one in told.items()} == dict.fromkeys(Stream, "reconciled")
    assert [(one.outcome, one.tier) for one in Line.objects.all()] == [("matched", "order_id")] * 2
    assert not Discrepancy.objects.exists()
