"""What a spreadsheet would take for a formula is marked, by one rule in Python and in the SQL of either database."""

import pytest
from django.db import connection

from bookings.export import guard

FORMULAS = [
    "=1+1",
    "+1",
    "-1",
    "@SUM(A1)",
    "\t=1",
    "\r=1",
    "\tplain",
    "\rplain",
    " =1",
    "\n=1",
    "'=1",
    '"=1',
    "“=1",
    "\u00a0=1",
    "\ufeff=1",
    " \"' =cmd|' /C calc'!A0",
    "＝1",
    "＋1",
    "－1",
    "＠x",
    "\u200b=1",
    "−1",
    "''@x",
    "`=1",
    "´=1",
]
PLAIN = [
    "",
    "A=1",
    "Z=1",
    "a=1",
    "z=1",
    "[=1",
    "{=1",
    "1=1",
    "Ana",
    "Östlund",
    "0002412345678",
    "_x",
    "~",
    "(no name)",
    "1-2",
    "a@example.com",
    "••",
    "🛫",
    "{}",
    "\x7f",
    "é=1",
    "\n",
    "'",
    '"',
]


@pytest.mark.parametrize("text", FORMULAS)
def test_a_formula_is_known(text: str) -> None:
    assert guard.is_formula(text)


@pytest.mark.parametrize("text", PLAIN)
def test_what_is_none_is_left_alone(text: str) -> None:
    assert not guard.is_formula(text)


@pytest.mark.parametrize("text", FORMULAS + PLAIN)
def test_the_database_says_the_same(db: None, text: str) -> None:
    statement = f"SELECT {guard.in_sql('t', vendor=connection.vendor)} FROM (SELECT %s{_text()} AS t) AS r"
    with connection.cursor() as cursor:
        cursor.execute(statement, [text])
        (shown,) = cursor.fetchone()
    assert shown == (f"'{text}" if guard.is_formula(text) else text)


def test_nothing_stays_nothing(db: None) -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {guard.in_sql('t', vendor=connection.vendor)} FROM (SELECT NULL{_text()} AS t) AS r")
        assert cursor.fetchone() == (None,)


def _text() -> str:
    return "::text" if connection.vendor == "postgresql" else ""
