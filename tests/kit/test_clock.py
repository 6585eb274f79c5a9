"""The one place that reads the time."""

from datetime import UTC, datetime, timedelta, timezone
from threading import Thread

from movmo.kit import clock

NEW_YEAR = datetime(2027, 1, 1, tzinfo=UTC)


def test_now_is_aware_and_in_utc() -> None:
    assert clock.now().utcoffset() == timedelta(0)


def test_a_stopped_clock_stands_still_and_then_goes_on() -> None:
    with clock.stopped_at(NEW_YEAR):
        assert clock.now() == clock.now() == NEW_YEAR
    assert clock.now() != NEW_YEAR


def test_clocks_stop_within_one_another() -> None:
    later = NEW_YEAR + timedelta(hours=1)
    with clock.stopped_at(NEW_YEAR):
        with clock.stopped_at(later):
            assert clock.now() == later
        assert clock.now() == NEW_YEAR


def test_a_stopped_clock_answers_in_utc() -> None:
    with clock.stopped_at(NEW_YEAR.astimezone(timezone(timedelta(hours=5)))):
        assert clock.now().tzinfo is UTC


def test_every_thread_sees_the_stopped_clock() -> None:
    seen: list[datetime] = []
    with clock.stopped_at(NEW_YEAR):
        thread = Thread(target=lambda: seen.append(clock.now()))
        thread.start()
        thread.join()
    assert seen == [NEW_YEAR]
