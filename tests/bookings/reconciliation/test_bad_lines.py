"""Lines that cannot be taken over: each is named by its number, says what is wrong, and shows nothing private."""

import pytest

from bookings.reconciliation import queries
from bookings.reconciliation.models import StatementLine
from tests.bookings.reconciliation.scene import HEADER, Clerk, csv_of

pytestmark = pytest.mark.django_db
SALE = {"kind": "sale", "order_id": "ord_1", "currency": "EUR", "gross": "118.70"}


@pytest.mark.parametrize(
    ("told", "code"),
    [
        ({"kind": "sold"}, "kind_unknown"),
        ({"currency": "EUX"}, "currency_unknown"),
        ({"currency": "eur"}, "currency_unknown"),
        ({"gross": ""}, "gross_missing"),
        ({"gross": "118.705"}, "gross_malformed"),
        ({"gross": "1e2"}, "gross_malformed"),
        ({"gross": "NaN"}, "gross_malformed"),
        ({"gross": " 5.00"}, "gross_malformed"),
        ({"gross": "+5.00"}, "gross_malformed"),
        ({"gross": "5."}, "gross_malformed"),
        ({"gross": ".5"}, "gross_malformed"),
        ({"gross": "1.2.3"}, "gross_malformed"),
        ({"gross": "--5.00"}, "gross_malformed"),
        ({"gross": "=1+1"}, "gross_malformed"),
        ({"gross": "1234567890123456.00"}, "gross_malformed"),
        ({"gross": "118.70", "currency": "JPY"}, "gross_malformed"),
        ({"gross": "1.2345", "currency": "BHD"}, "gross_malformed"),
        ({"tax": "x"}, "tax_malformed"),
        ({"fee": "1,0"}, "fee_malformed"),
        ({"net": "-"}, "net_malformed"),
        ({"gross": "-118.70"}, "sign"),
        ({"kind": "refund"}, "sign"),
        ({"issued_on": "2027-02-30"}, "date"),
        ({"issued_on": "14.02.2027"}, "date"),
        ({"issued_on": "2030-02-14"}, "date"),
        ({"departure_on": "soon"}, "date"),
        ({"order_id": ""}, "no_key"),
        ({"order_id": "o" * 256}, "too_long"),
    ],
)
@pytest.mark.parametrize("auto", [True, False])
def test_go_to_quarantine_by_their_number(auto: bool, told: dict[str, str], code: str, clerk: Clerk) -> None:
    if "," in "".join(told.values()):
        told = {name: f'"{value}"' for name, value in told.items()}
    statement = clerk.reads(csv_of([SALE, {**SALE, **told}, SALE]), auto=auto)
    assert (statement.state, statement.counts["bad"], statement.counts["lines"]) == ("staged", 1, 3)
    bad = statement.quarantined.get()
    assert (bad.line, bad.code, bool(bad.message)) == (3, code, True)
    assert StatementLine.objects.count() == 0


@pytest.mark.parametrize(
    ("told", "minor"),
    [
        ({"gross": "118.7"}, 11_870),
        ({"gross": "118"}, 11_800),
        ({"gross": "118", "currency": "JPY"}, 118),
        ({"gross": "1.234", "currency": "BHD"}, 1_234),
        ({"gross": "0.07"}, 7),
        ({"gross": "999999999999.99"}, 99_999_999_999_999),
        ({"gross": "-118.70", "kind": "refund"}, -11_870),
        ({"gross": "0.00", "kind": "void"}, 0),
    ],
)
def test_amounts_are_the_currencys(told: dict[str, str], minor: int, clerk: Clerk) -> None:
    statement = clerk.reads(csv_of([{**SALE, **told}]), auto=True)
    assert queries.lines(statement).get().gross_minor == minor


@pytest.mark.parametrize("auto", [True, False])
def test_latin_1_bytes(auto: bool, clerk: Clerk) -> None:
    content = csv_of([SALE, {**SALE, "surname": "MÜLLER"}, SALE]).replace("Ü".encode(), b"\xdc")
    statement = clerk.reads(content, auto=auto)
    bad = statement.quarantined.get()
    assert (statement.state, bad.line, bad.code) == ("staged", 3, "encoding")
    assert "Latin-1" in bad.message


def test_lines_that_end_as_on_windows_are_read_and_counted(clerk: Clerk) -> None:
    lines = csv_of([SALE, {**SALE, "gross": "x"}, SALE], ledger="# opening EUR 0.00\n# closing EUR 0.00")
    statement = clerk.reads(lines.replace(b"\n", b"\r\n"))
    assert (statement.counts["lines"], statement.quarantined.get().line) == (3, 3)
    assert clerk.reads(csv_of([SALE]).replace(b"\n", b"\r\n"), auto=True).state == "reconciled"


def test_what_is_left_out_on_a_word_need_not_tie_and_says_so(clerk: Clerk) -> None:
    ledger = "# opening EUR 0.00\n# closing EUR 237.40"
    statement = clerk.reads(csv_of([SALE, {**SALE, "gross": "x"}], ledger=ledger), auto=True)
    assert (statement.state, statement.problem_code) == ("staged", "statement_does_not_tie")
    statement = clerk.accepts(statement, without_bad_lines=True)
    assert (statement.state, statement.totals["EUR"]["ties"]) == ("reconciled", False)


def test_too_few_columns(clerk: Clerk) -> None:
    content = csv_of([SALE, SALE]).replace(b"# lines 2", b"sale,ord_3\n# lines 3")
    bad = clerk.reads(content).quarantined.get()
    assert (bad.line, bad.code) == (4, "columns")
    assert f"has 2 columns, and the header has {len(HEADER)}" in bad.message


def test_a_line_break_in_a_field_is_counted(clerk: Clerk) -> None:
    broken = {**SALE, "order_id": '"ord\n1"'}
    statement = clerk.reads(csv_of([broken, SALE, {**SALE, "gross": "x"}]))
    assert statement.quarantined.get().line == 5


def test_nobodys_name_is_shown(clerk: Clerk) -> None:
    secret = {**SALE, "surname": "MUELLER", "ticket_number": "0002000000001", "gross": "MUELLER"}
    bad = clerk.reads(csv_of([secret])).quarantined.get()
    assert not {"MUELLER", "0002000000001"} & set((bad.text + bad.message).replace('"', ",").split(","))
    assert "xxxxxxx" in bad.text


@pytest.mark.parametrize(
    ("wrong", "shown"),
    [
        ({"gross": "12.345"}, 'gross "12.345" has more than the 2 decimals of EUR'),
        ({"gross": '"1.234,50"'}, 'gross "1.234,50" is no plain decimal'),
        ({"issued_on": "14/02/2027"}, 'issued_on "14/02/2027" is no day'),
        ({"kind": "Sale"}, 'kind "Sale" is none of sale,'),
        ({"currency": "eur"}, 'currency "eur" is not in ISO 4217'),
        ({"gross": "4242424242424242"}, 'gross "9999999999999999"'),
        ({"gross": "QX7B2M"}, 'gross "xx9x9x"'),
        ({"issued_on": "0002000000001"}, 'issued_on "9999999999999"'),
        ({"kind": "MUELLER"}, 'kind "xxxxxxx"'),
    ],
)
def test_what_is_wrong_is_shown_unless_it_may_be_private(wrong: dict[str, str], shown: str, clerk: Clerk) -> None:
    bad = clerk.reads(csv_of([{**SALE, **wrong}])).quarantined.get()
    assert bad.message.startswith(shown)


def test_a_control_character(clerk: Clerk) -> None:
    statement = clerk.reads(csv_of([SALE, {**SALE, "order_id": "ord\x00"}]))
    assert [(bad.line, bad.code) for bad in statement.quarantined.all()] == [(3, "control_character")]
