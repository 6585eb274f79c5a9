"""What one partner sends takes neither the workers nor the database from others: turns, sizes, bad lines, time."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from time import sleep
from typing import Any
from uuid import UUID

import pytest
from celery.exceptions import SoftTimeLimitExceeded
from django.db import connection

from bookings.reconciliation import lines, loading, matching, reading, receiving, services, storing, turns
from bookings.reconciliation.models import Format, QuarantinedLine, Statement, StatementLine
from bookings.reconciliation.refusals import (
    PARTNERS_MOST_BYTES,
    PARTNERS_MOST_LINES,
    StatementBusy,
    StatementFileGone,
    StatementTooLarge,
    StatementTooLong,
)
from bookings.reconciliation.tasks import advance
from movmo.kit import clock as time
from movmo.kit.errors import DomainError
from partners.partner.models import Partner
from tests.bookings.reconciliation import books
from tests.bookings.reconciliation.scene import DAY, LAST, Clerk, csv_of
from tests.bookings.reconciliation.test_door import HEADER, sent
from tests.conftest import StoppedClock
from tests.contract.world import World
from tests.operations.together import together

pytestmark = pytest.mark.django_db(transaction=True)
SALE = {"kind": "sale", "order_id": "ord_1", "issued_on": DAY.isoformat(), "currency": "EUR", "gross": "118.70"}
ODD = {**SALE, "kind": "sail"}


@pytest.fixture
def of_aviare(aviare: Partner) -> Clerk:
    return Clerk(partner=aviare)


@pytest.fixture
def of_kestrel(kestrel: Partner) -> Clerk:
    return Clerk(partner=kestrel)


def claimed(statement: Statement, *, now: Any = None) -> Statement | None:
    return services._claimed(statement.pk, now=now or time.now())


def sales(count: int) -> str:
    return HEADER + "sale,1,EUR,1.00\n" * count + f"# lines {count}\n"


def due() -> list[UUID]:
    return services.due(now=time.now(), limit=20)


class TestTurns:
    def test_one_of_a_partner_s_at_a_time(self, of_aviare: Clerk) -> None:
        first, second = (of_aviare.sends(csv_of([SALE] * count)) for count in (1, 2))
        assert due() == [first.pk]
        assert claimed(first) is not None
        assert due() == []
        assert services.advance(second.pk, clock=time.now).state == "received"
        Statement.objects.filter(pk=first.pk).update(lease_until=None)
        assert services.advance(first.pk, clock=time.now).state == "staged"
        assert due() == [second.pk]
        assert services.advance(second.pk, clock=time.now).state == "staged"

    def test_an_ordered_run_is_one_of_them(self, of_aviare: Clerk) -> None:
        done, next_one = of_aviare.reads(csv_of([SALE]), auto=True), of_aviare.sends(csv_of([SALE] * 2))
        assert claimed(next_one) is not None
        run = services.run(done, by=None, now=time.now())
        services.advance(done.pk, clock=time.now)
        run.refresh_from_db()
        assert (run.state, due()) == ("running", [])

    def test_workers_who_come_at_once_are_seen_by_one_another(
        self, of_aviare: Clerk, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        waiting = [of_aviare.sends(csv_of([SALE] * count)) for count in range(1, 5)]
        in_hand = turns._in_hand

        def slowly(now: Any) -> list[UUID]:
            found = in_hand(now)
            sleep(0.2)
            return found

        monkeypatch.setattr(turns, "_in_hand", slowly)
        ended = together(*(lambda one=one: claimed(one) for one in waiting))
        assert [type(one) for one in ended if isinstance(one, Exception)] == []
        assert len([one for one in ended if one is not None]) == 1

    def test_ours_wait_for_no_partner(self, clerk: Clerk, of_aviare: Clerk, of_kestrel: Clerk) -> None:
        theirs = [each.sends(csv_of([SALE] * count)) for count in range(1, 4) for each in (of_aviare, of_kestrel)]
        clerk.source = Statement.Source.PULL
        ours = [clerk.sends(csv_of([SALE] * count)) for count in (1, 2)]
        assert due() == [*(one.pk for one in ours), theirs[0].pk, theirs[1].pk]
        assert [claimed(one) is not None for one in theirs] == [True, True, False, False, False, False]
        assert due() == [one.pk for one in ours]
        assert [services.advance(one.pk, clock=time.now).state for one in ours] == ["staged", "staged"]

    def test_few_of_all_partners_at_once(
        self, of_aviare: Clerk, of_kestrel: Clerk, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(turns, "AT_ONCE", 1)
        first, second = (each.sends(csv_of([SALE])) for each in (of_aviare, of_kestrel))
        assert due() == [first.pk]
        assert claimed(first) is not None
        assert (due(), claimed(second)) == ([], None)

    @pytest.mark.parametrize("notices", [StatementBusy, StatementFileGone])
    def test_sending_it_anew_while_it_is_read_takes_no_second_worker(
        self, notices: type[DomainError], of_aviare: Clerk, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        statement, other = (of_aviare.sends(csv_of([SALE] * count)) for count in (1, 2))

        def meanwhile(_: Statement) -> None:
            of_aviare.period = (DAY, LAST)
            of_aviare.sends(csv_of([SALE]))
            assert (due(), claimed(statement), claimed(other)) == ([], None, None)
            raise notices

        with monkeypatch.context() as patched:
            patched.setattr(services, "read_only", meanwhile)
            with pytest.raises(StatementBusy) if notices is StatementBusy else nullcontext():
                services.advance(statement.pk, clock=time.now)
        assert due() == [statement.pk]
        after = services.advance(statement.pk, clock=time.now)
        assert (after.state, after.period_start, after.control[services.LOST]) == ("staged", DAY, 0)
        assert services.advance(other.pk, clock=time.now).state == "staged"

    def test_a_worker_that_was_lost_keeps_a_partner_s_others_for_a_lease(
        self, of_aviare: Clerk, clock: StoppedClock
    ) -> None:
        first, second = (of_aviare.sends(csv_of([SALE] * count)) for count in (1, 2))
        assert claimed(first, now=clock.now) is not None
        assert claimed(second, now=clock.now) is None
        assert claimed(second, now=clock.now + services.LEASE) is not None


class TestWhatAPartnerSends:
    def test_no_more_bytes_than_this_unpacked(
        self, world: World, folder: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        assert (PARTNERS_MOST_BYTES, PARTNERS_MOST_LINES) == (32 * 1024**2, 200_000)
        monkeypatch.setattr(receiving, "PARTNERS_MOST_BYTES", 1_000)
        with pytest.raises(StatementTooLarge, match="at most 1000, unpacked") as refusal:
            sent(world, sales(100), packed=True)
        assert "Split the statement by day" in refusal.value.hint
        assert (Statement.objects.count(), list(folder.iterdir())) == (0, [])

    @pytest.mark.parametrize("packed", [False, True])
    def test_no_more_lines_than_this(
        self, packed: bool, world: World, folder: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(receiving, "PARTNERS_MOST_LINES", 5)
        with pytest.raises(StatementTooLong, match="has 6 lines; a statement has at most 5") as refusal:
            sent(world, sales(6), packed=packed)
        assert "Split the statement by day" in refusal.value.hint
        assert (Statement.objects.count(), list(folder.iterdir())) == (0, [])
        assert sent(world, sales(5), packed=packed).status == "received"

    @pytest.mark.parametrize(
        "content",
        [
            b"[%s]" % b",".join([b'{"kind": "sale"}'] * 6),
            b" \n[%s]" % b",".join([b"[]"] * 5),
            b'{"kind": "sale"}\n' * 5 + b'{"control": {"lines": 5}}\n',
            b"\n" * 6 + b'{"control": {"lines": 0}}\n',
        ],
    )
    def test_nor_objects_nor_line_breaks(
        self, content: bytes, of_aviare: Clerk, folder: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(receiving, "PARTNERS_MOST_LINES", 5)
        of_aviare.format = Format.JSON
        with pytest.raises(StatementTooLong):
            of_aviare.sends(content)
        assert list(folder.iterdir()) == []

    def test_staff_keep_theirs(self, clerk: Clerk, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(receiving, "PARTNERS_MOST_LINES", 5)
        monkeypatch.setattr(receiving, "PARTNERS_MOST_BYTES", 10)
        assert clerk.reads(csv_of([SALE] * 6)).state == "staged"


class TestAFileThatIsMostlyBad:
    @pytest.fixture(autouse=True)
    def five(self, monkeypatch: pytest.MonkeyPatch) -> None:
        assert reading.MOST_BAD == reading.MOST_KEPT == 10_000
        monkeypatch.setattr(reading, "MOST_BAD", 5)

    @pytest.mark.parametrize("auto", [False, True])
    @pytest.mark.parametrize("accepted", [False, True])
    def test_is_refused_and_says_what_was_seen(
        self, auto: bool, accepted: bool, clerk: Clerk, folder: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Found by the sixth of fifty, before anything is counted or summed."""

        def never(*_: Any, **__: Any) -> None:
            raise AssertionError("it was read further")

        statement = clerk.sends(csv_of([SALE, *[ODD] * 50]), auto=auto)
        if accepted:
            Statement.objects.filter(pk=statement.pk).update(state="accepted", counts={"lines": 51, "bad": 0})
        for name in ("count", "count_bad", "sums", "bad_lines"):
            if name != "count_bad" or not (auto or accepted):
                monkeypatch.setattr(lines, name, never)
        after = services.advance(statement.pk, clock=time.now)
        assert (after.state, after.problem_code, after.file) == ("refused", "statement_mostly_bad", "")
        assert after.problem == (
            "Reading ended after 6 bad lines, the first of them line 3 (kind_unknown), line 4 (kind_unknown), line 5 "
            "(kind_unknown). Nothing was taken over. Mend the file, or name its format or mapping rightly, and send it "
            "again."
        )
        shown = services.preview(after)
        assert (shown.bad, [one.line for one in shown.errors][:4]) == (6, [3, 4, 5, 6])
        assert 'kind "xxxx" is none of' in shown.errors[0].message
        assert (StatementLine.objects.count(), list(folder.iterdir()), due()) == (0, [], [])

    @pytest.mark.parametrize(
        ("format_", "good", "bad"),
        [
            (Format.CSV, b"sale,1,EUR,1.00\n", b"sale,1\n"),
            (Format.CSV, b"sale,1,EUR,1.00\n", b'sale,"1"2\n'),
            (Format.CSV, b"sale,1,EUR,1.00\n", b"sale,\xe9,EUR,1.00\n"),
            (Format.JSON, b'{"kind": "sale", "order_id": "1", "currency": "EUR", "gross": "1.00"}\n', b"{}}\n"),
            (Format.JSON, b'{"kind": "sale", "order_id": "1", "currency": "EUR", "gross": "1.00"}\n', b"[]\n"),
        ],
    )
    @pytest.mark.parametrize("auto", [False, True])
    def test_also_where_lines_are_no_rows(
        self, auto: bool, format_: Format, good: bytes, bad: bytes, clerk: Clerk
    ) -> None:
        clerk.format = format_

        def file(count: int) -> bytes:
            body = good + bad * count
            if format_ is Format.JSON:
                return body + b'{"control": {"lines": %d}}\n' % (count + 1)
            return HEADER.encode() + body + b"# lines %d\n" % (count + 1)

        refused = clerk.reads(file(40), auto=auto)
        assert (refused.state, refused.problem_code, refused.counts["bad"]) == ("refused", "statement_mostly_bad", 6)
        assert refused.quarantined.count() == 6
        staged = clerk.reads(file(5), auto=auto)
        assert (staged.state, staged.counts["bad"], staged.quarantined.count()) == ("staged", 5, 5)

    def test_both_kinds_count_together(self, clerk: Clerk) -> None:
        def file(*, no_rows: int, odd: int) -> bytes:
            body = "sale,1\n" * no_rows + "sail,1,EUR,1.00\n" * odd
            return f"{HEADER}{body}# lines {no_rows + odd}\n".encode()

        staged = clerk.reads(file(no_rows=3, odd=2))
        assert (staged.state, staged.counts) == ("staged", {"lines": 5, "bad": 5, "kinds": {}})
        refused = clerk.reads(file(no_rows=3, odd=9))
        assert (refused.state, refused.counts["bad"]) == ("refused", 6)
        assert [one.code for one in refused.quarantined.all()][:4] == [*["columns"] * 3, "kind_unknown"]

    def test_lines_of_locked_days_are_not_among_them(self, clerk: Clerk) -> None:
        books.lock(starts_on=DAY, ends_on=DAY)
        other = {**SALE, "issued_on": LAST.isoformat()}
        staged = clerk.reads(csv_of([other, *[SALE] * 20, *[{**other, "kind": "sail"}] * 5]))
        assert (staged.state, staged.counts["lines"], staged.counts["bad"]) == ("staged", 26, 25)
        assert staged.quarantined.count() == 25
        refused = clerk.reads(csv_of([other, *[SALE] * 20, *[{**other, "kind": "sail"}] * 6]))
        assert (refused.state, refused.counts["bad"]) == ("refused", 6)

    def test_sent_again_it_is_read_anew(self, clerk: Clerk, monkeypatch: pytest.MonkeyPatch) -> None:
        content = csv_of([ODD] * 9)
        assert clerk.reads(content).state == "refused"
        monkeypatch.setattr(reading, "MOST_BAD", 9)
        again = clerk.reads(content)
        assert (again.state, again.counts["bad"], again.problem, again.quarantined.count()) == ("staged", 9, "", 9)

    def test_only_the_first_are_kept(self, clerk: Clerk, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(reading, "MOST_BAD", 300)
        assert clerk.reads(csv_of([ODD] * 400)).counts["bad"] == 301
        assert list(QuarantinedLine.objects.values_list("line", flat=True)) == [*range(2, 102)]


def too_slow(*_: Any, **__: Any) -> None:
    raise SoftTimeLimitExceeded


@contextmanager
def out_of_time_after(seconds: float) -> Iterator[None]:
    """As a worker process is told: by a signal, wherever it is."""
    before = signal.signal(signal.SIGALRM, too_slow)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def sleeps(*_: Any, **__: Any) -> Any:
    """In the database, where there is a server."""
    if connection.vendor == "sqlite":
        sleep(20)
        return
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_sleep(20)")


def asleep() -> int:
    """Backends that still do what nobody waits for."""
    if connection.vendor == "sqlite":
        return 0
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE query LIKE 'SELECT pg_sleep%%' AND state = 'active'"
        )
        return int(cursor.fetchone()[0])


class TestTime:
    @pytest.mark.parametrize(("phase", "where"), [("received", "read_only"), ("accepted", "read_and_compare")])
    def test_what_takes_too_long_is_tried_once(
        self, phase: str, where: str, clerk: Clerk, folder: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        statement = clerk.sends(csv_of([SALE]))
        if phase == "accepted":
            services.advance(statement.pk, clock=time.now)
            services.accept(statement, by=None, now=time.now())
        monkeypatch.setattr(services, where, too_slow)
        after = services.advance(statement.pk, clock=time.now)
        assert (after.state, after.problem_code, after.file) == ("refused", "statement_too_slow", "")
        assert "longer than 90 seconds" in after.problem
        assert "Split it by day" in after.problem
        assert (due(), list(folder.iterdir())) == ([], [])

    @pytest.mark.parametrize(
        ("auto", "room", "where"),
        [
            (False, lines, "count_faults"),
            (True, lines, "_insert"),
            (True, loading._Window, "take"),
            (True, loading, "rows"),
        ],
        ids=["looked at", "compared", "copied", "read line by line"],
    )
    def test_wherever_it_is_and_nothing_is_left_running(
        self, auto: bool, room: Any, where: str, clerk: Clerk, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        content = csv_of([SALE]) if where != "rows" else csv_of([{**SALE, "order_id": '"1\n2"'}], count=1)
        statement = clerk.sends(content, auto=auto)
        monkeypatch.setattr(room, where, sleeps if room is lines else lambda *_: sleep(20))
        with out_of_time_after(1):
            after = services.advance(statement.pk, clock=time.now)
        assert (after.state, after.problem_code) == ("refused", "statement_too_slow")
        assert (StatementLine.objects.count(), asleep()) == (0, 0)

    def test_of_an_ordered_run_the_run_has_failed(self, clerk: Clerk, monkeypatch: pytest.MonkeyPatch) -> None:
        statement = clerk.reads(csv_of([SALE]), auto=True)
        run = services.run(statement, by=None, now=time.now())
        monkeypatch.setattr(matching, "finish", sleeps)
        with out_of_time_after(1):
            after = services.advance(statement.pk, clock=time.now)
        run.refresh_from_db()
        assert (run.state, after.state, due(), asleep()) == ("failed", "reconciled", [], 0)

    def test_what_was_done_stays_done(self, clerk: Clerk, monkeypatch: pytest.MonkeyPatch) -> None:
        statement = clerk.sends(csv_of([SALE]), auto=True)
        monkeypatch.setattr(storing, "forget", too_slow)
        after = services.advance(statement.pk, clock=time.now)
        assert (after.state, after.problem_code, after.lease_until) == ("reconciled", "", None)
        assert (StatementLine.objects.count(), after.runs.get().state, due()) == (1, "done", [])

    def test_a_lease_is_longer_than_the_task_may_take(self) -> None:
        assert advance.soft_time_limit == services.MOST_SECONDS
        assert advance.soft_time_limit < advance.time_limit < services.LEASE.total_seconds()
