"""An own offer is made again: the same flights and people, at today's price."""

from copy import deepcopy
from datetime import datetime, timedelta

import pytest

from bookings.providers.duffel.mapping import parse_offer
from bookings.providers.errors import Refusal
from bookings.providers.types import ParsedOffer, SearchQuery
from bookings.sandbox_airline.fares import percentage
from bookings.sandbox_airline.seals import seal
from bookings.sandbox_airline.services import SandboxAirline
from tests.bookings.providers.orders import bag, order
from tests.bookings.providers.samples import NAMES, WHILE_THEY_LIVE, sample
from tests.bookings.sandbox_airline.stage import (
    ADULT,
    CHILD,
    INFANT,
    NOW,
    later,
    offer_of,
    offers_of,
    one_way,
    place,
    refusal,
    return_trip,
)

pytestmark = pytest.mark.django_db


def reprice(airline: SandboxAirline, offer: ParsedOffer, family_name: str = "Andersson", **by: float) -> ParsedOffer:
    people = order(offer, family_name=family_name).passengers
    return parse_offer(airline.reprice(offer, people, now=later(**by)))


@pytest.mark.parametrize(
    "query",
    [one_way("LHR", "DXB", ADULT, CHILD, INFANT), return_trip(), one_way("JFK", "EWR"), one_way("SYD", "AMS")],
)
def test_it_is_the_same_offer_with_new_ids(airline: SandboxAirline, query: SearchQuery) -> None:
    for before in offers_of(airline, query):
        after = reprice(airline, before, minutes=10)
        old, new = before.normalised, after.normalised
        assert new.expires_at == later(minutes=40)
        assert new.provider_offer_id != old.provider_offer_id
        for earlier, fresh in zip(old.segments, new.segments, strict=True):
            assert fresh.provider_segment_id != earlier.provider_segment_id
            renamed = fresh.model_copy(update={"provider_segment_id": earlier.provider_segment_id})
            assert renamed == earlier
        assert (new.passengers, new.total, new.conditions) == (old.passengers, old.total, old.conditions)
        assert not {one.provider_service_id for one in new.services} & {one.provider_service_id for one in old.services}


def test_it_is_booked_in_place_of_the_old_one(airline: SandboxAirline, offer: ParsedOffer) -> None:
    fresh = reprice(airline, offer, minutes=29)
    chosen = bag(fresh, quantity=2)
    placed = airline.place_order(order(fresh, services=(chosen,)), now=later(minutes=45))
    assert placed.total == fresh.normalised.total + chosen.total


def test_a_hold_is_offered_for_as_long_as_there_is_time(airline: SandboxAirline) -> None:
    tomorrow = (NOW + timedelta(days=1)).date()
    found = [one for one in offers_of(airline, one_way("AMS", "LIS", on=tomorrow)) if is_holdable(one)]
    offer = min(found, key=lambda one: one.normalised.segments[0].departing.utc)
    too_late = offer.normalised.segments[0].departing.utc - timedelta(hours=24)
    assert not is_holdable(parse_offer(airline.reprice(renewed(airline, offer, too_late), (), now=too_late)))


def is_holdable(offer: ParsedOffer) -> bool:
    return not offer.normalised.payment_requirements.requires_instant_payment


class TestAPriceThatRises:
    @pytest.fixture
    def raised(self, airline: SandboxAirline, offer: ParsedOffer) -> ParsedOffer:
        return reprice(airline, offer, "priceup")

    def test_is_a_tenth_higher_and_adds_up(self, offer: ParsedOffer, raised: ParsedOffer) -> None:
        price = raised.normalised
        assert price.total == percentage(offer.normalised.total, 110)
        assert price.base_minor + price.tax_minor == price.total_minor
        assert price.tax_minor > offer.normalised.tax_minor

    def test_rises_once(self, airline: SandboxAirline, raised: ParsedOffer) -> None:
        assert reprice(airline, raised, "PRICEUP").normalised.total == raised.normalised.total
        assert place(airline, raised, "PRICEUP").total == raised.normalised.total

    def test_cannot_be_claimed_to_have_risen(self, airline: SandboxAirline, offer: ParsedOffer) -> None:
        forged = parse_offer({**deepcopy(offer.raw), "price_raised": True})
        assert refusal(lambda: place(airline, forged, "PRICEUP")) is Refusal.OFFER_EXPIRED
        foreign = parse_offer({**sample("one-way-direct"), "price_raised": True})
        wanted = order(foreign, family_name="PRICEUP")
        assert refusal(lambda: airline.place_order(wanted, now=WHILE_THEY_LIVE)) is Refusal.PRICE_CHANGED


class TestItIsRefused:
    def test_for_an_offer_that_has_expired(self, airline: SandboxAirline, offer: ParsedOffer) -> None:
        assert refusal(lambda: reprice(airline, offer, minutes=30)) is Refusal.OFFER_EXPIRED

    def test_for_an_offer_that_is_sold(self, airline: SandboxAirline, offer: ParsedOffer) -> None:
        place(airline, offer)
        assert refusal(lambda: reprice(airline, offer)) is Refusal.OFFER_EXPIRED

    def test_for_an_offer_that_was_changed(self, airline: SandboxAirline, offer: ParsedOffer) -> None:
        raw = deepcopy(offer.raw)
        raw["slices"][0]["fare_brand_name"] = "Business"
        assert refusal(lambda: reprice(airline, parse_offer(raw))) is Refusal.OFFER_EXPIRED

    def test_once_the_flight_has_left(self, airline: SandboxAirline) -> None:
        today = offers_of(airline, one_way("AMS", "LIS", on=NOW.date()))[0]
        departure = today.normalised.segments[0].departing.utc
        just_before = departure - timedelta(minutes=1)
        fresh = parse_offer(airline.reprice(renewed(airline, today, just_before), (), now=just_before))
        assert refusal(lambda: airline.reprice(fresh, (), now=departure)) is Refusal.OFFER_EXPIRED

    def test_when_the_timetable_has_no_such_flight_any_more(self, airline: SandboxAirline, offer: ParsedOffer) -> None:
        raw = deepcopy(offer.raw)
        raw["slices"][0]["segments"][0]["marketing_carrier_flight_number"] = "9999"
        sold_last_year = parse_offer({**raw, "id": seal(raw)})
        assert refusal(lambda: reprice(airline, sold_last_year)) is Refusal.OFFER_EXPIRED

    def test_when_the_seats_are_gone(self) -> None:
        airline = SandboxAirline(seats_per_flight=1)
        first = offer_of(airline, "Light")
        same_flight = next(
            one
            for one in offers_of(airline, one_way("AMS", "LIS"))
            if one.normalised.segments[0].departing == first.normalised.segments[0].departing
        )
        place(airline, first)
        assert refusal(lambda: reprice(airline, same_flight)) is Refusal.SOLD_OUT


def renewed(airline: SandboxAirline, offer: ParsedOffer, until: datetime) -> ParsedOffer:
    """Priced again and again, so that it lives until then."""
    while offer.normalised.expires_at is not None and offer.normalised.expires_at <= until:
        at = offer.normalised.expires_at - timedelta(minutes=1)
        offer = parse_offer(airline.reprice(offer, (), now=at))
    return offer


@pytest.mark.parametrize("name", NAMES)
def test_an_adopted_offer_is_read_again_as_it_is(airline: SandboxAirline, name: str) -> None:
    offer = parse_offer(sample(name))
    again = parse_offer(airline.reprice(offer, (), now=WHILE_THEY_LIVE))
    assert again == offer
    late = WHILE_THEY_LIVE + timedelta(days=1)
    assert refusal(lambda: airline.reprice(offer, (), now=late)) is Refusal.OFFER_EXPIRED
