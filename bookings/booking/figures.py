"""What the dashboard tells of bookings. Each is one statement over an index of its own."""

from datetime import datetime, timedelta
from typing import NamedTuple

from django.db.models import (
    Case,
    Count,
    DateTimeField,
    Exists,
    Expression,
    F,
    IntegerField,
    OuterRef,
    Subquery,
    Sum,
    Value,
    When,
)
from django.db.models.functions import Coalesce

from bookings.booking.models import AT_RISK, Booking, BookingTransition
from bookings.booking.states import DECIDED, UNPAID, State
from movmo.kit.money import Money

OLDER_THAN = (timedelta(0), timedelta(minutes=15), timedelta(hours=1), timedelta(hours=6), timedelta(days=1))
"""Where the ages of undecided bookings begin; each ends where the next one begins."""
ALERT = 1
"""From this age on somebody should look: it stands in OLDER_THAN at this place."""
_SETTLED = sorted(DECIDED | {State.REQUIRES_ACTION})
"""Where an end is known. What waits for its cardholder's bank was not sent yet."""
_UNSURE = sorted(frozenset(State) - DECIDED - UNPAID)


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
    since = Case(When(state=State.HELD, then=F("created_at")), default=unsure_since())
    younger = [When(since__gt=now - over, then=Value(age)) for age, over in enumerate(OLDER_THAN[1:])]
    age = Case(*younger, default=Value(len(younger)), output_field=IntegerField())
    undecided = Booking.objects.filter(state__in=AT_RISK).alias(since=since).annotate(age=age)
    groups = undecided.values_list("state", "age", "currency").annotate(minor=Sum("total_minor"), count=Count("*"))
    rows = groups.order_by("state", "age", "currency")
    return [Risk(State(state), age, Money(int(minor), currency), count) for state, age, currency, minor, count in rows]


def unsure_since() -> Expression:
    """When a booking's airline was first asked for what it owes an answer to: a retry has a submission of its own, and
    is asked for the same thing.
    """
    settled_later = BookingTransition.objects.filter(
        booking=OuterRef("booking"), id__gt=OuterRef("id"), after__in=_SETTLED
    )
    unsure = BookingTransition.objects.filter(~Exists(settled_later), booking=OuterRef("pk"), after__in=_UNSURE)
    first = Subquery(unsure.order_by("at").values("at")[:1])
    # A row whose history does not tell is as old as it can be: of two mistakes, silence is the worse.
    return Coalesce(first, F("created_at"), output_field=DateTimeField())
