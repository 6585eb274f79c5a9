"""search_flights"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from bookings.offer.models import Offer
from bookings.offer.party import TooManyPassengers, UnaccompaniedMinor
from bookings.offer.schemas import OfferSummary, SearchResults
from bookings.providers import registry
from bookings.providers.registry import ProviderUnknown
from bookings.providers.sandbox.airline import Airline
from bookings.providers.types import SearchQuery
from movmo.kit import cursor
from movmo.kit.cursor import CursorInvalid
from movmo.kit.errors import InvalidArguments
from movmo.operations.context import Caller
from tests.conftest import StoppedClock
from tests.contract.arguments import arguments_for
from tests.contract.world import World, departure_date, raw_offer, view_of
from tests.idle_airline import IdleAirline

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("clock")]


@dataclass
class WholesaleAirline(IdleAirline):
    """Offers what it is given, and no more."""

    offers: list[dict[str, Any]] = field(default_factory=list)

    def search(self, query: SearchQuery, *, now: datetime) -> list[dict[str, Any]]:
        return self.offers or super().search(query, now=now)


def search(world: World, *, by: Caller | None = None, **changes: Any) -> SearchResults:
    arguments = {**arguments_for("search_flights", world), **changes}
    return view_of(SearchResults, world.call("search_flights", by=by, **arguments))


def more(world: World, found: SearchResults, *, by: Caller | None = None, limit: int = 3) -> SearchResults:
    answer = world.call("search_flights", by=by, cursor=found.next_cursor, limit=limit)
    return view_of(SearchResults, answer)


def wrong_fields(world: World, **changes: Any) -> dict[str, str]:
    with pytest.raises(InvalidArguments) as caught:
        search(world, **changes)
    return caught.value.fields


def ids(found: SearchResults) -> list[UUID]:
    return [offer.offer_id for offer in found.data]


def part(origin: str, destination: str, days: int = 0) -> dict[str, str]:
    day = departure_date() + timedelta(days=days)
    return {"origin": origin, "destination": destination, "departure_date": day.isoformat()}


def test_offers_come_cheapest_first_and_can_be_booked(world: World) -> None:
    found = search(world, limit=50)
    totals = [Decimal(offer.total.amount) for offer in found.data]
    assert totals
    assert totals == sorted(totals)
    assert set(ids(found)) == set(Offer.objects.values_list("pk", flat=True))
    assert found.unavailable == []


def test_an_offer_s_line_says_where_and_when(world: World) -> None:
    (leg,) = search(world).data[0].slices
    assert (leg.origin, leg.destination, leg.connections) == ("AMS", "LIS", 0)
    assert leg.departing_at.date() == departure_date()
    assert all(flight.startswith("XX") for flight in leg.flights)


def test_offers_belong_to_the_traveler(world: World, ana_at_aviare: Caller) -> None:
    search(world)
    assert set(Offer.objects.values_list("user_id", "partner_id")) == {
        (ana_at_aviare.user_id, ana_at_aviare.partner_id)
    }


class TestPages:
    def test_pages_neither_shift_nor_skip_nor_repeat(self, world: World, clock: StoppedClock) -> None:
        everything = ids(search(world, limit=50))
        found = search(world, limit=3)
        seen: list[OfferSummary] = list(found.data)
        while found.next_cursor:
            clock.forward(minutes=1)
            search(world)  # somebody searches meanwhile
            found = more(world, found)
            seen += found.data
        assert len(seen) == len({offer.offer_id for offer in seen}) == len(everything)
        assert [Decimal(one.total.amount) for one in seen] == sorted(Decimal(one.total.amount) for one in seen)

    def test_a_next_page_asks_no_provider(self, world: World, install_airline: Callable[[Airline], None]) -> None:
        found = search(world)
        install_airline(WholesaleAirline())
        assert more(world, found).data

    def test_another_traveler_cannot_use_a_cursor(self, world: World, bo_at_aviare: Caller) -> None:
        found = search(world)
        assert more(world, found, by=bo_at_aviare).data == []

    @pytest.mark.parametrize(
        "text", ["x", cursor.encode(["0198c0de-0000-7000-8000-00000000a0aa"]), cursor.encode(["me", 3]), "A" * 300]
    )
    def test_a_made_up_cursor_is_refused(self, world: World, text: str) -> None:
        with pytest.raises(CursorInvalid):
            world.call("search_flights", cursor=text)

    @pytest.mark.parametrize("position", [-(2**62), 2**31, 2**63 - 1])
    def test_a_forged_position_shows_one_s_own_or_nothing(self, world: World, position: int) -> None:
        found = search(world)
        search_id = str(Offer.objects.values_list("search_id", flat=True)[0])
        forged = found.model_copy(update={"next_cursor": cursor.encode([search_id, position])})
        assert set(ids(more(world, forged))) <= set(Offer.objects.values_list("pk", flat=True))


class TestRefusals:
    def test_a_past_date_is_named(self, world: World, clock: StoppedClock) -> None:
        past = (clock.now.date() - timedelta(days=2)).isoformat()
        fields = wrong_fields(world, slices=[part("AMS", "LIS"), {**part("LIS", "AMS"), "departure_date": past}])
        assert fields == {"/slices/1/departure_date": "This date lies in the past."}

    def test_yesterday_is_still_today_somewhere(self, world: World, clock: StoppedClock) -> None:
        yesterday = (clock.now.date() - timedelta(days=1)).isoformat()
        assert search(world, slices=[{**part("AMS", "LIS"), "departure_date": yesterday}]).data == []

    def test_a_flight_to_where_it_starts_is_named(self, world: World) -> None:
        assert set(wrong_fields(world, slices=[part("AMS", "AMS")])) == {"/slices/0/destination"}

    def test_neither_slices_nor_cursor_is_nothing_to_search(self, world: World) -> None:
        assert set(wrong_fields(world, slices=[])) == {""}

    @pytest.mark.parametrize(
        ("changes", "pointer"),
        [
            ({"slices": [part("ams", "LIS")]}, "/slices/0/origin"),
            ({"adults": 10}, "/adults"),
            ({"limit": 0}, "/limit"),
            ({"cabin_class": "steerage"}, "/cabin_class"),
            ({"max_connections": 5}, "/max_connections"),
        ],
    )
    def test_a_malformed_field_is_named(self, world: World, changes: dict[str, Any], pointer: str) -> None:
        assert set(wrong_fields(world, **changes)) == {pointer}

    def test_a_party_that_may_not_travel_is_refused(self, world: World) -> None:
        with pytest.raises(UnaccompaniedMinor):
            search(world, adults=0, children=1)
        with pytest.raises(TooManyPassengers):
            search(world, adults=9, children=1)

    def test_an_unknown_provider_is_not_found(self, world: World) -> None:
        with pytest.raises(ProviderUnknown):
            search(world, provider="montgolfier")


class TestFilters:
    def test_one_cabin(self, world: World) -> None:
        found = search(world, cabin_class="business", limit=50)
        assert {offer.slices[0].fare_brand for offer in found.data} == {"Business"}

    def test_no_change_of_plane(self, world: World) -> None:
        slices = [part("LHR", "DXB")]
        assert search(world, slices=slices).data
        assert search(world, slices=slices, max_connections=0).data == []

    def test_one_provider(self, world: World) -> None:
        assert {offer.provider for offer in search(world, provider="sandbox").data} == {"sandbox"}

    def test_a_return_trip_has_two_slices(self, world: World) -> None:
        found = search(world, slices=[part("AMS", "LIS"), part("LIS", "AMS", days=7)])
        assert [len(offer.slices) for offer in found.data] == [2] * len(found.data)


class TestProviders:
    def test_one_that_cannot_be_asked_is_named_and_not_fatal(self, world: World) -> None:
        found = search(world, slices=[part("STN", "LHR")])
        assert (found.data, found.unavailable, found.next_cursor) == ([], ["sandbox"], None)

    def test_the_other_ones_answer_all_the_same(
        self, world: World, monkeypatch: pytest.MonkeyPatch, install_airline: Callable[[Airline], None]
    ) -> None:
        alone = registry.provider("sandbox")
        install_airline(WholesaleAirline())
        monkeypatch.setitem(registry._providers, "aardvark", alone)
        found = search(world)
        assert found.data
        assert found.unavailable == ["sandbox"]

    def test_at_most_a_hundred_offers_are_kept(self, world: World, install_airline: Callable[[Airline], None]) -> None:
        install_airline(WholesaleAirline([{**raw_offer(), "id": f"off_{index}"} for index in range(130)]))
        search(world)
        assert Offer.objects.count() == 100


@pytest.mark.django_db
def test_an_airport_that_does_not_exist_is_named(world: World) -> None:
    part = {"origin": "QQQ", "destination": "LIS", "departure_date": departure_date().isoformat()}
    with pytest.raises(InvalidArguments) as caught:
        world.call("search_flights", slices=[part])
    assert caught.value.fields == {"/slices/0/origin": "No airport has the IATA code QQQ."}
