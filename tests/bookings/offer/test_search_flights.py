"""search_flights"""

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from bookings.offer.models import Offer
from bookings.offer.party import TooManyPassengers, UnaccompaniedMinor
from bookings.offer.schemas import OfferSummary, SearchResults
from bookings.offer.services import NotBookable
from bookings.providers import registry
from bookings.providers.registry import ProviderUnknown
from bookings.providers.sandbox.airline import Airline
from movmo.kit import cursor
from movmo.kit.cursor import CursorInvalid
from movmo.kit.errors import InvalidArguments
from movmo.operations.context import Caller
from tests.bookings.offer.desk import Desk
from tests.bookings.offer.searches import WholesaleAirline, ids, part, search, wrong_fields
from tests.conftest import StoppedClock
from tests.contract.world import World, departure_date, raw_offer, view_of

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("clock")]


def more(world: World, found: SearchResults, *, by: Caller | None = None, **arguments: Any) -> SearchResults:
    sent = {"cursor": found.next_cursor, "limit": 3, **arguments}
    return view_of(SearchResults, world.call("search_flights", by=by, **sent))


def test_offers_come_cheapest_first_and_can_be_booked(world: World) -> None:
    found = search(world)
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


def wishes() -> dict[str, Any]:
    return {"slices": [part(earliest_departure="06:00")], "sort": "duration", "min_checked_bags": 1}


def told(offer: OfferSummary) -> str:
    """What an offer is, whatever its id: each search makes new ones."""
    return offer.model_dump_json(exclude={"offer_id", "expires_at"})


class TestPages:
    @pytest.mark.parametrize("again", [dict, wishes], ids=["cursor alone", "cursor and the same arguments"])
    def test_pages_neither_shift_nor_skip_nor_repeat(
        self, world: World, clock: StoppedClock, again: Callable[[], dict[str, Any]]
    ) -> None:
        whole = search(world, **wishes())
        said_again = again()
        found = search(world, **wishes(), limit=2)
        seen = list(found.data)
        while found.next_cursor:
            clock.forward(minutes=1)
            search(world)  # somebody searches meanwhile
            found = more(world, found, limit=3, **said_again)
            seen += found.data
        assert len(seen) == len({offer.offer_id for offer in seen}) > 4
        assert [told(offer) for offer in seen] == [told(offer) for offer in whole.data]

    def test_the_same_cursor_shows_the_same_page(self, world: World) -> None:
        found = search(world, limit=3)
        assert more(world, found).data == more(world, found).data

    @pytest.mark.parametrize("other", [{"sort": "price"}, {"max_connections": 0}, {"adults": 2}])
    def test_a_cursor_is_refused_with_the_arguments_of_another_search(
        self, world: World, other: dict[str, Any]
    ) -> None:
        first = search(world, **wishes(), limit=2)
        for found in (first, more(world, first, limit=1)):
            with pytest.raises(InvalidArguments) as caught:
                more(world, found, **{**wishes(), **other})
            assert set(caught.value.fields) == {"/cursor"}

    def test_what_is_said_by_default_makes_no_other_search(self, world: World) -> None:
        found = search(world, limit=3)
        assert more(world, found, slices=[part()], adults=1, sort="price", refundable_only=False).data

    def test_a_next_page_asks_no_provider(self, world: World, install_airline: Callable[[Airline], None]) -> None:
        found = search(world, limit=3)
        install_airline(WholesaleAirline())
        assert more(world, found).data

    def test_another_traveler_cannot_use_a_cursor(self, world: World, bo_at_aviare: Caller) -> None:
        found = search(world, limit=3)
        assert more(world, found, by=bo_at_aviare).data == []

    @pytest.mark.parametrize(
        "text",
        [
            "x",
            cursor.encode(["0198c0de-0000-7000-8000-00000000a0aa"]),
            cursor.encode(["0198c0de-0000-7000-8000-00000000a0aa", 3]),
            cursor.encode(["me", "0123456789abcdef", 3]),
            "A" * 300,
        ],
    )
    def test_a_made_up_cursor_is_refused(self, world: World, text: str) -> None:
        with pytest.raises(CursorInvalid):
            world.call("search_flights", cursor=text)

    @pytest.mark.parametrize("position", [-(2**62), 2**31, 2**63 - 1, 2**64 - 1])
    def test_a_forged_position_shows_one_s_own_or_nothing(self, world: World, position: int) -> None:
        found = search(world, limit=3)
        search_id = str(Offer.objects.values_list("search_id", flat=True)[0])
        forged = found.model_copy(update={"next_cursor": cursor.encode([search_id, "", position])})
        assert set(ids(more(world, forged))) <= set(Offer.objects.values_list("pk", flat=True))


class TestRefusals:
    def test_a_past_date_is_named(self, world: World, clock: StoppedClock) -> None:
        past = (clock.now.date() - timedelta(days=2)).isoformat()
        fields = wrong_fields(world, slices=[part(), {**part("LIS", "AMS"), "departure_date": past}])
        assert fields == {"/slices/1/departure_date": "This date lies in the past."}

    def test_yesterday_is_still_today_somewhere(self, world: World, clock: StoppedClock) -> None:
        yesterday = (clock.now.date() - timedelta(days=1)).isoformat()
        assert search(world, slices=[{**part(), "departure_date": yesterday}]).data == []

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
            ({"carriers": ["Movmo Air"]}, "/carriers/0"),
            ({"carriers": ["XX", "17"]}, "/carriers/1"),
            ({"exclude_carriers": ["xx"]}, "/exclude_carriers/0"),
            ({"max_total": {"amount": "-1.00", "currency": "EUR"}}, "/max_total/amount"),
            ({"max_total": {"amount": 100, "currency": "EUR"}}, "/max_total/amount"),
            ({"max_total": {"amount": "100.00"}}, "/max_total/currency"),
            ({"min_checked_bags": -1}, "/min_checked_bags"),
            ({"refundable_only": "yes"}, "/refundable_only"),
            ({"sort": "comfort"}, "/sort"),
            ({"slices": [part(earliest_departure="7:00")]}, "/slices/0/earliest_departure"),
            ({"slices": [part(), part("LIS", "AMS", latest_departure="24:00")]}, "/slices/1/latest_departure"),
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

    def test_a_provider_without_a_search_says_so(self, world: World, desk: Desk, limit: Callable[..., None]) -> None:
        limit(search=False)
        with pytest.raises(NotBookable) as caught:
            search(world, provider="sandbox")
        assert caught.value.text == "sandbox does not support searching."

    def test_a_return_trip_has_two_slices(self, world: World) -> None:
        found = search(world, slices=[part(), part("LIS", "AMS", days=7)])
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
