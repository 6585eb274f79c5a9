"""Amounts like 1.234,50: a point divides thousands, or the line is a bad one."""

import pytest

from bookings.reconciliation import queries
from bookings.reconciliation.models import Format, Statement
from tests.bookings.reconciliation import books
from tests.bookings.reconciliation.scene import Clerk

pytestmark = pytest.mark.django_db


def read(clerk: Clerk, *amounts: str, currency: str = "EUR", tax: str = "") -> Statement:
    mapping = books.mapping(ticket_number="Ticket", tax="Tax")
    mapping.delimiter, mapping.decimal_comma = ";", True
    mapping.save()
    clerk.format, clerk.mapping_id = Format.MAPPED, mapping.pk
    rows = [f"adm;{currency};{amount};{number};{tax}" for number, amount in enumerate(amounts)]
    return clerk.reads("\n".join(["Type;Cur;Amount;Ticket;Tax", *rows, ""]).encode(), auto=True)


@pytest.mark.parametrize(
    ("amount", "currency", "minor"),
    [
        ("118,70", "EUR", 11_870),
        ("1.234,50", "EUR", 123_450),
        ("1.234", "EUR", 123_400),
        ("12.345.678", "EUR", 1_234_567_800),
        ("123.456.789.012,99", "EUR", 12_345_678_901_299),
        ("0,5", "EUR", 50),
        ("1234567,8", "EUR", 123_456_780),
        ("1.234", "JPY", 1_234),
        ("1.234,567", "BHD", 1_234_567),
        ("12", "EUR", 1_200),
    ],
)
def test_a_good_one(amount: str, currency: str, minor: int, clerk: Clerk) -> None:
    statement = read(clerk, amount, currency=currency)
    assert (statement.state, statement.counts["bad"]) == ("reconciled", 0)
    assert queries.lines(statement).get().gross_minor == minor


def test_what_goes_back_keeps_its_sign(clerk: Clerk) -> None:
    statement = read(clerk, "1,00", tax="-1.234,50")
    assert queries.lines(statement).get().tax_minor == -123_450


BAD = (
    "118.70", "1.5", "1.23", "1.2345", "1234.567", "1.234.56", "1.23.456", "0.500", "01.234", "0.118,70", ".500", "1.",
    "1,234.50", "1,234.567", "1.234,5.6", "1..234", "1.234,", "1,2,3", "--1.234", "-.123", "1.234,505", "1.a34",
    "1.234.567.890.123", "+1.234", " 1.234",
)  # fmt: skip


@pytest.mark.parametrize("amount", BAD)
def test_any_other_is_a_bad_line(amount: str, clerk: Clerk) -> None:
    statement = read(clerk, "1,00", amount, "2,00")
    assert (statement.state, statement.counts["bad"], queries.lines(statement).count()) == ("staged", 1, 0)
    bad = statement.quarantined.get()
    assert (bad.line, bad.column, bad.code) == (3, "gross", "gross_malformed")
    accepted = clerk.accepts(statement, without_bad_lines=True)
    assert sorted(one.gross_minor for one in queries.lines(accepted)) == [100, 200]


def test_of_tax_as_well(clerk: Clerk) -> None:
    statement = read(clerk, "118,70", tax="18.70")
    assert (statement.state, statement.quarantined.get().code) == ("staged", "tax_malformed")


def test_the_message_shows_it_as_it_is_written(clerk: Clerk) -> None:
    assert read(clerk, "118.70").quarantined.get().message == (
        'gross "118.70" is no amount with a decimal comma and at most 2 decimals. '
        "A point may stand before groups of three digits only, as in 1.234,50."
    )


def test_and_says_where_the_currency_is_unknown(clerk: Clerk) -> None:
    assert read(clerk, "118.70", currency="QQQ").quarantined.get().code == "currency_unknown"
