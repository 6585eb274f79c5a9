"""The timetable is the same everywhere, connects where nothing flies direct, and never sells the past."""

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise, permutations

import pytest

from bookings.providers.types import SliceQuery
from bookings.sandbox_airline.network import FLEET, SERVED, path
from bookings.sandbox_airline.schedule import SHORTEST_CONNECTION, itineraries
from tests.bookings.sandbox_airline.stage import DAY, NOW

EVERY_PAIR = list(permutations(SERVED, 2))


def test_the_same_question_has_the_same_answer() -> None:
    query = SliceQuery("HND", "LAX", DAY)
    assert itineraries(query, now=NOW) == itineraries(query, now=NOW + timedelta(days=1))


def test_another_date_has_other_times() -> None:
    days = [itineraries(SliceQuery("AMS", "LIS", DAY + timedelta(days=n)), now=NOW) for n in range(7)]
    assert len({tuple(way[0].departing.time() for way in day) for day in days}) > 1


@pytest.mark.parametrize(("origin", "destination"), EVERY_PAIR)
def test_every_served_pair_is_flown_over_at_most_one_hub(origin: str, destination: str) -> None:
    legs = path(origin, destination)
    assert 1 <= len(legs) <= 2
    assert all(leg.aircraft in FLEET for leg in legs)


def test_no_two_direct_routes_share_a_flight_number() -> None:
    routes = {leg for pair in EVERY_PAIR for leg in path(*pair)}
    assert len({route.first_number for route in routes}) == len(routes)
    assert max(route.first_number for route in routes) < 9_000


def test_connections_leave_time_to_change() -> None:
    for origin, destination in EVERY_PAIR:
        for way in itineraries(SliceQuery(origin, destination, DAY), now=NOW):
            for before, after in pairwise(way):
                wait = after.departing.astimezone(UTC) - before.arriving.astimezone(UTC)
                assert SHORTEST_CONNECTION <= wait <= timedelta(hours=18)


def test_london_to_dubai_always_connects() -> None:
    assert {len(way) for way in itineraries(SliceQuery("LHR", "DXB", DAY), now=NOW)} == {2}


def test_some_flights_land_the_next_day_and_some_before_they_left_by_the_clock() -> None:
    westward = itineraries(SliceQuery("HND", "LAX", DAY), now=NOW)[0][0]
    assert westward.arriving.replace(tzinfo=None) < westward.departing.replace(tzinfo=None)
    eastward = itineraries(SliceQuery("LAX", "HND", DAY), now=NOW)[0][0]
    assert eastward.arriving.date() > eastward.departing.date()


def test_a_flight_that_has_left_is_not_found() -> None:
    query = SliceQuery("AMS", "LIS", DAY)
    morning, *later = itineraries(query, now=NOW)
    assert itineraries(query, now=morning[0].departing) == later


@pytest.mark.parametrize("day", [date(2027, 2, 1), date(2029, 12, 31), date.min, date.max])
def test_nothing_flies_in_the_past_or_beyond_the_timetable(day: date) -> None:
    assert itineraries(SliceQuery("AMS", "LIS", day), now=NOW) == []


def test_the_night_the_clocks_change_keeps_real_durations() -> None:
    way = itineraries(SliceQuery("LAX", "LHR", date(2027, 3, 27)), now=datetime(2027, 3, 1, tzinfo=UTC))[0]
    for flight in way:
        flown = flight.arriving.astimezone(UTC) - flight.departing.astimezone(UTC)
        assert flown == timedelta(minutes=flight.route.block_minutes)


@pytest.mark.parametrize(("origin", "destination"), [("PVD", "RAI"), ("AMS", "AMS"), ("", "AMS")])
def test_what_is_not_served_is_not_found(origin: str, destination: str) -> None:
    assert itineraries(SliceQuery(origin, destination, DAY), now=NOW) == []
