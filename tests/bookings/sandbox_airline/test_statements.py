"""What the airline says of a day, and where it is wrong on demand."""

from collections.abc import Iterable
from datetime import date, timedelta

import pytest

from bookings.providers.types import ParsedOffer, ProviderOrder, StatementKind, StatementLine
from bookings.sandbox_airline.fares import percentage
from bookings.sandbox_airline.models import SandboxOrder
from bookings.sandbox_airline.services import SandboxAirline
from tests.bookings.sandbox_airline.stage import (
    ADULT,
    CHILD,
    DAY,
    INFANT,
    NOW,
    later,
    offer_of,
    one_way,
    place,
    read,
)

pytestmark = pytest.mark.django_db

TODAY = NOW.date()
SALE, REFUND, DEBIT_MEMO = StatementKind.SALE, StatementKind.REFUND, StatementKind.DEBIT_MEMO
VOID = StatementKind.VOID


def lines(airline: SandboxAirline, *, days: int = 0, kind: StatementKind | None = None) -> list[StatementLine]:
    found = airline.statement(TODAY + timedelta(days=days))
    return [line for line in found if kind in (None, line.kind)]


def sum_of(found: Iterable[StatementLine]) -> int:
    return sum(line.amount.minor for line in found)


def cancel(airline: SandboxAirline, placed: ProviderOrder, **by: float) -> ProviderOrder:
    terms = airline.quote_cancellation(placed.order_id, now=later(**by))
    return airline.confirm_cancellation(placed.order_id, terms.reference, now=later(**by))


def test_every_document_has_a_line_and_they_add_up(airline: SandboxAirline) -> None:
    family = offer_of(airline, "Standard", query=one_way("JFK", "AMS", ADULT, ADULT, CHILD, INFANT))
    placed = place(airline, family)
    told = lines(airline)
    assert [line.document_number for line in told] == [document.number for document in placed.documents]
    assert sum_of(told) == placed.total.minor
    assert {(line.order_id, line.record_locator, line.day, line.kind) for line in told} == {
        (placed.order_id, placed.record_locators[0], TODAY, SALE)
    }


def test_a_day_is_a_day_of_utc(airline: SandboxAirline, offer: ParsedOffer) -> None:
    held = place(airline, offer, hold=True)
    assert lines(airline) == []
    airline.confirm_hold(held.order_id, total=held.total, now=later(hours=12))
    assert (lines(airline), len(lines(airline, days=1)), lines(airline, days=2)) == ([], 1, [])


def test_a_cancellation_gives_back_on_its_own_day(airline: SandboxAirline) -> None:
    placed = place(airline, offer_of(airline, "Flex"))
    cancelled = cancel(airline, placed, days=2)
    assert cancelled.refund is not None
    assert sum_of(lines(airline, kind=SALE)) == placed.total.minor
    (refund,) = lines(airline, days=2)
    assert (refund.kind, refund.amount, refund.document_number) == (
        REFUND,
        cancelled.refund,
        placed.documents[0].number,
    )


def test_who_gets_nothing_back_has_void_tickets(airline: SandboxAirline) -> None:
    cancel(airline, place(airline, offer_of(airline, "Light")), days=2)
    (void,) = lines(airline, days=2)
    assert (void.kind, void.amount.minor) == (VOID, 0)


def test_a_line_names_what_it_is_found_by(airline: SandboxAirline, offer: ParsedOffer) -> None:
    placed = place(airline, offer)
    (line,) = lines(airline)
    assert (line.client_reference, line.surname, line.departure_on) == (placed.client_reference, "ANDERSSON", DAY)


def test_a_lapsed_hold_and_a_failed_order_were_never_sold(airline: SandboxAirline) -> None:
    place(airline, offer_of(airline, "Standard"), hold=True)
    place(airline, offer_of(airline, "Flex"), "DELAYFAIL")
    assert [lines(airline, days=day) for day in range(3)] == [[], [], []]


def test_tickets_that_never_came_were_never_sold(airline: SandboxAirline) -> None:
    cancel(airline, place(airline, offer_of(airline, "Flex"), "NOTICKET"), minutes=5)
    assert lines(airline) == []


@pytest.mark.parametrize("family_name", ["Andersson", "DELAYED", "NOTICKET", "CANCELAIR", "GHOST", "ADMLATER"])
def test_a_day_that_is_over_reads_the_same_whoever_has_asked_meanwhile(
    airline: SandboxAirline, offer: ParsedOffer, family_name: str
) -> None:
    placed = place(airline, offer, family_name)
    before = [lines(airline, days=day) for day in range(5)]
    read(airline, placed, days=1)
    assert [lines(airline, days=day) for day in range(5)] == before
    assert sum_of(line for line in before[0] if line.order_id == placed.order_id and line.kind is SALE)


def test_an_airline_that_cancels_gives_everything_back(airline: SandboxAirline, offer: ParsedOffer) -> None:
    placed = place(airline, offer, "CANCELAIR")
    assert [(line.kind, line.amount) for line in lines(airline)] == [(SALE, placed.total), (REFUND, placed.total)]


def test_a_debit_memo_comes_three_days_later(airline: SandboxAirline, offer: ParsedOffer) -> None:
    placed = place(airline, offer, "ADMLATER")
    assert [line.kind for line in lines(airline)] == [SALE]
    (memo,) = lines(airline, days=3)
    assert (memo.kind, memo.amount, memo.order_id) == (DEBIT_MEMO, percentage(placed.total, 10), placed.order_id)


def test_a_line_may_be_missing(airline: SandboxAirline) -> None:
    placed = place(airline, offer_of(airline, "Flex"), "MISSINGSTMT")
    cancel(airline, placed, hours=1)
    assert lines(airline) == []


def test_a_sale_may_be_told_that_nobody_made(airline: SandboxAirline, offer: ParsedOffer) -> None:
    placed = place(airline, offer, "GHOST")
    real, ghost = lines(airline)
    assert (real.order_id, ghost.kind) == (placed.order_id, SALE)
    assert airline.get_order(ghost.order_id, now=NOW) is None
    assert len(ghost.document_number) == 13
    assert ghost.document_number != real.document_number
    assert SandboxOrder.objects.count() == 1


@pytest.mark.parametrize(("origin", "one"), [("AMS", 100), ("HND", 1), ("BAH", 1000)])
def test_an_amount_may_be_off_by_one(airline: SandboxAirline, origin: str, one: int) -> None:
    query = one_way(origin, "AMS" if origin != "AMS" else "LIS", ADULT, ADULT)
    placed = place(airline, offer_of(airline, "Standard", query=query), "AMOUNTOFF")
    assert sum_of(lines(airline)) == placed.total.minor + one


def test_a_line_may_be_told_twice(airline: SandboxAirline, offer: ParsedOffer) -> None:
    place(airline, offer, "DUPLINE")
    once, again = lines(airline)
    assert once == again


@pytest.mark.parametrize(("origin", "slipped"), [("AMS", "USD"), ("HND", "EUR")])
def test_a_currency_may_slip(airline: SandboxAirline, origin: str, slipped: str) -> None:
    query = one_way(origin, "AMS" if origin != "AMS" else "LIS")
    placed = place(airline, offer_of(airline, "Standard", query=query), "CURRSLIP")
    (line,) = lines(airline)
    assert (line.amount.minor, line.amount.currency) == (placed.total.minor, slipped)


@pytest.mark.parametrize(("brand", "family_name"), [("Light", "VOIDLOST"), ("Flex", "REFUNDLOST")])
def test_the_end_of_a_ticket_may_not_be_told(airline: SandboxAirline, brand: str, family_name: str) -> None:
    cancel(airline, place(airline, offer_of(airline, brand), family_name), hours=1)
    assert [line.kind for line in lines(airline)] == [SALE]


def test_the_orders_of_a_day_are_told_whoever_placed_them(airline: SandboxAirline, offer: ParsedOffer) -> None:
    placed = [place(airline, offer), place(airline, offer_of(airline, "Flex"), hold=True)]
    told = airline.list_orders(TODAY, now=later(hours=1))
    assert sorted(order.order_id for order in told) == sorted(order.order_id for order in placed)
    assert airline.list_orders(TODAY - timedelta(days=1), now=later(hours=1)) == []


def test_a_day_on_which_nothing_was_sold_is_empty(airline: SandboxAirline) -> None:
    assert airline.statement(date(2027, 1, 1)) == []
