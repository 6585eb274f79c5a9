"""What the airline offers, read through the real parser."""

from datetime import timedelta

import pytest

from bookings.providers.duffel.mapping import parse_offer
from bookings.providers.errors import Unavailable
from bookings.providers.types import CabinClass, NormalisedOffer, PassengerType, SearchQuery, SliceQuery
from bookings.sandbox_airline.models import SandboxInventory
from bookings.sandbox_airline.services import SandboxAirline
from tests.bookings.providers.orders import order
from tests.bookings.sandbox_airline.stage import ADULT, CHILD, DAY, INFANT, NOW, one_way

pytestmark = pytest.mark.django_db


def found(airline: SandboxAirline, query: SearchQuery) -> list[NormalisedOffer]:
    return [parse_offer(raw).normalised for raw in airline.search(query, now=NOW)]


def test_every_flight_is_offered_in_four_brands(airline: SandboxAirline) -> None:
    offers = found(airline, one_way("AMS", "LIS"))
    assert len(offers) == 12
    assert {offer.slices[0].fare_brand for offer in offers} == {"Light", "Standard", "Flex", "Business"}


def test_an_offer_lives_half_an_hour(airline: SandboxAirline) -> None:
    assert {offer.expires_at for offer in found(airline, one_way("AMS", "LIS"))} == {NOW + timedelta(minutes=30)}


def test_offers_come_cheapest_first(airline: SandboxAirline) -> None:
    totals = [offer.total_minor for offer in found(airline, one_way("HND", "LAX"))]
    assert totals == sorted(totals)


@pytest.mark.parametrize(("origin", "currency"), [("HND", "JPY"), ("BAH", "BHD"), ("LHR", "GBP"), ("MUC", "EUR")])
def test_the_country_of_departure_decides_the_currency(airline: SandboxAirline, origin: str, currency: str) -> None:
    assert {offer.currency for offer in found(airline, one_way(origin, "SIN"))} == {currency}


def test_a_child_pays_less_and_a_lap_infant_least(airline: SandboxAirline) -> None:
    alone = found(airline, one_way("AMS", "LIS"))[0]
    with_child = found(airline, one_way("AMS", "LIS", ADULT, CHILD))[0]
    with_infant = found(airline, one_way("AMS", "LIS", ADULT, INFANT))[0]
    assert alone.total_minor < with_infant.total_minor < with_child.total_minor < 2 * alone.total_minor


def test_a_lap_infant_has_no_bags_to_add(airline: SandboxAirline) -> None:
    offer = found(airline, one_way("AMS", "LIS", ADULT, INFANT))[0]
    adult, infant = offer.passengers
    assert {bag.provider_passenger_ids[0] for bag in offer.services} == {adult.provider_passenger_id}
    assert infant.type is INFANT


def test_light_is_paid_at_once_and_the_others_may_wait(airline: SandboxAirline) -> None:
    for offer in found(airline, one_way("AMS", "LIS")):
        payment = offer.payment_requirements
        assert payment.requires_instant_payment is (offer.slices[0].fare_brand == "Light")
        if not payment.requires_instant_payment:
            assert payment.payment_required_by == NOW + timedelta(hours=24)
            assert payment.price_guarantee_expires_at == NOW + timedelta(hours=2)


def test_a_flight_within_a_day_cannot_be_held(airline: SandboxAirline) -> None:
    offers = found(airline, one_way("AMS", "LIS", on=NOW.date()))
    assert offers
    assert all(offer.payment_requirements.requires_instant_payment for offer in offers)


def test_the_brands_differ_in_cabin_and_conditions(airline: SandboxAirline) -> None:
    brands = {offer.slices[0].fare_brand: offer for offer in found(airline, one_way("AMS", "LIS"))}
    assert brands["Light"].conditions.changeable.allowed is False
    assert brands["Standard"].conditions.changeable.penalty_minor
    assert brands["Flex"].conditions.refundable.penalty_minor
    assert brands["Business"].conditions.refundable.penalty_minor == 0
    assert brands["Business"].segments[0].passengers[0].cabin_class is CabinClass.BUSINESS


def test_a_cabin_can_be_asked_for(airline: SandboxAirline) -> None:
    business = found(airline, one_way("AMS", "LIS", cabin_class=CabinClass.BUSINESS))
    assert {offer.slices[0].fare_brand for offer in business} == {"Business"}
    assert found(airline, one_way("AMS", "LIS", cabin_class=CabinClass.FIRST)) == []


def test_a_journey_may_have_several_slices(airline: SandboxAirline) -> None:
    stops = [("MUC", "JFK"), ("JFK", "LAX"), ("LAX", "HND")]
    slices = tuple(SliceQuery(*stop, DAY + timedelta(days=3 * index)) for index, stop in enumerate(stops))
    offer = found(airline, SearchQuery(slices, (ADULT,)))[0]
    assert [(part.origin.iata_code, part.destination.iata_code) for part in offer.slices] == stops


def test_a_return_before_the_landing_is_not_offered(airline: SandboxAirline) -> None:
    slices = (SliceQuery("MUC", "JFK", DAY), SliceQuery("JFK", "MUC", DAY - timedelta(days=2)))
    assert found(airline, SearchQuery(slices, (ADULT,))) == []


@pytest.mark.parametrize("query", [SearchQuery((), (ADULT,)), one_way("AMS", "LIS", PassengerType.INFANT_WITH_SEAT)])
def test_what_the_airline_does_not_sell_is_not_found(airline: SandboxAirline, query: SearchQuery) -> None:
    assert found(airline, query) == []


def test_more_slices_than_the_airline_sells_are_not_found(airline: SandboxAirline) -> None:
    slices = tuple(SliceQuery("AMS", "LIS", DAY + timedelta(days=n)) for n in range(7))
    assert found(airline, SearchQuery(slices, (ADULT,))) == []


def test_a_search_writes_nothing(airline: SandboxAirline) -> None:
    found(airline, one_way("AMS", "LIS"))
    assert not SandboxInventory.objects.exists()


def test_a_sold_out_cabin_is_hidden() -> None:
    airline = SandboxAirline(seats_per_flight=1)
    before = airline.search(one_way("AMS", "LIS"), now=NOW)
    airline.place_order(order(parse_offer(before[0])), now=NOW)
    after = airline.search(one_way("AMS", "LIS"), now=NOW)
    assert len(before) - len(after) == 3  # Light, Standard and Flex share the cabin; Business still sells


def test_a_party_larger_than_the_cabin_finds_nothing() -> None:
    assert found(SandboxAirline(seats_per_flight=1), one_way("AMS", "LIS", ADULT, CHILD)) == []
    assert found(SandboxAirline(seats_per_flight=1), one_way("AMS", "LIS", ADULT, INFANT))


def test_providence_to_raivavae_finds_nothing(airline: SandboxAirline) -> None:
    assert found(airline, one_way("PVD", "RAI")) == []


def test_kennedy_to_newark_is_hold_only_and_says_so(airline: SandboxAirline) -> None:
    offers = found(airline, one_way("JFK", "EWR"))
    assert not any(offer.payment_requirements.requires_instant_payment for offer in offers)
    assert all("hold only" in (offer.slices[0].fare_brand or "") for offer in offers)


def test_bratislava_to_mauritius_has_no_bags(airline: SandboxAirline) -> None:
    for offer in found(airline, one_way("BTS", "MRU")):
        assert offer.services == []
        fares = [fare for segment in offer.segments for fare in segment.passengers]
        assert all(bag.quantity == 0 for fare in fares for bag in fare.baggage if bag.type == "checked")


def test_stansted_to_heathrow_times_out(airline: SandboxAirline) -> None:
    with pytest.raises(Unavailable):
        airline.search(one_way("STN", "LHR"), now=NOW)
