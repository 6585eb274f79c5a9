"""Ages on the day of travel."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bookings.passenger.ages import age_on, type_on

LEAP_DAY = date(2024, 2, 29)
births = st.dates(date(1900, 1, 1), date(2090, 12, 31))


@pytest.mark.parametrize(
    ("day", "age"),
    [
        (date(2024, 2, 29), 0),
        (date(2025, 2, 28), 0),
        (date(2025, 3, 1), 1),
        (date(2026, 2, 28), 1),
        (date(2026, 3, 1), 2),
        (date(2028, 2, 28), 3),
        (date(2028, 2, 29), 4),
    ],
)
def test_born_on_a_leap_day_one_completes_a_year_on_the_first_of_march(day: date, age: int) -> None:
    assert age_on(LEAP_DAY, day) == age


@pytest.mark.parametrize(
    ("day", "type_"),
    [
        (date(2022, 5, 3), "INF"),
        (date(2022, 5, 4), "CHD"),
        (date(2032, 5, 3), "CHD"),
        (date(2032, 5, 4), "ADT"),
    ],
)
def test_types_change_on_the_second_and_the_twelfth_birthday(day: date, type_: str) -> None:
    assert type_on(date(2020, 5, 4), day) == type_


@given(births, st.integers(0, 40_000))
def test_nobody_gets_younger(birth: date, days: int) -> None:
    day = birth + timedelta(days=days)
    assert 0 <= age_on(birth, day) <= age_on(birth, day + timedelta(days=1)) <= age_on(birth, day) + 1


@given(births, st.integers(1, 110))
def test_on_a_birthday_the_years_are_completed(birth: date, years: int) -> None:
    if (birth.month, birth.day) == (2, 29):
        birth -= timedelta(days=1)
    birthday = birth.replace(year=birth.year + years)
    assert age_on(birth, birthday) == years
    assert age_on(birth, birthday - timedelta(days=1)) == years - 1
