"""get_passengers_profile"""

from datetime import date
from typing import Any

import pytest
from django.utils import timezone

from bookings.passenger.models import Passenger
from bookings.passenger.schemas import PassengerList
from movmo.kit import cursor
from movmo.kit.cursor import CursorInvalid
from movmo.operations.context import Caller
from tests.conftest import StoppedClock
from tests.contract.world import World, view_of

pytestmark = pytest.mark.django_db


def page(world: World, by: Caller | None = None, **arguments: Any) -> PassengerList:
    return view_of(PassengerList, world.call("get_passengers_profile", by=by, **arguments))


def names(found: PassengerList) -> list[str]:
    return [person.given_name for person in found.data]


def test_passengers_are_listed_oldest_first(world: World) -> None:
    for name in ("Cleo", "Ana", "Bea"):
        world.passenger(given_name=name)
    assert names(page(world)) == ["Cleo", "Ana", "Bea"]


def test_pages_follow_one_another_without_gap_or_repetition(world: World) -> None:
    for name in ("A", "B", "C", "D", "E"):
        world.passenger(given_name=name)
    seen: list[str] = []
    found = page(world, limit=2)
    while found.next_cursor:
        seen += names(found)
        found = page(world, limit=2, cursor=found.next_cursor)
    assert seen + names(found) == ["A", "B", "C", "D", "E"]


def test_a_last_page_that_is_full_has_no_cursor(world: World) -> None:
    world.passenger()
    assert page(world, limit=1).next_cursor is None


def test_another_traveler_s_and_deleted_passengers_are_not_listed(world: World, bo_at_aviare: Caller) -> None:
    world.passenger(given_name="Kept")
    gone = world.passenger(given_name="Gone")
    Passenger.objects.filter(pk=gone.passenger_id).update(deleted_at=timezone.now())
    assert names(page(world)) == ["Kept"]
    assert names(page(world, by=bo_at_aviare)) == []


def test_a_cursor_of_another_traveler_shows_only_one_s_own(world: World, bo_at_aviare: Caller) -> None:
    world.passenger()
    world.passenger()
    stolen = page(world, limit=1).next_cursor
    assert names(page(world, by=bo_at_aviare, cursor=stolen)) == []


@pytest.mark.parametrize("text", ["", "x", "….", cursor.encode([7]), cursor.encode(["not-an-id"])])
def test_a_made_up_cursor_is_refused_or_none(world: World, text: str) -> None:
    if not text:
        assert names(page(world, cursor=text)) == []
        return
    with pytest.raises(CursorInvalid):
        page(world, cursor=text)


def test_types_are_those_of_the_departure_date(world: World, clock: StoppedClock) -> None:
    world.passenger(birth_date="2025-06-01")
    assert [one.traveler_type for one in page(world).data] == ["INF"]
    assert [one.traveler_type for one in page(world, departure_date="2027-06-01").data] == ["CHD"]
    later = date(2037, 6, 1).isoformat()
    assert [one.traveler_type for one in page(world, departure_date=later).data] == ["ADT"]
