"""What is counted of discrepancies: by day, class and provider, and what waits for somebody."""

from datetime import timedelta

import pytest

from bookings.reconciliation import figures
from bookings.reconciliation.figures import MOST_KINDS, OTHERS, DayCount, Waiting
from bookings.reconciliation.states import STANDING, CaseState, Class
from movmo import dashboard
from tests.bookings.reconciliation import books
from tests.conftest import NOON

pytestmark = pytest.mark.django_db
MIDNIGHT = NOON.replace(hour=0)


def test_discrepancies_are_counted_by_day_class_and_provider() -> None:
    of = books.statement()
    for at in (MIDNIGHT, MIDNIGHT + timedelta(days=1, seconds=-1)):
        books.discrepancy(of, created_at=at, category=Class.ADM)
    books.discrepancy(of, created_at=MIDNIGHT - timedelta(seconds=1), provider="duffel")
    for outside in (MIDNIGHT - timedelta(days=1, seconds=1), MIDNIGHT + timedelta(days=1)):
        books.discrepancy(of, created_at=outside)
    assert figures.by_day(MIDNIGHT - timedelta(days=1), 2) == [
        DayCount(0, Class.AMOUNT_MISMATCH, "duffel", 1),
        DayCount(1, Class.ADM, "sandbox", 2),
    ]


def test_what_waits_is_summed_by_currency() -> None:
    of = books.statement()
    for state in CaseState:
        books.discrepancy(of, state=state, at_risk_minor=5)
    books.discrepancy(of, currency="JPY", at_risk_minor=700)
    assert figures.waiting() == [Waiting("EUR", 5 * len(STANDING), len(STANDING)), Waiting("JPY", 700, 1)]


def test_the_dashboard_tells_both() -> None:
    books.discrepancy(created_at=NOON, at_risk_minor=41_330)
    panel = dashboard.discrepancies_by_class(NOON)
    assert panel.words == "1 found in the last 14 days. 1 to look into, with 413.30 EUR at risk."
    ((_, chart),) = panel.charts
    assert [bar.total for bar in chart.bars] == [0] * 13 + [1]
    ((_, chart),) = dashboard.discrepancies_by_provider(NOON).charts
    assert [(kind.name, kind.total) for kind in chart.kinds] == [("sandbox", 1)]


def test_the_rarest_kinds_stand_together() -> None:
    counted = [DayCount(number % 2, each, "sandbox", 20 - number) for number, each in enumerate(Class)]
    amounts = figures.amounts(counted, 2, figures.of_class)
    assert next(iter(amounts)) == "missing at provider"
    assert len(amounts) == MOST_KINDS + 1
    assert list(amounts)[-1] == OTHERS
    assert sum(sum(days) for days in amounts.values()) == sum(one.discrepancies for one in counted)
    assert OTHERS not in figures.amounts(counted[:MOST_KINDS], 2, figures.of_class)
