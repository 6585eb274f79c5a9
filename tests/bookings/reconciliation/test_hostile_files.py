"""Files that were made to break the worker: each is refused, or its lines are held back, and nothing waits for ever."""

import pytest

from bookings.reconciliation import services
from bookings.reconciliation.models import Format, Statement
from bookings.reconciliation.reading import LONGEST_LINE
from bookings.reconciliation.refusals import StatementUnreadable
from tests.bookings.reconciliation.scene import Clerk, csv_of

pytestmark = pytest.mark.django_db
SALE = {"kind": "sale", "order_id": "ord_1", "currency": "EUR", "gross": "118.70"}
LINE = b'{"kind": "sale", "order_id": "ord_1", "currency": "EUR", "gross": "118.70"}\n'
NUL_IN_JSON = rb"\u0000"


@pytest.mark.parametrize("auto", [False, True])
def test_a_word_that_databases_take_for_nothing(auto: bool, clerk: Clerk) -> None:
    statement = clerk.reads(csv_of([{**SALE, "order_id": "\\N"}, {**SALE, "gross": "\\N"}]), auto=auto)
    bad = services.preview(statement).errors
    assert (statement.state, [(one.line, one.code) for one in bad]) == ("staged", [(3, "gross_malformed")])


@pytest.mark.parametrize(
    "ledger",
    [
        b'"opening": [1], "closing": [1]',
        b'"opening": null, "closing": null',
        b'"opening": "EUR", "closing": "EUR"',
        b'"opening": {"EUR": {}}, "closing": {"EUR": []}',
        b'"opening": {"%s": "1.00"}, "closing": {"%s": "1.00"}' % (NUL_IN_JSON, NUL_IN_JSON),
        b'"lines": "%s"' % NUL_IN_JSON,
    ],
)
def test_a_control_record_that_is_none(ledger: bytes, clerk: Clerk) -> None:
    clerk.format = Format.JSON
    lines = b"" if b"lines" in ledger else b'"lines": 1, '
    statement = clerk.reads(b'{"control": {%s%s}}\n%s' % (lines, ledger, LINE))
    assert (statement.state, statement.problem_code) == ("refused", "statement_unreadable")
    assert "\0" not in statement.problem


@pytest.mark.parametrize(("format_", "name"), [(Format.CSV, b"kind"), (Format.STRIPE, b"currency")])
def test_a_control_character_in_the_header(format_: Format, name: bytes, clerk: Clerk) -> None:
    clerk.format = format_
    with pytest.raises(StatementUnreadable) as refusal:
        clerk.sends(b"%s,currency,gross,reporting_category,a\0b\n# lines 0\n" % name)
    assert refusal.value.facts["problem"] == "encoding"
    assert not Statement.objects.exists()


@pytest.mark.parametrize(
    "content",
    [
        b"kind,order_id\r,currency,gross\nsale,ord_1,EUR,1.00\n# lines 1\n",
        b"kind,order_id,currency,gross\rsale,ord_1,EUR,1.00\r# lines 1\n",
        b"kind,order_id,currency,gross\rsale,ord_1,EUR,1.00\r# lines 1\r",
        b"# opening EUR\r1.00\nkind,order_id,currency,gross\nsale,ord_1,EUR,1.00\n# lines 1\n# closing EUR 2.00\n",
    ],
)
def test_lines_that_end_as_on_old_macs(content: bytes, clerk: Clerk) -> None:
    with pytest.raises(StatementUnreadable) as refusal:
        clerk.sends(content)
    assert (refusal.value.facts["problem"], refusal.value.facts["line"]) == ("line_break", 1)
    assert not Statement.objects.exists()


def row(order_id: str = "ord_1") -> bytes:
    return f"sale,{order_id},EUR,1.00".encode()


HEAD = b"kind,order_id,currency,gross\n"


@pytest.mark.parametrize("before", [0, 1, 20_000])
@pytest.mark.parametrize("auto", [False, True])
def test_a_carriage_return_alone_between_lines(auto: bool, before: int, clerk: Clerk) -> None:
    """Each database would count these lines in its own way."""
    content = HEAD + (row() + b"\n") * before + row() + b"\r" + row() + b"\n# lines %d\n" % (before + 2)
    statement = clerk.reads(content, auto=auto)
    assert statement.state == "refused"
    assert f"line {before + 2}: there is a carriage return alone in it" in statement.problem


@pytest.mark.parametrize("shift", range(3))
def test_line_ends_of_windows_that_are_read_in_two_parts(shift: int, clerk: Clerk) -> None:
    first = row("o" * (shift + 1)) + b"\r\n"
    rest = row("ord_10") + b"\r\n"
    whole = (LONGEST_LINE - len(first)) // len(rest) + 20
    content = HEAD.replace(b"\n", b"\r\n") + first + rest * whole + b"# lines %d\r\n" % (whole + 1)
    assert clerk.reads(content, auto=True).counts["lines"] == whole + 1


LONG = [b"a," * LONGEST_LINE, b"sale," + b"9" * LONGEST_LINE + b",EUR,1.00", row("9" * (LONGEST_LINE - 13))]
"""The last is longer by one byte."""


@pytest.mark.parametrize("long", LONG, ids=["of many fields", "of one", "by one"])
@pytest.mark.parametrize("before", [1, 9_000])
def test_a_line_that_is_too_long(before: int, long: bytes, clerk: Clerk) -> None:
    content = HEAD + (row() + b"\n") * before + long + b"\n" + row() + b"\n# lines %d\n" % (before + 2)
    statement = clerk.reads(content)
    assert (statement.state, statement.problem_code) == ("refused", "statement_unreadable")
    assert f"line {before + 2}: it is longer than 128 KiB" in statement.problem


def test_a_line_that_is_just_short_enough_is_a_bad_line_only(clerk: Clerk) -> None:
    content = HEAD + row("9" * (LONGEST_LINE - 14)) + b"\n" + row() + b"\n# lines 2\n"
    statement = clerk.reads(content)
    assert [(bad.line, bad.code) for bad in statement.quarantined.all()] == [(2, "too_long")]


def test_a_line_of_json_that_is_too_long(clerk: Clerk) -> None:
    clerk.format = Format.JSON
    statement = clerk.reads(LINE.replace(b"ord_1", b"9" * 1_000_000) + LINE + b'{"control": {"lines": 2}}\n')
    assert statement.state == "refused"
    assert "line 1: it is longer than 128 KiB" in statement.problem


@pytest.mark.parametrize("later", [b"# lines 5\n", b"# opening EUR 1.00\n# opening EUR 2.00\n"])
def test_control_records_that_differ(later: bytes, clerk: Clerk) -> None:
    with pytest.raises(StatementUnreadable) as refusal:
        clerk.sends(HEAD + row() + b"\n# lines 1\n" + later)
    assert refusal.value.facts["problem"] == "control"
    assert "is told twice" in refusal.value.text


def test_control_records_that_say_the_same(clerk: Clerk) -> None:
    assert clerk.reads(b"# lines 1\n" + HEAD + row() + b"\n# lines 1\n", auto=True).state == "reconciled"


@pytest.mark.parametrize(
    "control", [b"", b'{"control": {"opening": {}, "closing": {}}}', b'{"control": {"lines": null}}']
)
def test_json_lines_that_nobody_counted_may_have_been_cut_off(control: bytes, clerk: Clerk) -> None:
    clerk.format = Format.JSON
    with pytest.raises(StatementUnreadable) as refusal:
        clerk.sends(LINE + control)
    assert refusal.value.facts["problem"] == "truncated"


def test_json_lines_that_were_counted_beside_the_file(clerk: Clerk) -> None:
    clerk.format, clerk.control = Format.JSON, {"lines": 1}
    assert clerk.reads(LINE, auto=True).state == "reconciled"


@pytest.mark.parametrize(("first", "state"), [(1, "reconciled"), (5, "refused")])
def test_two_control_records_in_json(first: int, state: str, clerk: Clerk) -> None:
    clerk.format = Format.JSON
    content = b'{"control": {"lines": %d}}\n%s{"control": {"lines": 1}}\n' % (first, LINE)
    statement = clerk.reads(content, auto=True)
    assert (statement.state, "lines is told twice" in statement.problem) == (state, state == "refused")
