"""What the database takes for a statement by itself: no check, no rule, no second look.

The file into an all-text table, and a FULL JOIN with our documents whose rows are classed: once counted only, once kept
where each is found by its line, as a statement's lines are.
"""

from __future__ import annotations

import csv
import io
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from django.db import connection, transaction
from django.db.backends.utils import CursorWrapper

from bookings.reconciliation import storing

COLUMNS = "kind,order_id,ticket_number,record_locator,issued_on,currency,gross,tax,fee"
MINORS = ("gross", "tax", "fee")
RESULT = (
    "line bigint, kind text, order_id text, ticket_number text, record_locator text, day date, currency text, "
    "gross bigint, tax bigint, fee bigint, document {id}, outcome text"
)


@dataclass(frozen=True)
class Bare:
    """Seconds from the file on."""

    counted: float
    kept: float


def bare(content: bytes) -> Bare:
    """Nothing of it is left behind."""
    with transaction.atomic(), connection.cursor() as cursor:
        _tune(cursor)
        with _timed() as loading:
            _load(cursor, content[: content.index(b"# lines")])
        with _timed() as counting:
            cursor.execute(f"SELECT outcome, count(*), {_sums()}, max(day) FROM ({_joined()}) AS j GROUP BY outcome")
            cursor.fetchall()
        with _timed() as keeping:
            id_ = "uuid" if connection.vendor == "postgresql" else "char(32)"
            cursor.execute(f"CREATE TABLE bare_result ({RESULT.format(id=id_)})")
            cursor.execute("CREATE UNIQUE INDEX bare_result_line ON bare_result (line)")
            cursor.execute(f"INSERT INTO bare_result {_joined()}")
        cursor.execute("DROP TABLE bare")
        transaction.set_rollback(True)
    return Bare(loading[0] + counting[0], loading[0] + keeping[0])


@contextmanager
def _timed() -> Iterator[list[float]]:
    taken: list[float] = []
    began = time.perf_counter()
    yield taken
    taken.append(time.perf_counter() - began)


def _tune(cursor: CursorWrapper) -> None:
    if connection.vendor == "postgresql":
        cursor.execute("SET LOCAL work_mem = '192MB'")
        cursor.execute("SET LOCAL jit = off")


def _load(cursor: CursorWrapper, lines: bytes) -> None:
    texts = ", ".join(f"{name} text" for name in COLUMNS.split(","))
    if connection.vendor == "postgresql":
        cursor.execute(f"CREATE TEMPORARY TABLE bare (line bigserial, {texts})")
        _copy(cursor, io.BytesIO(lines))
        return
    cursor.execute(f"CREATE TEMPORARY TABLE bare (line INTEGER PRIMARY KEY, {texts})")
    rows = csv.reader(io.TextIOWrapper(io.BytesIO(lines), encoding="utf-8", newline=""))
    next(rows)
    places = ", ".join("?" * len(COLUMNS.split(",")))
    connection.connection.executemany(f"INSERT INTO bare ({COLUMNS}) VALUES ({places})", rows)


def _copy(cursor: Any, body: io.BytesIO) -> None:
    with cursor.copy(f"COPY bare ({COLUMNS}) FROM STDIN (FORMAT csv, HEADER)") as copy:
        while block := body.read(storing.BLOCK):
            copy.write(block)


def _sums() -> str:
    return ", ".join(f"sum({name})" for name in MINORS)


def _minor(name: str) -> str:
    if connection.vendor == "postgresql":
        return f"(s.{name}::numeric * 100)::bigint"
    return f"CAST(round(s.{name} * 100) AS INTEGER)"


def _joined() -> str:
    day = "s.issued_on::date" if connection.vendor == "postgresql" else "s.issued_on"
    gross, tax, fee = map(_minor, MINORS)
    return f"""
        SELECT s.line, s.kind, s.order_id, s.ticket_number, s.record_locator, {day} AS day, s.currency,
            {gross} AS gross, {tax} AS tax, {fee} AS fee, d.id AS document,
            CASE WHEN s.line IS NULL THEN 'missing_at_provider' WHEN d.id IS NULL THEN 'missing_locally'
                WHEN s.currency <> d.currency THEN 'currency_mismatch'
                WHEN {gross} <> d.amount_minor THEN 'amount_mismatch'
                WHEN {tax} <> d.tax_minor THEN 'tax_mismatch' ELSE 'matched' END AS outcome
        FROM bare s FULL JOIN booking_document d ON d.number = s.ticket_number
    """
