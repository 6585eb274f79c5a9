"""The one place that reads the time. Doors read it once per call and pass `now` inward."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from typing import NamedTuple

_stopped_at: datetime | None = None


def now() -> datetime:
    """The current instant, aware, in UTC."""
    return _stopped_at or datetime.now(UTC)


def micros() -> int:
    """The current instant in microseconds since 1970, for limits: no object is made of it."""
    if _stopped_at is not None:
        return round(_stopped_at.timestamp() * 1_000_000)
    return time.time_ns() // 1_000


class Month(NamedTuple):
    """A calendar month in UTC; `ends_at` is the first instant of the next."""

    first_day: date
    starts_at: datetime
    ends_at: datetime


def month(instant: datetime) -> Month:
    """The month that the instant is in."""
    starts_at = instant.astimezone(UTC).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    year, next_month = divmod(starts_at.year * 12 + starts_at.month, 12)
    return Month(starts_at.date(), starts_at, starts_at.replace(year=year, month=next_month + 1))


@contextmanager
def stopped_at(instant: datetime) -> Iterator[None]:
    """Stop the clock of the whole process, every thread. For tests and simulations."""
    global _stopped_at
    before, _stopped_at = _stopped_at, instant.astimezone(UTC)
    try:
        yield
    finally:
        _stopped_at = before
