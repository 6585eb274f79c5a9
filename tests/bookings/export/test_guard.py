"""What a spreadsheet would take for a formula is marked, by one rule in Python and in the SQL of either database."""

import csv
from io import StringIO
from time import process_time

import pytest
from django.db import connection

from bookings.export import guard
from bookings.export.columns import Type
from bookings.export.datasets import DATASETS, Dataset

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
# Of texts that begin as none: what a reader with another separator would find in them, and what we make of it.
CUT = {
    "x;=1+1": "x;'=1+1",
    "x;=1;+1;y": "x;'=1;'+1;y",
    "x; =1": "x;' =1",
    'x;"=1': "x;'\"=1",
    "x;;=1": "x;;'=1",
    "x;@SUM(A1)": "x;'@SUM(A1)",
    "x;-1": "x;'-1",
    "x;＝1": "x;'＝1",
    "x;\u00a0\ufeff“=1": "x;'\u00a0\ufeff“=1",
    "x\t=1": "x\t'=1",
    "x;\t =1": "x;\t' =1",
    "x\n=1": "x\n'=1",
    "x\r=1": "x\r'=1",
    "x\r\n+1": "x\r\n'+1",
    'x,";=1': "x,\";'=1",
    ";=1": ";'=1",
}
WHOLE = ["x;y", "x; y=1", "x;1-2", "x;", ";", "x;'", "x\ty", "x\ny", "x\r\ny", "a, b; c", "é;é=1", "x;,=1", "x|y"]


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


def _row(text: str) -> bytes:
    written = StringIO(newline="")
    csv.writer(written).writerow(["id", text, "-1.50"])
    return written.getvalue().removesuffix("\r\n").encode() + b"\n"


@pytest.mark.parametrize(("text", "safe"), [*CUT.items(), *zip(WHOLE, WHOLE, strict=True)])
def test_what_another_reader_would_cut_out_is_marked(text: str, safe: str) -> None:
    rows = [_row("before"), _row(text), _row("behind")]
    guarded = guard.apart(b"".join(rows), len(rows)).decode()
    assert [cell for _, cell, _ in csv.reader(StringIO(guarded, newline=""))] == ["before", safe, "behind"]


def test_a_block_without_any_is_as_it_was() -> None:
    block = _row("Ana") * 1_000
    assert guard.apart(block, 1_000) is block


def test_a_text_of_nothing_but_blanks_takes_no_time_to_speak_of() -> None:
    began = process_time()
    guard.apart(b"id," + b";" * 100_000 + b" " * 100_000 + b"; " * 100_000 + b"\n", 1)
    assert process_time() - began < 1


@pytest.mark.parametrize("dataset", DATASETS.values(), ids=lambda dataset: dataset.name.value)
def test_no_row_begins_with_what_could_be_a_formula(dataset: Dataset) -> None:
    assert dataset.columns[0].type in (Type.ID, Type.DAY)


def test_nothing_stays_nothing(db: None) -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {guard.in_sql('t', vendor=connection.vendor)} FROM (SELECT NULL{_text()} AS t) AS r")
        assert cursor.fetchone() == (None,)


def _text() -> str:
    return "::text" if connection.vendor == "postgresql" else ""
