"""What the dashboard tells of bookings. Each is one statement over an index of its own."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from django.db import connection
from django.db.models import Case, Count, IntegerField, Value, When

from bookings.booking.models import AT_RISK, Booking
from bookings.booking.states import State
from movmo.kit.money import Money

OLDER_THAN = (timedelta(0), timedelta(minutes=15), timedelta(hours=1), timedelta(hours=6), timedelta(days=1))
"""Where the ages of undecided bookings begin; each ends where the next one begins."""
ALERT = 1
"""From this age on somebody should look: it stands in OLDER_THAN at this place."""


class DayCount(NamedTuple):
    """Bookings made on a day, which is counted from the first one."""

    day: int
    state: State
    provider: str
    bookings: int


class Risk(NamedTuple):
    """Bookings in a state that decides nothing, of one age: a place in OLDER_THAN."""

    state: State
    age: int
    total: Money
    bookings: int


def by_day(first: datetime, days: int) -> list[DayCount]:
    """Bookings made in the days from `first` on, each as it stands now."""
    ends = [first + timedelta(days=number + 1) for number in range(days)]
    # Comparisons rather than a date of each row, which SQLite asks Python for.
    day = Case(
        *[When(created_at__lt=end, then=Value(number)) for number, end in enumerate(ends)], output_field=IntegerField()
    )
    made = Booking.objects.filter(created_at__gte=first, created_at__lt=ends[-1])
    rows = made.annotate(day=day).values_list("day", "state", "provider").annotate(count=Count("*")).order_by("day")
    return [DayCount(day, State(state), provider, count) for day, state, provider, count in rows]


def made_since(since: datetime) -> int:
    return Booking.objects.filter(created_at__gte=since).count()


def at_risk(now: datetime) -> list[Risk]:
    """What is held and not paid for, and what nobody knows the end of."""
    ages = " ".join(f"WHEN since > %s THEN {age}" for age in range(len(OLDER_THAN) - 1))
    # The states as text of the statement: SQLite takes the partial index for no parameter.
    statement = f"""
        SELECT state, CASE {ages} ELSE {len(OLDER_THAN) - 1} END AS age, currency, SUM(total_minor), COUNT(*)
        FROM (
            SELECT state, currency, total_minor, COALESCE(submitted_at, created_at) AS since
            FROM booking WHERE state IN ({_quoted(AT_RISK)})
        ) AS undecided GROUP BY 1, 2, 3 ORDER BY 1, 2, 3
    """  # noqa: S608  (our own text)
    with connection.cursor() as cursor:
        cursor.execute(statement, [_stored(now - age) for age in OLDER_THAN[1:]])
        rows = cursor.fetchall()
    return [Risk(State(state), age, Money(int(minor), currency), count) for state, age, currency, minor, count in rows]


def _quoted(states: Sequence[str]) -> str:
    return ", ".join(f"'{state}'" for state in states)


def _stored(at: datetime) -> Any:
    return Booking._meta.get_field("created_at").get_db_prep_value(at, connection)
