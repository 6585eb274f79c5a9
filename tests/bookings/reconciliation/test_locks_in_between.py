"""A period is locked while a worker is at its statement: either the worker is done before, or it takes nothing."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from typing import Any

import pytest
from django.db import connection, transaction

from bookings.booking.models import Booking
from bookings.reconciliation import importing, matching, services
from bookings.reconciliation.lock.models import PeriodLock
from bookings.reconciliation.lock.queries import check_stays_unlocked, hold_still
from bookings.reconciliation.lock.services import PeriodsInUse, lock
from bookings.reconciliation.models import Discrepancy, Run, Statement, StatementLine
from bookings.reconciliation.refusals import PeriodLocked
from bookings.reconciliation.resolution.schemas import By
from movmo.kit import clock
from tests.bookings.reconciliation import books
from tests.bookings.reconciliation.scene import DAY, FIRST, LAST, Clerk, classes, csv_of, document, line
from tests.operations.together import together, wait_for_locks, while_another_holds

pytestmark = pytest.mark.django_db(transaction=True)
LATER = DAY + timedelta(days=1)


def locks(first: date, last: date) -> Any:
    """By a colleague, on a connection of their own."""
    return together(lambda: lock("sandbox", first, last, reason="the month is over", by=By(), now=clock.now()))[0]


@pytest.fixture
def locked_meanwhile(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Once, as soon as the file is read and before anything of it is stored."""

    def locked(first: date, last: date) -> None:
        real = importing._read

        @contextmanager
        def read(statement: Statement) -> Iterator[Any]:
            with real(statement) as found:
                if not PeriodLock.objects.exists():
                    assert isinstance(locks(first, last), PeriodLock)
                yield found

        monkeypatch.setattr(importing, "_read", read)

    return locked


class TestAnImport:
    @pytest.fixture
    def file(self, booking: Booking) -> bytes:
        """Of two days; one of the two does not agree with ours."""
        earlier, later = document(booking, "0002000000001"), document(booking, "0002000000002", issued_on=LATER)
        return csv_of([line(earlier, gross="100.00"), line(later)])

    def nothing_is_stored(self) -> bool:
        return not (StatementLine.objects.exists() or Discrepancy.objects.exists() or Run.objects.exists())

    def test_that_nobody_has_to_accept_waits_for_a_person(
        self, file: bytes, clerk: Clerk, locked_meanwhile: Callable[..., None]
    ) -> None:
        locked_meanwhile(FIRST, LAST)
        statement = clerk.reads(file, auto=True)
        assert (statement.state, statement.counts["bad"]) == ("staged", 2)
        assert self.nothing_is_stored()
        with pytest.raises(PeriodLocked):
            clerk.accepts(statement, without_bad_lines=True)

    def test_that_was_accepted_is_looked_at_again(
        self, file: bytes, clerk: Clerk, locked_meanwhile: Callable[..., None]
    ) -> None:
        statement = clerk.reads(file)
        locked_meanwhile(FIRST, DAY)
        statement = clerk.accepts(statement)
        assert (statement.state, statement.quarantined.get().line) == ("staged", 2)
        assert self.nothing_is_stored()

    def test_of_other_days_goes_on(self, file: bytes, clerk: Clerk, locked_meanwhile: Callable[..., None]) -> None:
        locked_meanwhile(LAST + timedelta(days=1), LAST + timedelta(days=31))
        assert clerk.reads(file, auto=True).state == "reconciled"

    def test_without_a_line_misses_nothing_either(
        self, file: bytes, clerk: Clerk, locked_meanwhile: Callable[..., None]
    ) -> None:
        locked_meanwhile(FIRST, LAST)
        assert clerk.reads(csv_of([]), auto=True).state == "staged"
        assert self.nothing_is_stored()


class TestARun:
    @pytest.fixture
    def ordered(self, booking: Booking, clerk: Clerk) -> Run:
        """It would find that the two agree by now."""
        first = clerk.compares([line(document(booking, "0002000000001"), gross="100.00")])
        booking.issued_documents.update(amount_minor=10_000)
        return services.run(first.statement, by=None, now=clock.now())

    def test_fails(self, ordered: Run, monkeypatch: pytest.MonkeyPatch) -> None:
        real = matching.compare_again

        def compare_again(*args: Any, **told: Any) -> Run | None:
            assert isinstance(locks(DAY, DAY), PeriodLock)
            return real(*args, **told)

        monkeypatch.setattr(matching, "compare_again", compare_again)
        services.advance(ordered.statement_id, clock=clock.now)
        ordered.refresh_from_db()
        assert (ordered.state, Discrepancy.objects.get().state) == ("failed", "open")


class TestWhoLocks:
    @pytest.fixture
    def came_of(self, monkeypatch: pytest.MonkeyPatch) -> list[Any]:
        """Of locking the month at the end of each run, in whose transaction it is tried."""
        found: list[Any] = []

        def tries() -> Any:
            wait_for_locks(100)
            return lock("sandbox", FIRST, LAST, reason="the month is over", by=By(), now=clock.now())

        monkeypatch.setattr(matching, "AFTER_A_RUN", [lambda _: found.extend(together(tries))])
        return found

    def test_waits_for_imports_and_runs(self, booking: Booking, clerk: Clerk, came_of: list[Any]) -> None:
        first = clerk.compares([line(document(booking, "0002000000001"), gross="100.00")])
        again = services.run(first.statement, by=None, now=clock.now())
        services.advance(again.statement_id, clock=clock.now)
        assert [type(one) for one in came_of] == [PeriodsInUse, PeriodsInUse]
        assert isinstance(locks(FIRST, LAST), PeriodLock)

    @pytest.mark.skipif(connection.vendor == "sqlite", reason="locks: SQLite has one writer at a time")
    def test_alone_is_waited_for(self) -> None:
        """Those who go by the locks do not wait for one another."""
        wait_for_locks(100)
        statement = books.statement()
        while_another_holds(hold_still, transaction.atomic(lambda: check_stays_unlocked(statement)))
        wait_for_locks(10_000)


class TestALineWithoutADay:
    """Nobody can tell that its day is none of those that are locked."""

    @pytest.fixture
    def without(self, booking: Booking) -> dict[str, str]:
        return line(document(booking, "0002000000001"), gross="100.00", issued_on="")

    def test_of_days_that_are_locked_one_by_one(self, without: dict[str, str], clerk: Clerk) -> None:
        for day in range((LAST - FIRST).days + 1):
            books.lock(starts_on=FIRST + timedelta(days=day), ends_on=FIRST + timedelta(days=day))
        with pytest.raises(PeriodLocked) as refused:
            clerk.sends(csv_of([without]))
        assert refused.value.facts == {"provider": "sandbox", "starts_on": str(FIRST), "ends_on": str(LAST)}

    def test_nor_is_one_accepted(self, without: dict[str, str], clerk: Clerk) -> None:
        statement = clerk.reads(csv_of([without]))
        for first, last in [(FIRST, DAY), (LATER, LAST)]:
            books.lock(starts_on=first, ends_on=last)
        with pytest.raises(PeriodLocked):
            clerk.accepts(statement)

    @pytest.mark.parametrize("free", [FIRST, DAY, LAST])
    def test_of_days_of_which_one_is_open(self, free: date, without: dict[str, str], clerk: Clerk) -> None:
        for first, last in [(FIRST, free - timedelta(days=1)), (free + timedelta(days=1), LAST)]:
            if first <= last:
                books.lock(starts_on=first, ends_on=last)
        statement = clerk.reads(csv_of([without, {**without, "issued_on": str(free)}]), auto=True)
        bad = statement.quarantined.get()
        assert (statement.state, bad.line, bad.code, bad.column) == ("staged", 2, "period_locked", "issued_on")
        assert "give the day of the line" in bad.message
        run = clerk.accepts(statement, without_bad_lines=True).runs.get()
        assert classes(run) == {"line 3": "amount_mismatch"}

    def test_of_a_file_that_tells_no_days(self, without: dict[str, str], clerk: Clerk) -> None:
        books.lock(starts_on=DAY, ends_on=DAY)
        header = ["kind", "ticket_number", "currency", "gross"]
        statement = clerk.reads(csv_of([without], header=header), auto=True)
        assert (statement.state, statement.quarantined.get().code) == ("staged", "period_locked")

    def test_of_days_none_of_which_is_locked(self, without: dict[str, str], clerk: Clerk) -> None:
        books.lock(starts_on=LAST + timedelta(days=1), ends_on=LAST + timedelta(days=31))
        assert classes(clerk.compares([without])) == {"line 2": "amount_mismatch"}
