"""A partner's last days as bars: calls, and on top of them what was turned away."""

from datetime import date, timedelta
from typing import NamedTuple
from uuid import UUID

from movmo.operations import usage

DAYS = 30
# The picture's own units; the page scales it.
STEP, BAR, HEIGHT = 20, 14, 120


class Bar(NamedTuple):
    """One day, with where its parts stand in the picture. What there is at all is seen: at least one unit high."""

    day: date
    calls: int
    refused: int
    x: int
    calls_y: int
    calls_height: int
    refused_y: int
    refused_height: int


class Chart(NamedTuple):
    bars: list[Bar]
    most: int
    calls: int
    refused: int
    width: int = DAYS * STEP
    height: int = HEIGHT
    bar: int = BAR


def of(partner_id: UUID, today: date) -> Chart:
    first_day = today - timedelta(days=DAYS - 1)
    by_day = {first_day + timedelta(days=number): usage.Count() for number in range(DAYS)}
    for line, count in usage.BOOK.counts(partner_id, first_day, today).items():
        by_day[line.day] = by_day[line.day].plus(count)
    most = max(sum(count) for count in by_day.values())
    return Chart(
        bars=[_bar(number, day, count, most) for number, (day, count) in enumerate(by_day.items())],
        most=most,
        calls=sum(count.calls for count in by_day.values()),
        refused=sum(count.refused for count in by_day.values()),
    )


def _bar(number: int, day: date, count: usage.Count, most: int) -> Bar:
    calls, refused = _height(count.calls, most), _height(count.refused, most)
    calls = min(calls, HEIGHT - refused)
    x = number * STEP + (STEP - BAR) // 2
    return Bar(day, *count, x, HEIGHT - calls, calls, HEIGHT - calls - refused, refused)


def _height(part: int, most: int) -> int:
    return max(1, round(part * HEIGHT / most)) if part else 0
