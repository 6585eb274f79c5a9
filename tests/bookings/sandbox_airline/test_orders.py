"""What the airline takes, what it refuses, and that seats are neither lost nor sold twice."""

import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import OperationalError, connection

from bookings.providers.duffel.mapping import parse_offer
from bookings.providers.errors import OutcomeUnknown, ProviderFailure, Refusal, Rejected, Unavailable
from bookings.providers.types import OrderRequest, OrderStatus, ParsedOffer, ProviderOrder
from bookings.sandbox_airline.models import SandboxInventory, SandboxOrder
from bookings.sandbox_airline.orders import LOCATOR_ALPHABET
from bookings.sandbox_airline.services import SandboxAirline
from movmo.kit.money import Money
from tests.bookings.providers.orders import order
from tests.bookings.providers.samples import NAMES, WHILE_THEY_LIVE, sample
from tests.bookings.sandbox_airline.stage import ADULT, INFANT, NOW, one_way

pytestmark = pytest.mark.django_db


def rejection(airline: SandboxAirline, wanted: OrderRequest) -> Rejected:
    with pytest.raises(Rejected) as caught:
        airline.place_order(wanted, now=NOW)
    return caught.value


def test_a_record_locator_has_six_characters_that_cannot_be_misread(
    airline: SandboxAirline, offer: ParsedOffer
) -> None:
    (locator,) = airline.place_order(order(offer), now=NOW).record_locators
    assert re.fullmatch(f"[{LOCATOR_ALPHABET}]{{6}}", locator)
    assert not set("AEIOU01") & set(LOCATOR_ALPHABET)


def test_ticket_numbers_have_thirteen_digits_and_are_never_repeated(airline: SandboxAirline) -> None:
    offers = [parse_offer(raw) for raw in airline.search(one_way("AMS", "LIS"), now=NOW)[:3]]
    numbers = [airline.place_order(order(offer), now=NOW).documents[0].number for offer in offers]
    assert len(set(numbers)) == 3
    assert all(re.fullmatch(r"000[0-9]{10}", number) for number in numbers)


def test_the_airline_keeps_ticket_names_and_no_more_of_a_person(airline: SandboxAirline, offer: ParsedOffer) -> None:
    airline.place_order(order(offer), now=NOW)
    (passenger,) = SandboxOrder.objects.get().passengers
    assert passenger["ticket_name"] == "ANDERSSON/ANA"
    assert passenger.keys() == {"provider_passenger_id", "ticket_name"}
    kept = str(SandboxOrder.objects.values().get() | {"passengers": None})
    assert not {part for part in ("ANDERSSON", "Andersson", "ana@example.com", "1990") if part in kept}


def test_a_hold_is_paid_within_a_day_and_keeps_its_price_for_two_hours(
    airline: SandboxAirline, offer: ParsedOffer
) -> None:
    held = airline.place_order(order(offer, hold=True), now=NOW)
    assert held.status is OrderStatus.HELD
    assert held.payment_required_by == NOW + timedelta(hours=24)
    assert held.price_guarantee_expires_at == NOW + timedelta(hours=2)


def test_an_offer_that_is_paid_at_once_cannot_be_held(airline: SandboxAirline) -> None:
    light = parse_offer(airline.search(one_way("AMS", "LIS"), now=NOW)[0])
    assert rejection(airline, order(light, hold=True)).refusal is Refusal.OTHER


def test_a_hold_only_offer_is_held_and_not_paid(airline: SandboxAirline) -> None:
    newark = parse_offer(airline.search(one_way("JFK", "EWR"), now=NOW)[0])
    assert rejection(airline, order(newark)).refusal is Refusal.HOLD_ONLY
    assert airline.place_order(order(newark, hold=True), now=NOW).status is OrderStatus.HELD


def test_an_offer_expires(airline: SandboxAirline, offer: ParsedOffer) -> None:
    with pytest.raises(Rejected) as caught:
        airline.place_order(order(offer), now=NOW + timedelta(minutes=30))
    assert caught.value.refusal is Refusal.OFFER_EXPIRED


def test_an_order_that_comes_again_after_the_expiry_hears_of_the_first(
    airline: SandboxAirline, offer: ParsedOffer
) -> None:
    wanted = order(offer)
    airline.place_order(wanted, now=NOW)
    with pytest.raises(Rejected) as caught:
        airline.place_order(wanted, now=NOW + timedelta(hours=1))
    assert caught.value.refusal is Refusal.DUPLICATE_REFERENCE


class OvertakenAirline(SandboxAirline):
    """Between its look for a duplicate and its insert, the same order arrives through another worker."""

    def _book(self, order: OrderRequest, now: datetime) -> ProviderOrder:
        self.overtaking = SandboxAirline().place_order(order, now=now)
        return super()._book(order, now)


def test_a_race_for_one_reference_is_decided_by_the_table(offer: ParsedOffer) -> None:
    airline = OvertakenAirline()
    refused = rejection(airline, order(offer))
    assert refused.refusal is Refusal.DUPLICATE_REFERENCE
    assert SandboxOrder.objects.get().order_id == airline.overtaking.order_id


def test_another_total_than_the_offers_is_a_price_change(airline: SandboxAirline, offer: ParsedOffer) -> None:
    cheaper = Money(offer.normalised.total_minor - 1, offer.normalised.currency)
    refused = rejection(airline, order(offer, total=cheaper))
    assert (refused.refusal, refused.new_total) == (Refusal.PRICE_CHANGED, offer.normalised.total)


def test_a_passenger_of_another_type_is_rejected(airline: SandboxAirline, offer: ParsedOffer) -> None:
    wanted = order(offer)
    infant = replace(wanted.passengers[0], type=INFANT)
    assert rejection(airline, replace(wanted, passengers=(infant,))).refusal is Refusal.PASSENGERS_INVALID


def test_nobody_flies_to_sydney_without_a_document(airline: SandboxAirline) -> None:
    wanted = order(parse_offer(airline.search(one_way("SIN", "SYD"), now=NOW)[0]))
    without = replace(wanted, passengers=tuple(replace(person, document=None) for person in wanted.passengers))
    assert rejection(airline, without).refusal is Refusal.PASSENGERS_INVALID
    assert airline.place_order(wanted, now=NOW).documents


@pytest.mark.parametrize("name", NAMES)
def test_offers_of_other_carriers_are_adopted(airline: SandboxAirline, name: str) -> None:
    offer = parse_offer(sample(name))
    placed = airline.place_order(order(offer), now=WHILE_THEY_LIVE)
    assert placed.total == offer.normalised.total
    assert len(placed.documents) == len(offer.normalised.passengers)
    seats = sum(slot.type is not INFANT for slot in offer.normalised.passengers)
    assert set(SandboxInventory.objects.values_list("seats_left", flat=True)) == {200 - seats}


def test_seats_leave_on_every_flight_and_a_lap_infant_takes_none() -> None:
    airline = SandboxAirline(seats_per_flight=5)
    offer = parse_offer(airline.search(one_way("LHR", "DXB", ADULT, ADULT, INFANT), now=NOW)[0])
    airline.place_order(order(offer), now=NOW)
    assert list(SandboxInventory.objects.values_list("seats_left", flat=True)) == [3, 3]


def test_a_refusal_on_the_second_flight_restores_the_first() -> None:
    airline = SandboxAirline(seats_per_flight=1)
    offer = parse_offer(airline.search(one_way("LHR", "DXB"), now=NOW)[0])
    last = max(offer.normalised.segments, key=lambda segment: segment.marketing_flight_number)
    SandboxInventory.objects.create(
        carrier=last.marketing_carrier,
        flight_number=last.marketing_flight_number,
        origin=last.origin.iata_code,
        departure_date=last.departing.local.date(),
        cabin_class="economy",
        seats_left=0,
    )
    assert rejection(airline, order(offer)).refusal is Refusal.SOLD_OUT
    assert not SandboxOrder.objects.exists()
    assert SandboxInventory.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_concurrent_orders_never_sell_a_seat_twice() -> None:
    airline = SandboxAirline(seats_per_flight=3)
    offers = [parse_offer(airline.search(one_way("AMS", "LIS"), now=NOW)[0]) for _ in range(16)]

    def buy(offer: ParsedOffer) -> ProviderOrder | ProviderFailure:
        try:
            return airline.place_order(order(offer), now=NOW)
        except ProviderFailure as failure:
            return failure
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(buy, offers))
    sold = sum(isinstance(answer, ProviderOrder) for answer in answers)
    assert SandboxOrder.objects.count() == sold <= 3
    assert SandboxInventory.objects.get().seats_left == 3 - sold


@pytest.mark.django_db(transaction=True)
def test_concurrent_orders_under_one_reference_make_one(airline: SandboxAirline, offer: ParsedOffer) -> None:
    wanted = order(offer)

    def book(_: int) -> bool:
        try:
            airline.place_order(wanted, now=NOW)
        except ProviderFailure:
            return False
        finally:
            connection.close()
        return True

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(book, range(8))) == 1
    assert SandboxOrder.objects.count() == 1


class Outage:
    """A database that fails every statement beginning with one of the given words."""

    def __init__(self, *words: str) -> None:
        self.words = words

    def __call__(self, execute: Callable[..., Any], sql: str, *rest: Any) -> Any:
        if sql.startswith(self.words):
            raise OperationalError("database is locked")
        return execute(sql, *rest)


@pytest.mark.parametrize("statement", ["SELECT", "INSERT", "UPDATE"])
def test_an_order_that_meets_a_locked_database_was_certainly_not_made(
    airline: SandboxAirline, offer: ParsedOffer, statement: str
) -> None:
    with connection.execute_wrapper(Outage(statement)), pytest.raises(Unavailable):
        airline.place_order(order(offer), now=NOW)
    assert not SandboxOrder.objects.exists()


def test_a_commit_that_fails_leaves_the_outcome_unknown(airline: SandboxAirline, offer: ParsedOffer) -> None:
    with connection.execute_wrapper(Outage("RELEASE SAVEPOINT")), pytest.raises(OutcomeUnknown):
        airline.place_order(order(offer), now=NOW)


def test_reading_from_a_locked_database_is_the_airlines_outage(airline: SandboxAirline) -> None:
    with connection.execute_wrapper(Outage("SELECT")):
        with pytest.raises(Unavailable):
            airline.find_order("any", now=NOW)
        with pytest.raises(Unavailable):
            airline.search(one_way("AMS", "LIS"), now=NOW)
