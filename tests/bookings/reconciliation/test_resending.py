"""The same file again is the same statement; as long as nothing of it was taken over, what is said of it may change."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from bookings.reconciliation import receiving, services
from bookings.reconciliation.models import Statement, StatementLine
from bookings.reconciliation.refusals import PeriodLocked, StatementUnreadable
from movmo.kit import clock
from tests.bookings.reconciliation import books
from tests.bookings.reconciliation.scene import DAY, FIRST, LAST, Clerk, csv_of

pytestmark = pytest.mark.django_db(transaction=True)

LONG_AGO = (FIRST - timedelta(days=800), LAST - timedelta(days=800))
SALE = {"kind": "sale", "order_id": "ord_1", "issued_on": DAY.isoformat(), "currency": "EUR", "gross": "118.70"}


def test_a_wrong_period_is_mended_by_the_same_file(clerk: Clerk, folder: Path) -> None:
    right, clerk.period = clerk.period, LONG_AGO
    first = clerk.reads(csv_of([SALE]), auto=True)
    assert (first.state, first.quarantined.get().code) == ("staged", "date")
    clerk.period = right
    again = clerk.reads(csv_of([SALE]), auto=True)
    assert (again.pk, again.state, again.period_start, again.quarantined.count()) == (first.pk, "reconciled", FIRST, 0)
    assert (StatementLine.objects.count(), list(folder.iterdir())) == (1, [])


def test_what_was_declined_comes_back_by_a_person(clerk: Clerk) -> None:
    first = clerk.reads(csv_of([SALE]))
    services.decline(first, reason="Last month's file.", now=clock.now())
    again = clerk.sends(csv_of([SALE]))
    assert (again.pk, again.state, again.problem, again.counts) == (first.pk, "received", "", {})
    assert services.advance(again.pk, clock=clock.now).state == "staged"


def test_but_by_no_pull(clerk: Clerk, folder: Path) -> None:
    first = clerk.reads(csv_of([SALE]))
    services.decline(first, reason="Last month's file.", now=clock.now())
    clerk.source = Statement.Source.PULL
    assert clerk.sends(csv_of([SALE])).state == "refused"
    assert list(folder.iterdir()) == []


@pytest.mark.parametrize("wait_for", ["staged", "reconciled"])
def test_the_same_words_change_nothing(wait_for: str, clerk: Clerk, folder: Path) -> None:
    auto = wait_for == "reconciled"
    first = clerk.reads(csv_of([SALE]), auto=auto)
    files = list(folder.iterdir())
    again = clerk.sends(csv_of([SALE]), auto=auto)
    assert (again.pk, again.state, again.fence, list(folder.iterdir())) == (first.pk, wait_for, first.fence, files)


def test_what_was_taken_over_stays(clerk: Clerk) -> None:
    first = clerk.reads(csv_of([SALE]), auto=True)
    clerk.period = (FIRST, LAST - timedelta(days=1))
    assert (clerk.sends(csv_of([SALE])).period_end, first.period_end) == (LAST, LAST)


def test_a_worker_who_is_reading_it_has_lost_it(clerk: Clerk, folder: Path) -> None:
    statement = clerk.sends(csv_of([SALE]))
    stale = services._claimed(statement.pk, now=clock.now())
    assert stale is not None
    clerk.period = (FIRST, LAST - timedelta(days=1))
    clerk.sends(csv_of([SALE]))
    services._refuse(stale, "statement_unreadable", "It was cut off.", now=clock.now())
    again = services.advance(statement.pk, clock=clock.now)
    assert (again.state, again.period_end, len(list(folder.iterdir()))) == ("staged", LAST - timedelta(days=1), 1)


def test_words_that_cannot_be_leave_it_as_it_was(clerk: Clerk, folder: Path) -> None:
    first = clerk.reads(csv_of([SALE]))
    clerk.format = clerk.format.STRIPE
    with pytest.raises(StatementUnreadable):
        clerk.sends(csv_of([SALE]))
    books.lock(starts_on=LONG_AGO[0], ends_on=LONG_AGO[1])
    clerk.format, clerk.period = clerk.format.CSV, LONG_AGO
    with pytest.raises(PeriodLocked):
        clerk.sends(csv_of([SALE]))
    after = Statement.objects.get()
    assert (after.pk, after.state, after.format, len(list(folder.iterdir()))) == (first.pk, "staged", "csv", 1)


def test_of_two_who_send_it_at_once_the_words_of_one_count(clerk: Clerk, monkeypatch: Any) -> None:
    first = clerk.reads(csv_of([SALE]))
    judged = receiving._judged

    def while_another_sends(*told: Any) -> Any:
        monkeypatch.setattr(receiving, "_judged", judged)
        Clerk(period=(FIRST, LAST - timedelta(days=2))).sends(csv_of([SALE]))
        return judged(*told)

    monkeypatch.setattr(receiving, "_judged", while_another_sends)
    clerk.period = (FIRST, LAST - timedelta(days=1))
    after = clerk.sends(csv_of([SALE]))
    assert (after.pk, after.period_end) == (first.pk, LAST - timedelta(days=2))
    assert services.advance(after.pk, clock=clock.now).state == "staged"
