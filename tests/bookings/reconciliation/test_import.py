"""Files come in: judged by head and end at once, read by a worker, looked at by a person, and never half taken over."""

import io
import re
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.db import connection

from bookings.booking.models import Booking
from bookings.reconciliation import importing, queries, services, storing
from bookings.reconciliation.models import ColumnMapping, Discrepancy, Format, Statement, StatementLine
from bookings.reconciliation.refusals import (
    MOST_BYTES,
    MappingNeeded,
    StatementBusy,
    StatementHasBadLines,
    StatementNotAccepted,
    StatementNotStaged,
    StatementPeriodInvalid,
    StatementTooLarge,
    StatementUnreadable,
)
from movmo.kit import clock
from partners.partner.models import Partner
from tests.bookings.reconciliation.scene import FIRST, LAST, Clerk, classes, csv_of, document, line
from tests.conftest import StoppedClock

pytestmark = pytest.mark.django_db
SALE = {"kind": "sale", "order_id": "ord_1", "currency": "EUR", "gross": "118.70"}


class TestTheWay:
    def test_received_staged_accepted_reconciled(self, booking: Booking, clerk: Clerk, folder: Path) -> None:
        content = csv_of([line(document(booking, "0002000000001"))])
        statement = clerk.sends(content)
        assert (statement.state, statement.file_bytes, StatementLine.objects.count()) == ("received", len(content), 0)
        statement = services.advance(statement.pk, clock=clock.now)
        told = services.preview(statement)
        assert (told.state, told.lines, told.bad, told.kinds, told.errors) == ("staged", 1, 0, {"sale": 1}, [])
        assert (told.totals["EUR"]["gross_minor"], StatementLine.objects.count()) == (11_870, 0)
        statement = clerk.accepts(statement)
        assert (statement.state, statement.file, StatementLine.objects.count()) == ("reconciled", "", 1)
        assert list(folder.iterdir()) == []

    def test_one_that_is_clean_may_go_through_by_itself(self, clerk: Clerk) -> None:
        assert clerk.reads(csv_of([SALE]), auto=True).state == "reconciled"

    def test_one_with_a_bad_line_waits_for_a_person(self, clerk: Clerk) -> None:
        statement = clerk.reads(csv_of([SALE, {**SALE, "gross": "1,00"}]), auto=True)
        assert (statement.state, StatementLine.objects.count()) == ("staged", 0)
        with pytest.raises(StatementHasBadLines):
            services.accept(statement, by=None, now=clock.now())
        statement = clerk.accepts(statement, without_bad_lines=True)
        assert (statement.state, statement.counts["bad"], StatementLine.objects.count()) == ("reconciled", 1, 1)

    def test_a_person_declines(self, clerk: Clerk, django_capture_on_commit_callbacks: Any, folder: Path) -> None:
        statement = clerk.reads(csv_of([SALE]))
        with django_capture_on_commit_callbacks(execute=True):
            services.decline(statement, reason="Last month's file.", now=clock.now())
        assert (statement.state, statement.problem, list(folder.iterdir())) == ("refused", "Last month's file.", [])
        with pytest.raises(StatementNotStaged):
            services.accept(statement, by=None, now=clock.now())

    def test_the_same_file_twice_is_one_statement(self, clerk: Clerk, folder: Path) -> None:
        first = clerk.sends(csv_of([SALE]))
        assert clerk.sends(csv_of([SALE])).pk == first.pk
        assert (Statement.objects.count(), len(list(folder.iterdir()))) == (1, 1)

    def test_but_of_two_partners_it_is_two(self, clerk: Clerk, aviare: Partner) -> None:
        first = clerk.sends(csv_of([SALE]))
        clerk.partner = aviare
        second = clerk.sends(csv_of([SALE]))
        assert (second.pk != first.pk, second.number) == (True, first.number + 1)

    def test_lines_are_found_by_their_statement(self, clerk: Clerk) -> None:
        first, second = (clerk.reads(csv_of([SALE] * count), auto=True) for count in (1, 2))
        assert [queries.lines(one).count() for one in (first, second)] == [1, 2]
        assert [line.line for line in queries.lines(second)] == [2, 3]


class TestWorkers:
    def test_one_that_died_leaves_it_to_the_next(self, clerk: Clerk, clock: StoppedClock, monkeypatch: Any) -> None:
        statement = clerk.sends(csv_of([SALE]), auto=True)

        def dies(*_: Any, **__: Any) -> None:
            raise KeyboardInterrupt

        with monkeypatch.context() as broken:
            broken.setattr(services, "read_and_compare", dies)
            with pytest.raises(KeyboardInterrupt):
                services.advance(statement.pk, clock=lambda: clock.now)
        assert services.due(now=clock.now, limit=9) == []
        clock.forward(minutes=services.LEASE / timedelta(minutes=1))
        assert services.due(now=clock.now, limit=9) == [statement.pk]
        assert services.advance(statement.pk, clock=lambda: clock.now).state == "reconciled"
        assert (StatementLine.objects.count(), statement.runs.count()) == (1, 1)

    def test_one_that_lost_it_writes_nothing(self, clerk: Clerk, booking: Booking) -> None:
        document(booking, "0002000000001")
        statement = clerk.sends(csv_of([SALE]), auto=True)
        with pytest.raises(StatementBusy):
            stale = Statement.objects.get(pk=statement.pk)
            stale.fence = 7
            importing.read_and_compare(stale, must_be_clean=True, clock=clock_now)
        assert (StatementLine.objects.count(), Discrepancy.objects.count(), statement.runs.count()) == (0, 0, 0)

    def test_what_is_done_is_not_done_again(self, clerk: Clerk) -> None:
        statement = clerk.reads(csv_of([SALE]), auto=True)
        assert services.advance(statement.pk, clock=clock_now).runs.count() == 1


clock_now = clock.now


def refused(clerk: Clerk, content: bytes) -> tuple[Any, ...]:
    with pytest.raises(StatementUnreadable) as refusal:
        clerk.sends(content)
    assert Statement.objects.count() == 0
    problem, line = refusal.value.facts["problem"], refusal.value.facts["line"]
    assert refusal.value.text.startswith(f"The file cannot be read as csv{f', line {line}' if line else ''}: ")
    return problem, line


class TestTheWholeFile:
    @pytest.mark.parametrize(
        ("content", "problem"),
        [
            (b"", ("empty", 1)),
            (b"\n\n", ("empty", 1)),
            (csv_of([SALE]).replace(b",", b";"), ("delimiter", 1)),
            (csv_of([SALE]).replace(b",", b"\t"), ("delimiter", 1)),
            (csv_of([SALE]).decode().encode("utf-16"), ("encoding", 1)),
            (b"kind,currency,gross,stra\xdfe\n# lines 0\n", ("encoding", 1)),
            (b"kind,currency\nsale,EUR\n# lines 1\n", ("header", 1)),
            (b"kind,currency,gross,colour\n# lines 0\n", ("header", 1)),
            (b"kind,currency,gross,gross\n# lines 0\n", ("header", 1)),
            (b"kind,currency,gross", ("truncated", 1)),
            (b"kind,currency,gross\nsale,EUR,1.00\n", ("truncated", None)),
            (csv_of([SALE], ledger="# opening EUR 1.00"), ("control", None)),
            (csv_of([SALE], ledger="# lies 3"), ("control", None)),
            (csv_of([SALE], ledger="# opening XXQ 1.00\n# closing XXQ 1.00"), ("control", None)),
        ],
    )
    def test_is_refused_at_once(
        self, content: bytes, problem: tuple[str, int | None], clerk: Clerk, folder: Path
    ) -> None:
        assert refused(clerk, content) == problem
        assert list(folder.iterdir()) == []

    def test_the_delimiter_is_named(self, clerk: Clerk) -> None:
        with pytest.raises(StatementUnreadable, match="divided by a semicolon, and a comma is expected"):
            clerk.sends(csv_of([SALE]).replace(b",", b";"))

    def test_a_byte_order_mark_is_no_matter(self, clerk: Clerk) -> None:
        assert clerk.reads(b"\xef\xbb\xbf" + csv_of([SALE]), auto=True).state == "reconciled"

    @pytest.mark.parametrize("told", [1, 3])
    def test_lines_that_were_cut_off_or_added(self, told: int, clerk: Clerk) -> None:
        statement = clerk.reads(csv_of([SALE, SALE], count=told))
        assert (statement.state, statement.problem_code) == ("refused", "statement_unreadable")
        assert f"there are 2 lines, and its control record counts {told}" in statement.problem

    def test_a_quotation_mark_that_is_never_closed(self, clerk: Clerk) -> None:
        content = csv_of([SALE, {**SALE, "order_id": '"ord_2'}, SALE])
        statement = clerk.reads(content)
        assert (statement.state, "line 3" in statement.problem, "never closed" in statement.problem) == (
            "refused", True, True,
        )  # fmt: skip

    def test_two_gigabytes_are_refused_before_a_byte_is_read(self, clerk: Clerk) -> None:
        class Unread(io.BytesIO):
            def read(self, *_: Any) -> bytes:
                raise AssertionError("it was read")

        about = services.Kept("big.csv", FIRST, LAST)
        with pytest.raises(StatementTooLarge):
            services.receive(
                Unread(), about, by=services.Sender("sandbox"), now=clock.now(), declared_bytes=2 * 1024**3
            )

    def test_a_length_that_was_not_declared_is_counted(self, folder: Path) -> None:
        with pytest.raises(StatementTooLarge):
            storing.keep(io.BytesIO(b"x" * 1_001), limit=1_000)
        assert [one for one in folder.iterdir() if one.stat().st_size > 0] == []
        assert MOST_BYTES == 512 * 1024**2

    @pytest.mark.parametrize("last", [FIRST - timedelta(days=1), FIRST + timedelta(days=366)])
    def test_a_period_that_is_none(self, last: date, clerk: Clerk) -> None:
        clerk.period = (FIRST, last)
        with pytest.raises(StatementPeriodInvalid):
            clerk.sends(csv_of([SALE]))

    @pytest.mark.parametrize("day", [date.min, date(1999, 12, 31), date(2100, 1, 1), date.max])
    def test_a_period_of_no_year_that_may_be(self, day: date, clerk: Clerk) -> None:
        """A day more or less is looked at beside each statement: there has to be one."""
        clerk.period = (day, day)
        with pytest.raises(StatementPeriodInvalid, match="in the years 2000 to 2099"):
            clerk.sends(csv_of([]))


class TestTotals:
    LEDGER = "# opening EUR 10.00\n# closing EUR {}"

    def test_that_tie(self, clerk: Clerk) -> None:
        statement = clerk.reads(csv_of([SALE], ledger=self.LEDGER.format("128.70")), auto=True)
        assert (statement.state, statement.totals["EUR"]["ties"]) == ("reconciled", True)

    def test_the_net_moves_the_balance_where_it_is_told(self, clerk: Clerk) -> None:
        content = csv_of([{**SALE, "net": "110.00"}], ledger=self.LEDGER.format("120.00"))
        assert clerk.reads(content, auto=True).state == "reconciled"

    @pytest.mark.parametrize("auto", [True, False])
    def test_that_do_not(self, auto: bool, clerk: Clerk) -> None:
        statement = clerk.reads(csv_of([SALE], ledger=self.LEDGER.format("128.71")), auto=auto)
        assert (statement.state, statement.problem_code) == ("refused", "statement_does_not_tie")
        assert (
            "opening 10.00 and the lines' 118.70 make 128.70, and the statement closes at 128.71" in statement.problem
        )
        assert StatementLine.objects.count() == 0


def test_what_was_not_accepted_is_not_compared(clerk: Clerk) -> None:
    with pytest.raises(StatementNotAccepted):
        services.run(clerk.reads(csv_of([SALE])), by=None, now=clock.now())


class TestJson:
    def test_lines_with_their_control_record(self, clerk: Clerk) -> None:
        clerk.format = Format.JSON
        content = b'{"kind":"sale","order_id":"o","currency":"EUR","gross":"1.00"}\n{"control":{"lines":1}}\n'
        assert clerk.reads(content, auto=True).counts["lines"] == 1

    def test_an_array(self, clerk: Clerk) -> None:
        clerk.format = Format.JSON
        content = b'[{"kind":"sale","order_id":"o","currency":"EUR","gross":"1.00"}]'
        assert clerk.reads(content, auto=True).state == "reconciled"

    @pytest.mark.parametrize("content", [b'[{"kind":"sale"', b'{"control":{"lines":1}}\n{"kind":"sale","order_id"'])
    def test_one_that_was_cut_off(self, content: bytes, clerk: Clerk) -> None:
        clerk.format = Format.JSON
        assert clerk.reads(content).state == "refused"

    def test_a_number_is_no_amount(self, clerk: Clerk) -> None:
        clerk.format = Format.JSON
        bad = clerk.reads(b'[{"kind":"sale","order_id":"o","currency":"EUR","gross":1.10}]').quarantined.get()
        assert (bad.line, bad.code) == (1, "json")


class TestAnothersCsv:
    """By a saved column mapping."""

    def mapping(self, **told: Any) -> ColumnMapping:
        columns = {"kind": "Art", "order_id": "Auftrag", "currency": "W", "gross": "Betrag", "issued_on": "Tag"}
        kinds = {"Verkauf 100%": "sale", "Storno": "refund"}
        values = {"delimiter": ";", "decimal_comma": True, "date_format": "%d.%m.%Y", **told}
        return ColumnMapping.objects.create(
            provider="sandbox", name="Theirs", columns=columns, kinds=kinds, created_at=clock.now(), **values
        )

    @pytest.mark.parametrize("auto", [True, False])
    def test_is_read_by_their_names_words_and_spelling(self, auto: bool, clerk: Clerk) -> None:
        clerk.format, clerk.mapping_id = Format.MAPPED, self.mapping().pk
        rows = ["Verkauf 100%;ord_1;EUR;1.118,70;14.02.2027;x", "Storno;ord_1;EUR;-18,70;14.02.2027;y"]
        statement = clerk.reads("\n".join(["Art;Auftrag;W;Betrag;Tag;Rest", *rows, ""]).encode(), auto=auto)
        assert (statement.counts["bad"], statement.counts["kinds"]) == (0, {"sale": 1, "refund": 1})
        assert statement.totals["EUR"]["gross_minor"] == 110_000

    def test_a_word_that_it_does_not_know_makes_a_bad_line(self, clerk: Clerk) -> None:
        clerk.format, clerk.mapping_id = Format.MAPPED, self.mapping().pk
        statement = clerk.reads(b"Art;Auftrag;W;Betrag;Tag\nVerkauf 100%;o;EUR;1,00;\nGabe;o;EUR;1,00;\n")
        assert [(bad.line, bad.code) for bad in statement.quarantined.all()] == [(3, "kind_unknown")]

    def test_without_one_it_is_not_read(self, clerk: Clerk) -> None:
        clerk.format = Format.MAPPED
        with pytest.raises(MappingNeeded):
            clerk.sends(csv_of([SALE]))


def test_nothing_is_left_beside_the_lines(clerk: Clerk) -> None:
    clerk.reads(csv_of([SALE]), auto=True)
    tables = connection.introspection.table_names()
    assert not [name for name in tables if name.endswith(("_staging", "_left", "_found", "_gap", "_odd", "_whole"))]


def test_classes_of_an_accepted_statement(booking: Booking, clerk: Clerk) -> None:
    """The slow way, with bad lines left out, classes what is left as the quick way does."""
    row = document(booking, "0002000000001")
    statement = clerk.reads(csv_of([line(row, gross="100.00"), {**SALE, "gross": "x"}]))
    run = clerk.accepts(statement, without_bad_lines=True).runs.get()
    assert classes(run) == {"line 2": "amount_mismatch"}


@pytest.mark.parametrize(("format_", "begins"), [(Format.CSV, "kind,"), (Format.JSON, '{"kind"')])
def test_the_examples_that_partners_read_are_statements(format_: Format, begins: str, clerk: Clerk) -> None:
    pages = Path(settings.BASE_DIR, "docs", "partners.md").read_text()
    (example,) = (block for block in re.findall(r"```\w*\n(.*?)```", pages, re.DOTALL) if block.startswith(begins))
    clerk.format, clerk.period = format_, (date(2027, 3, 1), date(2027, 3, 1))
    statement = clerk.reads(example.encode(), auto=True)
    assert (statement.state, statement.counts["lines"], statement.totals["EUR"]["ties"]) == ("reconciled", 2, True)
