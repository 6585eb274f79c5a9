"""Locked days: no line of theirs is taken over, nothing is missed on them, and nothing about them is compared again."""

from datetime import date, timedelta

import pytest

from bookings.booking.models import Booking
from bookings.reconciliation import queries, services
from bookings.reconciliation.models import Discrepancy, StatementLine, Stream
from bookings.reconciliation.refusals import PeriodLocked
from movmo.kit import clock
from tests.bookings.reconciliation import books
from tests.bookings.reconciliation.scene import DAY, FIRST, LAST, Clerk, classes, csv_of, document, line

pytestmark = pytest.mark.django_db
SALE = {"kind": "sale", "order_id": "ord_1", "currency": "EUR", "gross": "118.70"}
LATER = DAY + timedelta(days=1)


def lock(first: date, last: date) -> None:
    books.lock(starts_on=first, ends_on=last)


def test_a_line_within_one(clerk: Clerk) -> None:
    lock(FIRST, DAY)
    lines = [{**SALE, "issued_on": LATER.isoformat()}, {**SALE, "issued_on": DAY.isoformat()}]
    bad = clerk.reads(csv_of(lines), auto=True).quarantined.get()
    assert (bad.line, bad.code) == (3, "period_locked")


def test_a_statement_of_nothing_else(clerk: Clerk) -> None:
    lock(FIRST, LAST)
    with pytest.raises(PeriodLocked):
        clerk.sends(csv_of([SALE]))


@pytest.mark.parametrize("last", [LAST, FIRST])
def test_a_run_over_one(last: date, clerk: Clerk) -> None:
    """One day is enough: what the period comes to would change."""
    statement = clerk.reads(csv_of([SALE]), auto=True)
    lock(FIRST, last)
    with pytest.raises(PeriodLocked):
        services.run(statement, by=None, now=clock.now())
    assert statement.runs.count() == 1


def test_what_its_lines_would_be_about_is_not_missing(booking: Booking, clerk: Clerk) -> None:
    lock(FIRST, DAY)
    locked, free = document(booking, "0002000000001"), document(booking, "0002000000002", issued_on=LATER)
    statement = clerk.reads(csv_of([line(locked), line(free, gross="1.00")]))
    run = clerk.accepts(statement, without_bad_lines=True).runs.get()
    assert classes(run) == {"line 3": "amount_mismatch"}


def test_nor_are_orders_of_its_days(booking: Booking, clerk: Clerk) -> None:
    day = booking.created_at.date()
    clerk.stream, clerk.period = Stream.ORDERS, (day, day + timedelta(days=1))
    lock(day, day)
    assert classes(clerk.compares([], header=["kind", "currency", "gross", "status"])) == {}


def test_one_that_was_locked_after_the_preview_is_looked_at_again(clerk: Clerk) -> None:
    lines = [{**SALE, "issued_on": DAY.isoformat()}, {**SALE, "issued_on": LATER.isoformat()}]
    statement = clerk.reads(csv_of(lines))
    services.accept(statement, by=None, now=clock.now())
    lock(FIRST, DAY)
    statement = services.advance(statement.pk, clock=clock.now)
    assert (statement.state, statement.counts["bad"], statement.quarantined.get().line) == ("staged", 1, 2)
    assert (StatementLine.objects.count(), Discrepancy.objects.count()) == (0, 0)
    statement = clerk.accepts(statement, without_bad_lines=True)
    assert (statement.state, queries.lines(statement).get().line) == ("reconciled", 3)
