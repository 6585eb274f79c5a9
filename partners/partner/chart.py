"""A partner's last days as bars: calls, and on top of them what was turned away."""

from datetime import date, timedelta
from typing import NamedTuple
from uuid import UUID

from movmo.kit import bars
from movmo.operations import usage

DAYS = 30


class Usage(NamedTuple):
    chart: bars.Chart
    calls: int
    refused: int


def of(partner_id: UUID, today: date) -> Usage:
    first_day = today - timedelta(days=DAYS - 1)
    by_day = {first_day + timedelta(days=number): usage.Count() for number in range(DAYS)}
    for line, count in usage.BOOK.counts(partner_id, first_day, today).items():
        by_day[line.day] = by_day[line.day].plus(count)
    calls, refused = ([count[part] for count in by_day.values()] for part in (0, 1))
    labels = [f"{day.day} {day:%b}" for day in by_day]
    return Usage(
        bars.stacked(labels, {"calls": calls, "refused by a limit or the plan": refused}), sum(calls), sum(refused)
    )
