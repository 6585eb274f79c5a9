"""What the dashboard and the list of discrepancies count."""

from collections import Counter
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from typing import NamedTuple

from django.db.models import Case, Count, IntegerField, Sum, Value, When

from bookings.reconciliation.models import Discrepancy
from bookings.reconciliation.states import STANDING, Class

MOST_KINDS = 9
"""That a chart can tell apart by colour; what else there is stands together."""
OTHERS = "all others"


class DayCount(NamedTuple):
    """Discrepancies first found on a day, which is counted from the first one."""

    day: int
    category: Class
    provider: str
    discrepancies: int


class Waiting(NamedTuple):
    """What somebody still has to do something about, by currency. `at_risk` is in minor units."""

    currency: str
    at_risk: int
    discrepancies: int


def by_day(first: datetime, days: int) -> list[DayCount]:
    ends = [first + timedelta(days=number + 1) for number in range(days)]
    # Comparisons rather than a date of each row, which SQLite asks Python for.
    day = Case(
        *[When(created_at__lt=end, then=Value(number)) for number, end in enumerate(ends)], output_field=IntegerField()
    )
    found = Discrepancy.objects.filter(created_at__gte=first, created_at__lt=ends[-1]).annotate(day=day)
    rows = found.values_list("day", "category", "provider").annotate(count=Count("*")).order_by("day")
    return [DayCount(day, Class(category), provider, count) for day, category, provider, count in rows]


def waiting() -> list[Waiting]:
    rows = (
        Discrepancy.objects.filter(state__in=sorted(STANDING))
        .values_list("currency")
        .annotate(minor=Sum("at_risk_minor"), count=Count("*"))
    )
    return [Waiting(*row) for row in rows.order_by("currency")]


def of_class(one: DayCount) -> str:
    return one.category.replace("_", " ")


def of_provider(one: DayCount) -> str:
    return one.provider


def amounts(counted: Iterable[DayCount], days: int, kind: Callable[[DayCount], str]) -> dict[str, list[int]]:
    """For a chart: of each kind an amount for each day, the most frequent kind first."""
    counted = list(counted)
    totals: Counter[str] = Counter()
    for one in counted:
        totals[kind(one)] += one.discrepancies
    shown = [name for name, _ in totals.most_common(MOST_KINDS)]
    rest = [OTHERS] if len(totals) > MOST_KINDS else []
    found = {name: [0] * days for name in [*shown, *rest]}
    for one in counted:
        name = kind(one)
        found[name if name in shown else OTHERS][one.day] += one.discrepancies
    return found
