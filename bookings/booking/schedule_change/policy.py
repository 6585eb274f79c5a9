"""Which changes of schedule Movmo accepts for its travelers. Pure: two itineraries in, a judgement out.

Minor: the same flights between the same airports on the same dates in the same cabins, no time moved by more than
MOST_MOVED, and each connection still long enough. Everything else is for the traveler to decide.
"""

from collections.abc import Sequence
from datetime import timedelta
from itertools import pairwise
from uuid import UUID

from bookings.offer.schemas import MomentView, SegmentView, SliceView
from bookings.providers.types import CabinClass

MOST_MOVED = timedelta(minutes=30)
SHORTEST_CONNECTION = timedelta(minutes=45)


def is_minor(before: Sequence[SliceView], after: Sequence[SliceView]) -> bool:
    if [len(part.segments) for part in before] != [len(part.segments) for part in after]:
        return False
    flights = zip(_segments(before), _segments(after), strict=True)
    return all(_is_nearly(was, becomes) for was, becomes in flights) and all(map(_connects, after))


def _segments(slices: Sequence[SliceView]) -> list[SegmentView]:
    return [segment for part in slices for segment in part.segments]


def _is_nearly(was: SegmentView, becomes: SegmentView) -> bool:
    return (
        _flight(was) == _flight(becomes)
        and _moved_little(was.departing, becomes.departing)
        and _moved_little(was.arriving, becomes.arriving)
        and _keeps_cabins(was, becomes)
    )


def _flight(segment: SegmentView) -> tuple[object, ...]:
    return (
        segment.marketing_carrier,
        segment.marketing_flight_number,
        segment.origin.iata_code,
        segment.destination.iata_code,
        segment.stops,
    )


def _moved_little(was: MomentView, becomes: MomentView) -> bool:
    return was.local.date() == becomes.local.date() and abs(becomes.utc - was.utc) <= MOST_MOVED


def _keeps_cabins(was: SegmentView, becomes: SegmentView) -> bool:
    """Airlines announce times without repeating the fares: a cabin that is not said has not changed."""
    before, after = _cabins(was), _cabins(becomes)
    return all(before[slot] == after[slot] for slot in before.keys() & after.keys())


def _cabins(segment: SegmentView) -> dict[UUID, CabinClass]:
    return {fare.slot_id: fare.cabin_class for fare in segment.passengers if fare.cabin_class is not None}


def _connects(part: SliceView) -> bool:
    changes_of_plane = pairwise(part.segments)
    return all(onward.departing.utc - feeder.arriving.utc >= SHORTEST_CONNECTION for feeder, onward in changes_of_plane)
