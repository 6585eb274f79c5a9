"""The filters of search_flights, and its order."""

from collections.abc import Callable
from typing import Any

import pytest

from bookings.offer.schemas import OfferSummary, SearchResults
from bookings.providers.sandbox.airline import Airline
from movmo.kit.money import AmountInvalid
from tests.bookings.offer.searches import WholesaleAirline, brands, part, search, wrong_fields
from tests.contract.world import World, raw_offer

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("clock")]

Sell = Callable[..., None]


@pytest.fixture
def sell(install_airline: Callable[[Airline], None]) -> Sell:
    """`sell({"XX": change, …})`: the airline has one offer for each name, changed, with the name as its brand."""

    def sell(changes: dict[str, Callable[[dict[str, Any]], object]]) -> None:
        offers = []
        for name, change in changes.items():
            raw = raw_offer()
            raw["id"] = f"off_{name}"
            raw["slices"][0]["fare_brand_name"] = name
            change(raw)
            offers.append(raw)
        install_airline(WholesaleAirline(offers))

    return sell


def as_it_is(raw: dict[str, Any]) -> None:
    pass


def segment(raw: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = raw["slices"][0]["segments"][0]
    return found


def carrier(code: str) -> dict[str, Any]:
    return {"id": f"arl_{code}", "iata_code": code, "name": code}


def by(seller: str, flown_by: str | None = None) -> Callable[[dict[str, Any]], None]:
    def change(raw: dict[str, Any]) -> None:
        segment(raw)["marketing_carrier"] = carrier(seller)
        segment(raw)["operating_carrier"] = carrier(flown_by or seller)

    return change


def priced(total: str, currency: str) -> Callable[[dict[str, Any]], None]:
    def change(raw: dict[str, Any]) -> None:
        raw |= {"base_amount": total, "tax_amount": "0", "total_amount": total}
        raw |= {"base_currency": currency, "tax_currency": currency, "total_currency": currency}
        for condition in raw["conditions"].values():
            condition.update(penalty_amount=None, penalty_currency=None)
        raw["available_services"] = []

    return change


def refund(allowed: bool | None) -> Callable[[dict[str, Any]], None]:
    def change(raw: dict[str, Any]) -> None:
        told = None if allowed is None else {"allowed": allowed, "penalty_amount": None, "penalty_currency": None}
        raw["conditions"]["refund_before_departure"] = told

    return change


def bags(*quantities: int) -> Callable[[dict[str, Any]], None]:
    def change(raw: dict[str, Any]) -> None:
        segment(raw)["passengers"][0]["baggages"] = [{"type": "checked", "quantity": one} for one in quantities]

    return change


def leaves(offer: OfferSummary, slice_: int = 0) -> str:
    return f"{offer.slices[slice_].departing_at:%H:%M}"


class TestCabin:
    def test_only_one(self, world: World) -> None:
        assert brands(search(world, cabin_class="business")) == {"Business"}

    def test_a_provider_that_answers_with_another_is_not_believed(self, world: World, sell: Sell) -> None:
        def unsaid(raw: dict[str, Any]) -> None:
            del segment(raw)["passengers"][0]["cabin_class"]

        sell({"economy": as_it_is, "unsaid": unsaid})
        assert brands(search(world, cabin_class="business")) == {"unsaid"}
        assert brands(search(world, cabin_class="economy")) == {"economy", "unsaid"}


class TestConnections:
    def test_no_change_of_plane(self, world: World) -> None:
        slices = [part("LHR", "DXB")]
        assert search(world, slices=slices, max_connections=1).data
        assert search(world, slices=slices, max_connections=0).data == []

    def test_each_direction_counts_for_itself(self, world: World) -> None:
        slices = [part("LHR", "DXB"), part("DXB", "LHR", days=7)]
        both = search(world, slices=slices, max_connections=1)
        assert {leg.connections for offer in both.data for leg in offer.slices} == {0, 1}
        assert search(world, slices=slices, max_connections=0).data == []


class TestCarriers:
    @pytest.fixture(autouse=True)
    def airlines(self, sell: Sell) -> None:
        sell({"XX": by("XX"), "KL": by("KL"), "shared": by("XX", flown_by="KL")})

    def test_only_what_some_of_them_sell(self, world: World) -> None:
        assert brands(search(world, carriers=["XX"])) == {"XX", "shared"}
        assert brands(search(world, carriers=["KL", "U2"])) == {"KL"}
        assert brands(search(world, carriers=["KL", "XX"])) == {"XX", "KL", "shared"}

    def test_nothing_that_others_sell_or_fly(self, world: World) -> None:
        assert brands(search(world, exclude_carriers=["KL"])) == {"XX"}
        assert brands(search(world, carriers=["XX"], exclude_carriers=["KL"])) == {"XX"}

    def test_one_that_nobody_has_finds_nothing(self, world: World) -> None:
        assert search(world, carriers=["ZZ"]).data == []

    def test_wanted_and_unwanted_at_once_is_a_mistake(self, world: World) -> None:
        fields = wrong_fields(world, carriers=["XX", "KL"], exclude_carriers=["ZZ", "KL"])
        assert fields == {"/exclude_carriers/1": "KL is among `carriers`."}


class TestDepartureWindow:
    def test_ends_are_inside(self, world: World) -> None:
        times = sorted({leaves(offer) for offer in search(world).data})
        assert len(times) == 3
        _, middle, _ = times
        exact = search(world, slices=[part(earliest_departure=middle, latest_departure=middle)])
        assert {leaves(offer) for offer in exact.data} == {middle}

    def test_either_end_alone(self, world: World) -> None:
        first, middle, last = sorted({leaves(offer) for offer in search(world).data})
        early = search(world, slices=[part(latest_departure=middle)])
        late = search(world, slices=[part(earliest_departure=middle)])
        assert {leaves(offer) for offer in early.data} == {first, middle}
        assert {leaves(offer) for offer in late.data} == {middle, last}

    def test_each_direction_has_its_own_at_its_own_airport(self, world: World) -> None:
        there = part("LHR", "JFK", latest_departure="10:00")
        back = part("JFK", "LHR", days=7, earliest_departure="18:00", latest_departure="23:59")
        found = search(world, slices=[there, back])
        assert found.data
        assert all(leaves(offer) <= "10:00" and leaves(offer, 1) >= "18:00" for offer in found.data)

    def test_one_that_ends_before_it_begins_is_named(self, world: World) -> None:
        back = part("LIS", "AMS", days=7, earliest_departure="12:00", latest_departure="11:59")
        fields = wrong_fields(world, slices=[part(), back])
        assert fields == {"/slices/1/latest_departure": "This is before `earliest_departure`."}


class TestPrice:
    def test_what_costs_no_more(self, world: World) -> None:
        everything = search(world).data
        middle = everything[len(everything) // 2].total
        found = search(world, max_total=middle.model_dump())
        assert found.data
        assert [one.total for one in found.data] == [
            one.total for one in everything if float(one.total.amount) <= float(middle.amount)
        ]

    def test_another_currency_is_left_out_where_the_budget_s_own_is_sold(self, world: World, sell: Sell) -> None:
        sell({"euro": priced("90.00", "EUR"), "dollar": priced("80.00", "USD"), "dear": priced("90.01", "EUR")})
        assert brands(search(world, max_total={"amount": "90", "currency": "EUR"})) == {"euro"}

    def test_a_budget_that_can_be_compared_with_nothing_is_told_the_currency(self, world: World) -> None:
        fields = wrong_fields(world, slices=[part("LHR", "JFK")], max_total={"amount": "5000", "currency": "EUR"})
        assert fields == {"/max_total/currency": "These flights are sold in GBP. Use that, or leave `max_total` out."}

    def test_where_nothing_else_fits_its_currency_does_not_matter(self, world: World) -> None:
        wishes: dict[str, Any] = {"carriers": ["ZZ"], "max_total": {"amount": "5000", "currency": "JPY"}}
        assert search(world, **wishes).data == []

    @pytest.mark.parametrize("money", [{"amount": "1.005", "currency": "EUR"}, {"amount": "1", "currency": "QQQ"}])
    def test_an_amount_that_is_none_is_refused_before_anybody_is_asked(
        self, world: World, install_airline: Callable[[Airline], None], money: dict[str, str]
    ) -> None:
        install_airline(WholesaleAirline())
        with pytest.raises(AmountInvalid) as caught:
            search(world, max_total=money)
        assert set(caught.value.fields) == {"/max_total"}


def test_what_fits_no_filter_is_counted(world: World) -> None:
    found = search(world, carriers=["LH"])
    assert not found.data
    assert found.left_out > 0
    assert search(world).left_out == 0


class TestConditions:
    def test_what_may_be_refunded_and_says_so(self, world: World, sell: Sell) -> None:
        assert brands(search(world, refundable_only=True)) == {"Flex", "Business"}
        sell({"yes": refund(True), "no": refund(False), "unsaid": refund(None)})
        assert brands(search(world, refundable_only=True)) == {"yes"}
        assert brands(search(world, refundable_only=False)) == {"yes", "no", "unsaid"}

    def test_what_may_be_held(self, world: World) -> None:
        may_be_held = [one.requires_instant_payment for one in search(world, holdable_only=True).data]
        assert may_be_held
        assert not any(may_be_held)
        assert any(one.requires_instant_payment for one in search(world).data)


class TestBags:
    def test_as_many_for_everybody_with_a_seat(self, world: World) -> None:
        party: dict[str, Any] = {"adults": 2, "children": 1, "infants": 1}
        assert brands(search(world, **party, min_checked_bags=1)) == {"Standard", "Flex", "Business"}
        assert brands(search(world, **party, min_checked_bags=2)) == {"Business"}
        assert search(world, **party, min_checked_bags=3).data == []

    def test_on_every_flight(self, world: World) -> None:
        there, back = part("BTS", "MRU"), part("MRU", "BTS", days=7)
        assert search(world, slices=[back], min_checked_bags=1).data
        assert search(world, slices=[there, back]).data
        assert search(world, slices=[there, back], min_checked_bags=1).data == []

    def test_two_of_one_are_two_and_none_said_is_none(self, world: World, sell: Sell) -> None:
        sell({"two": bags(1, 1), "one": bags(1), "unsaid": bags()})
        assert brands(search(world, min_checked_bags=2)) == {"two"}
        assert brands(search(world, min_checked_bags=1)) == {"one", "two"}
        assert brands(search(world, min_checked_bags=0)) == {"one", "two", "unsaid"}


def test_filters_hold_together(world: World) -> None:
    wishes: dict[str, Any] = {"refundable_only": True, "min_checked_bags": 1, "cabin_class": "economy"}
    found = search(world, **wishes, slices=[part(earliest_departure="12:00")], max_connections=0, carriers=["XX"])
    assert brands(found) == {"Flex"}
    assert all(leaves(offer) >= "12:00" for offer in found.data)


class TestOrder:
    def test_the_earliest_first_and_of_one_flight_the_cheapest(self, world: World) -> None:
        found = search(world, sort="departure").data
        assert len({leaves(offer) for offer in found}) == 3
        keys = [(offer.slices[0].departing_at, float(offer.total.amount)) for offer in found]
        assert keys == sorted(keys)

    def test_the_shortest_first_over_all_slices(self, world: World) -> None:
        found = search(world, slices=[part("LHR", "DXB"), part("DXB", "LHR", days=7)], sort="duration").data
        keys = [(sum(leg.duration_minutes for leg in offer.slices), float(offer.total.amount)) for offer in found]
        assert len({duration for duration, _ in keys}) > 1
        assert keys == sorted(keys)

    def test_cheapest_first_within_a_currency(self, world: World, sell: Sell) -> None:
        sell({"a": priced("2.00", "USD"), "b": priced("9.00", "EUR"), "c": priced("1.00", "USD")})
        assert names(search(world)) == ["b", "c", "a"]

    @pytest.mark.parametrize("sort", ["price", "duration", "departure"])
    def test_equals_are_always_in_the_same_order(self, world: World, sell: Sell, sort: str) -> None:
        """By the provider's ids, which are `off_` and the brand here."""
        sell(dict.fromkeys("dbca", as_it_is))
        assert names(search(world, sort=sort)) == ["a", "b", "c", "d"]


def names(found: SearchResults) -> list[str | None]:
    return [offer.slices[0].fare_brand for offer in found.data]
