"""The one place that reads the time. Doors read it once per call and pass `now` inward."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

_stopped_at: datetime | None = None


def now() -> datetime:
    """The current instant, aware, in UTC."""
    return _stopped_at or datetime.now(UTC)


@contextmanager
def stopped_at(instant: datetime) -> Iterator[None]:
    """Stop the clock of the whole process, every thread. For tests and simulations."""
    global _stopped_at
    before, _stopped_at = _stopped_at, instant.astimezone(UTC)
    try:
        yield
    finally:
        _stopped_at = before
