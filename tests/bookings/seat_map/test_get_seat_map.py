"""get_seat_map"""

from collections.abc import Callable
from typing import Any

import pytest

from bookings.offer.asking import ProviderUnreachable, ReadingRefused
from bookings.offer.schemas import OfferView
from bookings.offer.services import NotBookable, OfferStale
from bookings.providers.errors import Refusal, Rejected, Unavailable
from bookings.providers.transport import refuse_in_transaction
from bookings.seat_map.schemas import SeatMapView, SeatView
from movmo.kit.errors import DomainError, InvalidArguments, NotFound
from movmo.kit.ids import new_id
from movmo.operations.context import Caller
from tests.bookings.offer.desk import PRICES, Desk
from tests.conftest import StoppedClock
from tests.contract.world import World, view_of

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("clock", "desk")]


def look(world: World, offer: OfferView, **wishes: Any) -> SeatMapView:
    answer = world.call("get_seat_map", provider=offer.provider, offer_id=str(offer.offer_id), **wishes)
    return view_of(SeatMapView, answer)


def refusal(world: World, offer: OfferView, **wishes: Any) -> DomainError:
    with pytest.raises(DomainError) as caught:
        look(world, offer, **wishes)
    return caught.value


def seats(told: SeatMapView) -> dict[str, SeatView]:
    rows = (row for part in told.segments for cabin in part.cabins for row in cabin.rows)
    return {seat.designator: seat for row in rows for seat in row.seats}


def test_every_flight_has_its_seats_row_by_row(world: World) -> None:
    offer = world.offer(origin="LHR", destination="DXB")
    flights = [segment for part in offer.slices for segment in part.segments]
    told = look(world, offer)
    assert len(flights) > 1
    assert [part.segment for part in told.segments] == [segment.segment for segment in flights]
    assert [part.segment for part in told.segments] == list(range(1, len(flights) + 1))
    for part in told.segments:
        (economy,) = part.cabins
        assert (economy.cabin_class, economy.columns) == ("economy", ["A", "B", "C"])
        assert [[seat.designator for seat in row.seats] for row in economy.rows] == [["12A", "12B", "12C"]]


def test_a_seat_says_who_may_have_it_for_how_much(world: World) -> None:
    offer = world.offer("ADT", "CHD")
    seat = seats(look(world, offer))["12A"]
    assert (seat.position, seat.features) == ("window", ["exit_row"])
    prices = {price.slot_id: price.total.amount for price in seat.available_for}
    assert prices == {slot.slot_id: "15.00" for slot in offer.passengers}


def test_a_lap_infant_may_have_none(world: World) -> None:
    offer = world.offer("ADT", "INF")
    (price,) = seats(look(world, offer))["12A"].available_for
    assert price.slot_id == offer.passengers[0].slot_id
    assert seats(look(world, offer, slot_id=str(offer.passengers[1].slot_id))) == {}


def test_seats_of_another_cabin_are_for_nobody_even_if_the_airline_prices_them(world: World) -> None:
    whole = seats(look(world, world.offer(), only_available=False))
    assert "1A" in PRICES
    assert whole["1A"].available_for == []


def test_whole_cabins_show_what_is_taken(world: World) -> None:
    whole = seats(look(world, world.offer(), only_available=False))
    assert list(whole) == ["1A", "12A", "12B", "12C", "14A"]
    assert whole["14A"].available_for == []


def test_it_may_be_narrowed_to_a_flight_a_passenger_and_a_place(world: World) -> None:
    offer = world.offer("ADT", "ADT", origin="LHR", destination="DXB")
    bea = offer.passengers[1].slot_id
    told = look(world, offer, segment=2, slot_id=str(bea), position="aisle")
    assert [part.segment for part in told.segments] == [2]
    ((designator, seat),) = seats(told).items()
    assert designator == "12C"
    assert [price.slot_id for price in seat.available_for] == [bea]


def test_the_provider_is_asked_outside_of_any_transaction(world: World, desk: Desk) -> None:
    desk.before_answering = refuse_in_transaction
    assert seats(look(world, world.offer()))


class TestRefused:
    def test_a_flight_that_the_offer_does_not_have(self, world: World) -> None:
        said = refusal(world, world.offer(), segment=2)
        assert isinstance(said, InvalidArguments)
        assert said.fields == {"/segment": "This offer has 1 flight(s)."}

    def test_a_slot_of_another_offer(self, world: World) -> None:
        said = refusal(world, world.offer(), slot_id=str(world.offer().passengers[0].slot_id))
        assert said.facts == {"what": "slot"}

    def test_an_id_that_nobody_gave_out(self, world: World) -> None:
        assert isinstance(refusal(world, world.offer(), slot_id=str(new_id())), NotFound)

    def test_another_traveler_s_offer(self, world: World, bo_at_aviare: Caller) -> None:
        assert isinstance(refusal(World(bo_at_aviare), world.offer()), NotFound)

    def test_an_offer_that_has_run_out(self, world: World, clock: StoppedClock) -> None:
        offer = world.offer()
        clock.forward(minutes=30)
        assert isinstance(refusal(world, offer), OfferStale)

    def test_a_provider_without_seats(self, world: World, limit: Callable[..., None]) -> None:
        offer = world.offer()
        limit(seat_map=False)
        assert isinstance(refusal(world, offer), NotBookable)

    @pytest.mark.parametrize(
        ("failure", "error"),
        [(Rejected(Refusal.OFFER_EXPIRED, "late"), OfferStale), (Unavailable("nobody there"), ProviderUnreachable)],
    )
    def test_a_provider_that_does_not_tell(self, world: World, desk: Desk, failure: Any, error: Any) -> None:
        desk.failure = failure
        assert isinstance(refusal(world, world.offer()), error)

    @pytest.mark.parametrize(
        ("amiss", "problem"),
        [
            ({"prices": {"12B": -100}}, "seat 12B has a negative price"),
            ({"currency": "USD"}, "seat 1A costs USD"),
        ],
    )
    def test_prices_that_nobody_can_pay(self, world: World, desk: Desk, amiss: dict[str, Any], problem: str) -> None:
        for name, value in amiss.items():
            setattr(desk, name, value)
        said = refusal(world, world.offer())
        assert isinstance(said, ReadingRefused)
        assert said.facts["problem"] == problem
