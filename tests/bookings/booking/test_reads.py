"""get_booking, search_bookings"""

from typing import Any
from uuid import UUID

import pytest

from bookings.booking.models import Booking
from bookings.booking.schemas import BookingList, BookingView
from movmo.kit import cursor
from movmo.kit.cursor import CursorInvalid
from movmo.kit.errors import InvalidArguments, NotFound
from movmo.kit.ids import new_id
from movmo.operations.context import Caller
from tests.contract.world import World, view_of

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("clock")]


def page(world: World, *, by: Caller | None = None, **arguments: Any) -> BookingList:
    return view_of(BookingList, world.call("search_bookings", by=by, **arguments))


def ids(found: BookingList) -> list[UUID]:
    return [booking.booking_id for booking in found.data]


class TestGetBooking:
    def test_it_shows_the_booking_as_it_was_made(self, world: World, ana_by_scout: Caller) -> None:
        booking = world.booking()
        for caller in (world.caller, ana_by_scout):
            answer = world.call("get_booking", by=caller, booking_id=str(booking.booking_id))
            assert view_of(BookingView, answer) == booking

    def test_another_traveler_s_is_not_found(self, world: World, bo_at_aviare: Caller, bo_by_scout: Caller) -> None:
        booking_id = str(world.booking().booking_id)
        for caller in (bo_at_aviare, bo_by_scout):
            with pytest.raises(NotFound):
                world.call("get_booking", by=caller, booking_id=booking_id)

    def test_an_id_that_nobody_gave_out_is_not_found(self, world: World) -> None:
        with pytest.raises(NotFound):
            world.call("get_booking", booking_id=str(new_id()))

    def test_what_is_no_id_is_a_wrong_field(self, world: World) -> None:
        with pytest.raises(InvalidArguments):
            world.call("get_booking", booking_id="BCDFGH")


class TestSearchBookings:
    def test_bookings_are_listed_newest_first(self, world: World) -> None:
        made = [world.booking().booking_id for _ in range(3)]
        assert ids(page(world)) == made[::-1]

    def test_pages_follow_one_another_without_gap_or_repetition(self, world: World) -> None:
        made = [world.booking().booking_id for _ in range(5)]
        found = page(world, limit=2)
        seen = ids(found)
        while found.next_cursor:
            world.booking()  # a newer one does not shift what follows
            found = page(world, limit=2, cursor=found.next_cursor)
            seen += ids(found)
        assert seen == made[::-1]

    def test_only_one_state(self, world: World) -> None:
        confirmed = world.booking().booking_id
        world.book(world.mapped_offer(family_name="TIMEOUTLOST"))
        assert ids(page(world, status="ticketed")) == [confirmed]
        assert len(ids(page(world, status="unknown"))) == 1
        assert page(world, status="held").data == []

    def test_another_traveler_s_are_not_listed(self, world: World, bo_at_aviare: Caller) -> None:
        world.booking()
        assert page(world, by=bo_at_aviare).data == []

    def test_a_cursor_of_another_traveler_shows_only_one_s_own(self, world: World, bo_at_aviare: Caller) -> None:
        world.booking()
        world.booking()
        stolen = page(world, limit=1).next_cursor
        assert page(world, by=bo_at_aviare, cursor=stolen).data == []

    @pytest.mark.parametrize("text", ["x", cursor.encode([1]), cursor.encode(["me"])])
    def test_a_made_up_cursor_is_refused(self, world: World, text: str) -> None:
        with pytest.raises(CursorInvalid):
            page(world, cursor=text)

    def test_an_unknown_state_is_a_wrong_field(self, world: World) -> None:
        with pytest.raises(InvalidArguments) as caught:
            page(world, status="lost")
        assert set(caught.value.fields) == {"/status"}

    def test_a_list_asks_no_airline(self, world: World) -> None:
        world.book(world.mapped_offer(family_name="TIMEOUTBOOKED"))
        page(world)
        assert Booking.objects.get().state == "unknown"
