"""No statement keeps the workers for ever: neither one that kills them, nor one whose file is gone."""

import io
from datetime import date, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from django.db import IntegrityError

from bookings.reconciliation import lines, matching, services
from bookings.reconciliation.models import Statement
from bookings.reconciliation.refusals import PeriodLocked, StatementBusy
from bookings.reconciliation.services import Kept, Sender
from movmo.kit import clock as time
from tests.bookings.reconciliation import books, scene
from tests.bookings.reconciliation.scene import DAY, FIRST, LAST, Clerk, csv_of
from tests.conftest import StoppedClock

pytestmark = pytest.mark.django_db
SALE = {"kind": "sale", "order_id": "ord_1", "currency": "EUR", "gross": "118.70"}


class Killed(BaseException):
    """What nothing in the house catches."""


def dies(*_: Any, **__: Any) -> None:
    raise Killed


def lost(pk: UUID, clock: StoppedClock, *, times: int) -> None:
    for _ in range(times):
        assert services.due(now=clock.now, limit=9) == [pk]
        with pytest.raises(Killed):
            services.advance(pk, clock=lambda: clock.now)
        clock.now += services.LEASE


class TestAStatementThatKillsItsWorker:
    @pytest.mark.parametrize("phase", ["received", "accepted"])
    def test_is_refused_in_the_end(
        self, phase: str, clerk: Clerk, clock: StoppedClock, monkeypatch: pytest.MonkeyPatch, folder: Path
    ) -> None:
        statement = clerk.sends(csv_of([SALE]))
        if phase == "accepted":
            services.advance(statement.pk, clock=time.now)
            services.accept(statement, by=None, now=clock.now)
        for one in ("read_and_compare", "read_only"):
            monkeypatch.setattr(services, one, dies)
        lost(statement.pk, clock, times=services.MOST_LOST)
        after = services.advance(statement.pk, clock=lambda: clock.now)
        assert (after.state, after.problem_code, after.file) == ("refused", "statement_unfinished", "")
        assert "5 workers in a row" in after.problem
        assert (services.due(now=clock.now, limit=9), list(folder.iterdir())) == ([], [])

    def test_one_that_came_to_an_end_after_all_counts_anew(
        self, clerk: Clerk, clock: StoppedClock, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        statement = clerk.sends(csv_of([SALE]))
        for phase in range(2):
            with monkeypatch.context() as broken:
                for one in ("read_and_compare", "read_only"):
                    broken.setattr(services, one, dies)
                lost(statement.pk, clock, times=services.MOST_LOST - 1)
            statement = services.advance(statement.pk, clock=lambda: clock.now)
            if not phase:
                services.accept(statement, by=None, now=clock.now)
        assert statement.state == "reconciled"

    def test_sending_it_again_counts_for_nothing(self, clerk: Clerk, clock: StoppedClock) -> None:
        for day in range(services.MOST_LOST + 2):
            clerk.period = (DAY, DAY.replace(day=15 + day))
            clerk.reads(csv_of([SALE]))
        assert Statement.objects.get().state == "staged"


def test_a_file_that_is_gone_is_refused_at_once(clerk: Clerk, folder: Path) -> None:
    statement = clerk.sends(csv_of([SALE]))
    for file in folder.iterdir():
        file.unlink()
    after = services.advance(statement.pk, clock=time.now)
    assert (after.state, after.problem_code) == ("refused", "statement_file_gone")
    assert "not in the storage any more" in after.problem
    assert clerk.reads(csv_of([SALE])).state == "staged"


def test_an_id_that_another_has_is_no_reason_to_go_on_for_ever(clerk: Clerk, folder: Path) -> None:
    taken = clerk.sends(csv_of([SALE])).pk
    about = Kept("other.csv", FIRST, LAST)
    another = services.take(io.BytesIO(csv_of([SALE, SALE])), about, by=Sender("sandbox"))
    with pytest.raises(IntegrityError):
        services.write_down(another, now=time.now(), statement_id=taken)
    assert len(list(folder.iterdir())) == 1


def test_who_wakes_late_leaves_the_bad_lines_of_the_newer_reading(
    clerk: Clerk, clock: StoppedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The day is of no period at first, and of one once the same file was sent again with another."""
    content = csv_of([{**SALE, "issued_on": "2025-06-01"}])
    stopped: list[bool] = []
    statement, sums = clerk.sends(content), lines.sums

    def wakes_late(*read: Any) -> Any:
        found = sums(*read)
        if not stopped:
            stopped.append(True)
            clock.now += services.LEASE + timedelta(seconds=1)
            clerk.period = (date(2025, 6, 1), date(2025, 6, 30))
            newer = clerk.reads(content)
            assert (newer.pk, newer.state, newer.counts["bad"]) == (statement.pk, "staged", 0)
        return found

    monkeypatch.setattr(lines, "sums", wakes_late)
    with pytest.raises(StatementBusy):
        services.advance(statement.pk, clock=lambda: clock.now)
    assert stopped
    assert not statement.quarantined.exists()


class TestAnOrderedRun:
    @pytest.fixture
    def statement(self, clerk: Clerk) -> Statement:
        return clerk.reads(csv_of([SALE]), auto=True)

    def test_is_for_a_worker(self, statement: Statement) -> None:
        ordered = services.run(statement, by=None, now=time.now())
        assert (ordered.state, ordered.number, ordered.counts) == ("running", 2, {})
        assert services.due(now=time.now(), limit=9) == [statement.pk]
        services.advance(statement.pk, clock=time.now)
        ordered.refresh_from_db()
        assert (ordered.state, ordered.same, ordered.counts["lines"]) == ("done", 1, 1)
        assert services.due(now=time.now(), limit=9) == []

    def test_is_one_at_a_time(self, statement: Statement) -> None:
        services.run(statement, by=None, now=time.now())
        with pytest.raises(StatementBusy):
            services.run(statement, by=None, now=time.now())
        services.advance(statement.pk, clock=time.now)
        assert scene.again(statement).number == 3

    def test_is_done_by_the_next_worker(
        self, statement: Statement, clock: StoppedClock, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        ordered = services.run(statement, by=None, now=time.now())
        with monkeypatch.context() as broken:
            broken.setattr(matching, "compare_again", dies)
            lost(statement.pk, clock, times=1)
        services.advance(statement.pk, clock=lambda: clock.now)
        ordered.refresh_from_db()
        assert (ordered.state, statement.runs.count()) == ("done", 2)

    def test_that_kills_its_workers_fails(
        self, statement: Statement, clock: StoppedClock, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        ordered = services.run(statement, by=None, now=time.now())
        with monkeypatch.context() as broken:
            broken.setattr(matching, "compare_again", dies)
            lost(statement.pk, clock, times=services.MOST_LOST)
            after = services.advance(statement.pk, clock=lambda: clock.now)
        ordered.refresh_from_db()
        assert (ordered.state, after.state, services.due(now=clock.now, limit=9)) == ("failed", "reconciled", [])
        third = scene.again(statement)
        assert third.previous is not None
        assert (third.state, third.previous.number) == ("done", 1)

    def test_of_days_that_were_locked_meanwhile_fails(self, statement: Statement) -> None:
        ordered = services.run(statement, by=None, now=time.now())
        books.lock(starts_on=DAY, ends_on=DAY)
        services.advance(statement.pk, clock=time.now)
        ordered.refresh_from_db()
        assert (ordered.state, statement.runs.count()) == ("failed", 2)
        with pytest.raises(PeriodLocked):
            services.run(statement, by=None, now=time.now())
