"""Seats, bags and a new price at the sandbox airline, from the offer to the order."""

from typing import Any

import pytest

from bookings.booking.failures import SeatTaken
from bookings.booking.schemas import BookingView
from bookings.offer.schemas import OfferView, RefreshView
from bookings.sandbox_airline.models import SandboxOrder, SandboxSeat
from bookings.seat_map.schemas import SeatMapView, SeatView
from movmo.operations.context import Caller
from tests.contract.world import World, view_of

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("clock")]

LONG_HAUL = {"origin": "LHR", "destination": "DXB"}


def look(world: World, offer: OfferView, **wishes: Any) -> SeatMapView:
    answer = world.call("get_seat_map", provider="sandbox", offer_id=str(offer.offer_id), **wishes)
    return view_of(SeatMapView, answer)


def free(world: World, offer: OfferView, **wishes: Any) -> list[SeatView]:
    told = look(world, offer, **wishes)
    rows = (row for part in told.segments for cabin in part.cabins for row in cabin.rows)
    return [seat for row in rows for seat in row.seats]


def choose(world: World, offer: OfferView, **choice: Any) -> OfferView:
    arguments = {"provider": "sandbox", "offer_id": str(offer.offer_id), "seats": [], "services": [], **choice}
    return view_of(OfferView, world.call("select_services", **arguments))


def refreshed(world: World, offer: OfferView) -> RefreshView:
    return view_of(RefreshView, world.call("refresh_offer", provider="sandbox", offer_id=str(offer.offer_id)))


def with_a_seat_each(world: World, offer: OfferView) -> OfferView:
    """The first free seats of each flight, and a bag."""
    seats = []
    for segment in {segment.segment for part in offer.slices for segment in part.segments}:
        places = iter(free(world, offer, segment=segment, position="aisle"))
        for slot in offer.passengers:
            if slot.type != "INF":
                wanted = {"segment": segment, "slot_id": str(slot.slot_id), "designator": next(places).designator}
                seats.append(wanted)
    return choose(world, offer, seats=seats, services=[{"service_id": offer.services[0].service_id, "quantity": 2}])


def test_what_is_chosen_is_ordered_and_the_seats_are_taken(world: World) -> None:
    offer = world.mapped_offer("ADT", "CHD", "INF", **LONG_HAUL)
    chosen = with_a_seat_each(world, offer)
    booking = view_of(BookingView, world.book(chosen))
    assert booking.status == "ticketed"
    assert (booking.total, len(booking.services)) == (chosen.total, 5)
    order = SandboxOrder.objects.get()
    assert order.total_minor == int(chosen.total.amount.replace(".", ""))
    seats = {one.designator for one in booking.services if one.type == "seat"}
    assert {seat.designator for seat in SandboxSeat.objects.filter(order=order)} == seats


def test_a_refresh_keeps_the_choice_and_it_is_booked_with_the_new_ids(world: World) -> None:
    offer = world.mapped_offer("ADT", **LONG_HAUL)
    chosen = with_a_seat_each(world, offer)
    told = refreshed(world, chosen)
    assert (told.changed, told.dropped_services) == (False, [])
    assert view_of(BookingView, world.book(told.offer)).status == "ticketed"


def test_a_price_that_rises_is_seen_before_booking(world: World) -> None:
    offer = world.mapped_offer(family_name="PRICEUP")
    told = refreshed(world, offer)
    assert (told.old, told.changed) == (offer.total, True)
    assert view_of(BookingView, world.book(told.offer)).total == told.new


def test_a_seat_that_somebody_else_booked_meanwhile_is_dropped_by_a_refresh(world: World, bo_at_aviare: Caller) -> None:
    hers, his = world.mapped_offer(), World(bo_at_aviare).mapped_offer()
    chosen = with_a_seat_each(world, hers)
    taken = with_a_seat_each(World(bo_at_aviare), his)
    World(bo_at_aviare).book(taken)
    told = refreshed(world, chosen)
    assert [one.type for one in told.dropped_services] == ["seat"]
    assert view_of(BookingView, world.book(told.offer)).status == "ticketed"


def test_without_the_refresh_the_airline_refuses_the_order(world: World, bo_at_aviare: Caller) -> None:
    hers, his = world.mapped_offer(), World(bo_at_aviare).mapped_offer()
    chosen, taken = with_a_seat_each(world, hers), with_a_seat_each(World(bo_at_aviare), his)
    World(bo_at_aviare).book(taken)
    with pytest.raises(SeatTaken):
        world.book(chosen)
    assert SandboxOrder.objects.count() == 1


def test_and_the_offer_is_booked_with_another_seat_or_none(world: World, bo_at_aviare: Caller) -> None:
    hers, his = world.mapped_offer(), World(bo_at_aviare).mapped_offer()
    chosen, taken = with_a_seat_each(world, hers), with_a_seat_each(World(bo_at_aviare), his)
    World(bo_at_aviare).book(taken)
    with pytest.raises(SeatTaken):
        world.book(chosen)
    assert view_of(BookingView, world.book(choose(world, chosen))).status == "ticketed"


def test_an_answer_about_the_largest_aircraft_is_one_that_an_agent_can_read(world: World) -> None:
    offer = world.offer("ADT", origin="LHR", destination="SIN")
    (segment,) = offer.slices[0].segments
    assert segment.aircraft == "Boeing 787-9"
    whole, usual, narrow = (
        len(look(world, offer, **wishes).model_dump_json())
        for wishes in ({"only_available": False}, {}, {"position": "window"})
    )
    assert narrow < 10_000 < usual < whole < 40_000
