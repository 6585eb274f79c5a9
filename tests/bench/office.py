"""The list of bookings and the search of the back office, with a million bookings: median server time."""

from __future__ import annotations

from collections.abc import Callable

from tests.bench.records import OfficeTimes
from tests.bench.report import Figure, Scale
from tests.bench.stage import Stage

LIST_MS, SEARCH_MS = 150, 60


def measure(stage: Stage, database: str, scale: Scale, say: Callable[[str], None]) -> list[Figure]:
    stage.step("tests.bench.office_bookings", scale.office_bookings)
    say(f"office on {database}: {scale.office_bookings} bookings are there")
    times = OfficeTimes(**stage.step("tests.bench.office_times", scale.office_bookings))
    against = f"{scale.office_bookings:,} bookings, {database}"
    return [
        *[Figure(f"office, {what}", against, ms, at_most=LIST_MS, unit=" ms") for what, ms in times.lists.items()],
        *[
            Figure(f"office search by {what}", against, ms, at_most=SEARCH_MS, unit=" ms")
            for what, ms in times.searches.items()
        ],
    ]
