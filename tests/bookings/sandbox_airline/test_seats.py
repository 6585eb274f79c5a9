"""The seat map, and seats and bags that go with an order."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest

from bookings.providers.duffel.mapping import parse_offer
from bookings.providers.errors import Refusal, Rejected
from bookings.providers.seating import CabinSeats, Seat, SeatMap
from bookings.providers.types import CabinClass, OrderedService, ParsedOffer
from bookings.sandbox_airline.models import SandboxOrder, SandboxSeat
from bookings.sandbox_airline.services import SandboxAirline
from movmo.kit.money import Money
from tests.bookings.providers.orders import bag, free_seats, order, seat
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
    read,
    refusal,
    seats_left,
)

pytestmark = pytest.mark.django_db

LAYOUTS = [
    ("AMS", "LIS", "AC_DF", "AC_DEF"),  # A220
    ("AMS", "BAH", "AC_DF", "ABC_DEF"),  # A321neo
    ("AMS", "SIN", "A_DG_K", "ABC_DEF_GHK"),  # 787
]


def cabin(seat_map: SeatMap, cabin_class: CabinClass) -> CabinSeats:
    return next(one for one in seat_map.segments[0].cabins if one.cabin_class is cabin_class)


def all_seats(seat_map: SeatMap) -> Iterator[Seat]:
    for part in seat_map.segments:
        for one in part.cabins:
            for row in one.rows:
                yield from row


@pytest.mark.parametrize(("origin", "destination", "business", "economy"), LAYOUTS)
def test_an_aircraft_has_its_own_rows(
    airline: SandboxAirline, origin: str, destination: str, business: str, economy: str
) -> None:
    seat_map = airline.seat_map(offer_of(airline, "Light", query=one_way(origin, destination)), now=NOW)
    for cabin_class, columns in ((CabinClass.BUSINESS, business), (CabinClass.ECONOMY, economy)):
        shown = cabin(seat_map, cabin_class)
        assert "".join(column or "_" for column in shown.columns) == columns
        for row in shown.rows:
            assert [one.designator[-1] for one in row] == [column for column in columns if column != "_"]
            assert (row[0].position, row[-1].position) == ("window", "window")
            assert len({one.designator[:-1] for one in row}) == 1
    designators = [one.designator for one in all_seats(seat_map)]
    assert len(designators) == len(set(designators))


def test_middle_and_aisle_are_where_they_are(airline: SandboxAirline) -> None:
    seat_map = airline.seat_map(offer_of(airline, "Light", query=one_way("AMS", "SIN")), now=NOW)
    positions = [one.position for one in cabin(seat_map, CabinClass.ECONOMY).rows[0]]
    assert positions == ["window", "middle", "aisle", "aisle", "middle", "aisle", "aisle", "middle", "window"]


def test_the_same_seats_are_taken_at_every_reading_under_new_ids(airline: SandboxAirline, offer: ParsedOffer) -> None:
    one, other = (airline.seat_map(offer, now=NOW) for _ in range(2))
    assert [bool(seat.prices) for seat in all_seats(one)] == [bool(seat.prices) for seat in all_seats(other)]
    ids = [{price.provider_service_id for _, price in free_seats(seat_map)} for seat_map in (one, other)]
    assert not ids[0] & ids[1]
    in_economy = [seat for row in cabin(one, CabinClass.ECONOMY).rows for seat in row]
    assert 0.1 < sum(not seat.prices for seat in in_economy) / len(in_economy) < 0.6


def test_nobody_buys_a_seat_in_another_cabin(airline: SandboxAirline) -> None:
    for brand, other in (("Light", CabinClass.BUSINESS), ("Business", CabinClass.ECONOMY)):
        seat_map = airline.seat_map(offer_of(airline, brand), now=NOW)
        assert not any(one.prices for row in cabin(seat_map, other).rows for one in row)


def test_a_lap_infant_has_no_seat_and_only_adults_sit_at_the_exit(airline: SandboxAirline) -> None:
    offer = offer_of(airline, "Light", query=one_way("AMS", "SIN", ADULT, CHILD, INFANT))
    types = {slot.provider_passenger_id: slot.type for slot in offer.normalised.passengers}
    free = free_seats(airline.seat_map(offer, now=NOW))
    assert {types[price.provider_passenger_id] for _, price in free} == {ADULT, CHILD}
    at_exits = [types[price.provider_passenger_id] for one, price in free if "exit_row" in one.features]
    assert set(at_exits) == {ADULT}


def test_a_middle_seat_at_the_back_is_included_where_the_brand_is_generous(airline: SandboxAirline) -> None:
    for brand, included in (("Light", False), ("Flex", True)):
        offer = offer_of(airline, brand, query=one_way("AMS", "SIN"))
        back = free_seats(airline.seat_map(offer, now=NOW))[-60:]
        middle = {price.total.minor == 0 for one, price in back if one.position == "middle"}
        assert middle == {included}
        assert all(price.total.minor > 0 for one, price in back if one.position == "window")
    business = offer_of(airline, "Business", query=one_way("AMS", "SIN"))
    assert {price.total.minor for _, price in free_seats(airline.seat_map(business, now=NOW))} == {0}


@pytest.mark.parametrize(("origin", "currency"), [("HND", "JPY"), ("BAH", "BHD"), ("JFK", "USD")])
def test_a_seat_costs_the_money_of_the_offer(airline: SandboxAirline, origin: str, currency: str) -> None:
    offer = offer_of(airline, "Light", query=one_way(origin, "AMS"))
    assert {price.total.currency for _, price in free_seats(airline.seat_map(offer, now=NOW))} == {currency}


@pytest.mark.parametrize("name", NAMES)
def test_adopted_flights_have_seats_too(airline: SandboxAirline, name: str) -> None:
    offer = parse_offer(sample(name))
    seat_map = airline.seat_map(offer, now=WHILE_THEY_LIVE)
    assert len(seat_map.segments) == len(offer.normalised.segments)
    chosen = seat(seat_map)
    assert airline.place_order(order(offer, services=(chosen,)), now=WHILE_THEY_LIVE).total.minor > 0


@pytest.mark.parametrize("by", [{"minutes": 30}, {"minutes": 0}])
def test_an_offer_that_is_over_has_no_seats(airline: SandboxAirline, offer: ParsedOffer, by: dict[str, float]) -> None:
    if not by["minutes"]:
        airline.place_order(order(offer), now=NOW)
    assert refusal(lambda: airline.seat_map(offer, now=later(**by))) is Refusal.OFFER_EXPIRED


class TestOrdering:
    def test_a_seat_is_gone_from_the_next_map(self, airline: SandboxAirline, offer: ParsedOffer) -> None:
        other = next(
            one
            for one in offers_of(airline, one_way("AMS", "LIS"))
            if one.normalised.segments[0].departing == offer.normalised.segments[0].departing
        )
        chosen = seat(airline.seat_map(offer, now=NOW))
        placed = airline.place_order(order(offer, services=(chosen,)), now=NOW)
        assert placed.total == offer.normalised.total + chosen.total
        free = {one.designator for one, _ in free_seats(airline.seat_map(other, now=NOW))}
        assert chosen.designator not in free

    def test_a_seat_that_was_sold_meanwhile_is_refused_with_the_whole_order(
        self, airline: SandboxAirline, offer: ParsedOffer
    ) -> None:
        other = next(
            one
            for one in offers_of(airline, one_way("AMS", "LIS"))
            if one.normalised.segments[0].departing == offer.normalised.segments[0].departing
        )
        mine, theirs = (seat(airline.seat_map(one, now=NOW)) for one in (offer, other))
        assert mine.designator == theirs.designator
        airline.place_order(order(other, services=(theirs,)), now=NOW)
        before = seats_left()
        with pytest.raises(Rejected, match="seat taken") as caught:
            airline.place_order(order(offer, services=(mine,)), now=NOW)
        assert caught.value.refusal is Refusal.SEAT_TAKEN
        assert (SandboxOrder.objects.count(), seats_left()) == (1, before)

    def test_two_of_the_party_do_not_get_one_seat(self, airline: SandboxAirline) -> None:
        offer = offer_of(airline, "Light", query=one_way("AMS", "LIS", ADULT, ADULT))
        seat_map = airline.seat_map(offer, now=NOW)
        both = (seat(seat_map, number=0), seat(seat_map, number=1))
        assert both[0].designator == both[1].designator
        assert refusal(lambda: airline.place_order(order(offer, services=both), now=NOW)) is Refusal.SEAT_TAKEN
        assert not SandboxOrder.objects.exists()

    @pytest.mark.parametrize(
        ("family_name", "hold", "by"),
        [
            ("Andersson", True, {"hours": 24}),
            ("DELAYFAIL", False, {"minutes": 1}),
            ("CANCELAIR", False, {"minutes": 2}),
        ],
    )
    def test_a_seat_is_free_again_when_its_order_is_over(
        self, airline: SandboxAirline, offer: ParsedOffer, family_name: str, hold: bool, by: dict[str, float]
    ) -> None:
        chosen = seat(airline.seat_map(offer, now=NOW))
        wanted = order(offer, family_name=family_name, hold=hold, services=(chosen,))
        placed = airline.place_order(wanted, now=NOW)
        assert SandboxSeat.objects.count() == 1
        read(airline, placed, **by)
        assert not SandboxSeat.objects.exists()

    def test_the_total_has_the_services_in_it(self, airline: SandboxAirline, offer: ParsedOffer) -> None:
        services = (seat(airline.seat_map(offer, now=NOW)), bag(offer, quantity=2))
        with pytest.raises(Rejected) as caught:
            airline.place_order(order(offer, services=services, total=offer.normalised.total), now=NOW)
        with_services = order(offer, services=services)
        assert (caught.value.refusal, caught.value.new_total) == (Refusal.PRICE_CHANGED, with_services.total)
        assert airline.place_order(with_services, now=NOW).total == with_services.total

    def test_a_price_that_rises_leaves_the_services_alone(self, airline: SandboxAirline, offer: ParsedOffer) -> None:
        chosen = bag(offer)
        with pytest.raises(Rejected) as caught:
            airline.place_order(order(offer, family_name="PRICEUP", services=(chosen,)), now=NOW)
        dearer = Money((offer.normalised.total_minor * 110 + 50) // 100, "EUR")
        assert caught.value.new_total == dearer + chosen.total


class TestAServiceThatIsNotSold:
    @pytest.fixture
    def chosen(self, airline: SandboxAirline, offer: ParsedOffer) -> OrderedService:
        return seat(airline.seat_map(offer, now=NOW))

    def test_a_seat_under_another_id(self, airline: SandboxAirline, offer: ParsedOffer, chosen: OrderedService) -> None:
        self.refused(airline, offer, replace(chosen, provider_service_id="ase_" + 32 * "0"))

    def test_a_seat_that_was_shown_for_another_place(
        self, airline: SandboxAirline, offer: ParsedOffer, chosen: OrderedService
    ) -> None:
        other = seat(airline.seat_map(offer, now=NOW), number=1)
        self.refused(airline, offer, replace(chosen, provider_service_id=other.provider_service_id))

    @pytest.mark.parametrize("designator", ["1A", "99A", "4B", "04A", "A", "", "²A", None])
    def test_a_seat_that_does_not_exist_or_is_in_another_cabin(
        self, airline: SandboxAirline, offer: ParsedOffer, chosen: OrderedService, designator: str | None
    ) -> None:
        self.refused(airline, offer, replace(chosen, designator=designator))

    def test_a_seat_for_a_stranger_or_another_flight(
        self, airline: SandboxAirline, offer: ParsedOffer, chosen: OrderedService
    ) -> None:
        self.refused(airline, offer, replace(chosen, provider_passenger_id="pas_none"))
        self.refused(airline, offer, replace(chosen, provider_segment_ids=("seg_none",)))
        self.refused(airline, offer, replace(chosen, provider_segment_ids=()))

    def test_one_seat_twice(self, airline: SandboxAirline, offer: ParsedOffer, chosen: OrderedService) -> None:
        self.refused(airline, offer, replace(chosen, quantity=2))

    def test_a_seat_that_the_map_shows_as_occupied(
        self, airline: SandboxAirline, offer: ParsedOffer, chosen: OrderedService
    ) -> None:
        rows = cabin(airline.seat_map(offer, now=NOW), CabinClass.ECONOMY).rows
        occupied = next(one for row in rows for one in row if not one.prices)
        self.refused(airline, offer, replace(chosen, designator=occupied.designator))

    def test_two_seats_for_one_passenger(self, airline: SandboxAirline, offer: ParsedOffer) -> None:
        seat_map = airline.seat_map(offer, now=NOW)
        self.refused(airline, offer, seat(seat_map, number=0), seat(seat_map, number=1))

    @pytest.mark.parametrize("quantity", [0, -1, 3])
    def test_more_or_fewer_bags_than_are_offered(
        self, airline: SandboxAirline, offer: ParsedOffer, quantity: int
    ) -> None:
        self.refused(airline, offer, bag(offer, quantity=quantity))

    def test_too_many_bags_in_two_lines(self, airline: SandboxAirline, offer: ParsedOffer) -> None:
        self.refused(airline, offer, bag(offer, quantity=2), bag(offer))

    def test_a_bag_of_another_offer(self, airline: SandboxAirline, offer: ParsedOffer) -> None:
        self.refused(airline, offer, bag(offer_of(airline, "Business")))
        self.refused(airline, offer, replace(bag(offer), provider_passenger_id="pas_none"))

    def test_a_seat_of_an_old_reading_is_still_that_seat(
        self, airline: SandboxAirline, offer: ParsedOffer, chosen: OrderedService
    ) -> None:
        airline.seat_map(offer, now=NOW + timedelta(minutes=5))
        assert airline.place_order(order(offer, services=(chosen,)), now=later(minutes=6))

    def refused(self, airline: SandboxAirline, offer: ParsedOffer, *services: OrderedService) -> None:
        wanted = order(offer, services=services)
        assert refusal(lambda: airline.place_order(wanted, now=NOW)) is Refusal.OTHER
        assert not SandboxOrder.objects.exists()
