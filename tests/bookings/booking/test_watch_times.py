"""When a live booking is looked at again."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bookings.booking.states import LIVE, State
from bookings.booking.watch_times import (
    AFTER_DEADLINE,
    CLOSE_BY,
    FAR_AHEAD,
    FIRST_LOOK,
    LONGEST_SILENCE,
    LONGEST_WAIT,
    Journey,
    next_look,
    pause_after,
)

NOON = datetime(2027, 3, 1, 12, tzinfo=UTC)
IN_MAY = Journey(datetime(2027, 5, 1, 8, tzinfo=UTC), datetime(2027, 5, 8, 20, tzinfo=UTC))


def again(
    state: State,
    now: datetime = NOON,
    *,
    age: timedelta = timedelta(days=1),
    confirmed_at: datetime | None = None,
    pay_by: datetime | None = None,
) -> timedelta | None:
    """How long until the next look."""
    at = next_look(state, IN_MAY, now=now, booked_at=now - age, confirmed_at=confirmed_at, pay_by=pay_by)
    return at - now if at else None


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        (NOON, FAR_AHEAD),
        (IN_MAY.departs - timedelta(days=2, seconds=1), FAR_AHEAD),
        (IN_MAY.departs - timedelta(days=2), CLOSE_BY),
        (IN_MAY.departs + timedelta(days=3), CLOSE_BY),
        (IN_MAY.arrives - timedelta(seconds=1), CLOSE_BY),
        (IN_MAY.arrives, None),
    ],
)
def test_with_tickets_hourly_then_often_then_never(now: datetime, expected: timedelta | None) -> None:
    assert again(State.TICKETED, now) == expected


@pytest.mark.parametrize(("age", "expected"), [(0, 1), (1, 1), (2, 2), (32, 32), (64, 60)])
def test_a_new_booking_after_as_long_as_it_is_old(age: int, expected: int) -> None:
    for state in (State.TICKETED, State.HELD):
        assert again(state, age=timedelta(minutes=age)) == timedelta(minutes=expected)


@pytest.mark.parametrize(
    ("waited", "expected"),
    [(timedelta(), FIRST_LOOK), (timedelta(minutes=20), timedelta(minutes=5)), (timedelta(hours=9), LONGEST_WAIT)],
)
def test_without_tickets_after_a_minute_growing_to_ten(waited: timedelta, expected: timedelta) -> None:
    assert again(State.CONFIRMED, confirmed_at=NOON - waited) == expected


def test_a_hold_right_after_its_deadline() -> None:
    assert again(State.HELD, pay_by=NOON + timedelta(hours=5)) == FAR_AHEAD
    assert again(State.HELD, pay_by=NOON + timedelta(minutes=5)) == timedelta(minutes=5) + AFTER_DEADLINE


def test_a_hold_that_the_airline_has_not_ended_yet_again_soon() -> None:
    assert again(State.HELD, pay_by=NOON) == FIRST_LOOK
    assert again(State.HELD, pay_by=NOON - timedelta(days=1)) == LONGEST_WAIT


def test_a_hold_without_a_deadline_hourly() -> None:
    assert again(State.HELD) == FAR_AHEAD


@given(
    st.sampled_from(sorted(LIVE)),
    st.timedeltas(min_value=timedelta(), max_value=timedelta(days=70)),
    st.timedeltas(min_value=timedelta(days=-10), max_value=timedelta(days=10)),
)
def test_the_next_look_is_always_ahead_and_never_far(state: State, later: timedelta, due: timedelta) -> None:
    now = NOON + later
    wait = again(state, now, confirmed_at=now - abs(due), pay_by=now + due)
    assert wait is None if now >= IN_MAY.arrives else wait is not None and timedelta(seconds=5) < wait <= FAR_AHEAD


def test_an_airline_that_does_not_answer_is_asked_ever_later() -> None:
    pauses = [pause_after(unanswered) for unanswered in (0, 1, 2, 3, 4, 5, 10_000)]
    assert pauses == sorted(pauses)
    assert (pauses[0], pauses[-1]) == (FIRST_LOOK, LONGEST_SILENCE)
