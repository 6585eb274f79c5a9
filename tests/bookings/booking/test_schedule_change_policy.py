"""Which changes of schedule are minor: the edges, and anything that hypothesis thinks of between them."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bookings.booking.schedule_change.policy import MOST_MOVED, SHORTEST_CONNECTION, is_minor
from bookings.offer.schemas import FareView, MomentView, PlaceView, SegmentView, SliceView
from bookings.providers.types import CabinClass

NOON = datetime(2027, 3, 1, 12, tzinfo=UTC)
SEAT = UUID("01900000-0000-7000-8000-000000000001")
minutes = st.integers(min_value=-600, max_value=600).map(lambda some: timedelta(minutes=some))


def moment(at: datetime) -> MomentView:
    return MomentView(local=at.replace(tzinfo=None), zone="UTC", utc=at)


def flight(number: str, origin: str, destination: str, leaves: datetime, lands: datetime) -> SegmentView:
    return SegmentView(
        segment=int(number),
        marketing_carrier="XX",
        marketing_flight_number=number,
        origin=PlaceView(iata_code=origin, name=origin),
        destination=PlaceView(iata_code=destination, name=destination),
        departing=moment(leaves),
        arriving=moment(lands),
        duration_minutes=int((lands - leaves).total_seconds() // 60),
        passengers=[FareView(slot_id=SEAT, cabin_class=CabinClass.BUSINESS)],
    )


def journey(*moved: timedelta) -> list[SliceView]:
    """AMS-FRA-LIS at noon, with 75 minutes to change planes; each of its four times moved."""
    at = [NOON, NOON + timedelta(minutes=60), NOON + timedelta(minutes=135), NOON + timedelta(minutes=300)]
    leaves, lands, goes_on, arrives = (one + by for one, by in zip(at, moved or [timedelta()] * 4, strict=True))
    segments = [flight("1", "AMS", "FRA", leaves, lands), flight("2", "FRA", "LIS", goes_on, arrives)]
    return [
        SliceView(origin=segments[0].origin, destination=segments[1].destination, duration_minutes=0, segments=segments)
    ]


def changed(slices: list[SliceView], change: Callable[[SegmentView], SegmentView]) -> list[SliceView]:
    """The first flight replaced."""
    first, *others = slices[0].segments
    return [slices[0].model_copy(update={"segments": [change(first), *others]}), *slices[1:]]


def test_nothing_changed_is_minor() -> None:
    assert is_minor(journey(), journey())


@pytest.mark.parametrize(("by", "expected"), [(30, True), (-30, True), (31, False), (-31, False)])
@pytest.mark.parametrize("which", range(4))
def test_half_an_hour_is_the_limit_for_every_time(which: int, by: int, expected: bool) -> None:
    moved = [timedelta()] * 4
    moved[which] = timedelta(minutes=by)
    assert is_minor(journey(), journey(*moved)) is expected


@pytest.mark.parametrize(("left", "expected"), [(45, True), (44, False)])
def test_a_connection_stays_long_enough(left: int, expected: bool) -> None:
    shrunk = (75 - left) // 2
    moved = (timedelta(), timedelta(minutes=75 - left - shrunk), timedelta(minutes=-shrunk), timedelta())
    assert is_minor(journey(), journey(*moved)) is expected


@given(st.tuples(minutes, minutes, minutes, minutes))
def test_minor_is_exactly_what_the_rule_says(moved: tuple[timedelta, timedelta, timedelta, timedelta]) -> None:
    after = journey(*moved)
    feeder, onward = after[0].segments
    all_on_the_day = all(
        at.local.date() == NOON.date() for part in after[0].segments for at in (part.departing, part.arriving)
    )
    connects = onward.departing.utc - feeder.arriving.utc >= SHORTEST_CONNECTION
    expected = all(abs(by) <= MOST_MOVED for by in moved) and connects and all_on_the_day
    assert is_minor(journey(), after) is expected


def test_another_date_is_major_however_little_it_moved() -> None:
    evening = NOON.replace(hour=23, minute=50)
    before, after = ([late_flight(evening + timedelta(minutes=by))] for by in (0, 20))
    assert not is_minor(before, after)


def late_flight(leaves: datetime) -> SliceView:
    segment = flight("1", "AMS", "LIS", leaves, leaves + timedelta(hours=3))
    return SliceView(origin=segment.origin, destination=segment.destination, duration_minutes=180, segments=[segment])


def test_the_local_date_counts_and_not_that_of_utc() -> None:
    before = late_flight(NOON)
    elsewhere = before.segments[0].model_copy(
        update={"departing": moment(NOON).model_copy(update={"local": NOON.replace(tzinfo=None) + timedelta(hours=13)})}
    )
    assert not is_minor([before], [before.model_copy(update={"segments": [elsewhere]})])


@pytest.mark.parametrize(
    "change",
    [
        {"marketing_flight_number": "9"},
        {"marketing_carrier": "YY"},
        {"origin": PlaceView(iata_code="RTM", name="Rotterdam")},
        {"destination": PlaceView(iata_code="HHN", name="Hahn")},
        {"stops": ["BRU"]},
        {"passengers": [FareView(slot_id=SEAT, cabin_class=CabinClass.ECONOMY)]},
    ],
)
def test_another_flight_another_airport_or_another_cabin_is_major(change: dict[str, object]) -> None:
    assert not is_minor(journey(), changed(journey(), lambda first: first.model_copy(update=change)))


def test_a_cabin_that_is_not_said_again_has_not_changed() -> None:
    assert is_minor(journey(), changed(journey(), lambda first: first.model_copy(update={"passengers": []})))


def test_one_flight_less_one_more_or_another_slice_is_major() -> None:
    [part] = journey()
    assert not is_minor([part], [part.model_copy(update={"segments": part.segments[:1]})])
    assert not is_minor([part], [part.model_copy(update={"segments": [*part.segments, *part.segments]})])
    assert not is_minor([part], [part, part])
    assert not is_minor([part], [])
    split = [part.model_copy(update={"segments": [segment]}) for segment in part.segments]
    assert not is_minor([part], split)
