"""The rows of one moment, in blocks of bytes: COPY on PostgreSQL, a bare cursor on SQLite.

Both read on a connection of their own, in one transaction, so that what others commit meanwhile is not in it, and the
worker's own progress is written beside it. A million rows never come to Python as objects.
"""

import csv
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from io import StringIO
from typing import Any

import psycopg
from django.db import DEFAULT_DB_ALIAS, connections
from psycopg.pq import ExecStatus

from bookings.export.selection import bound

BLOCK = 262_144
ROWS = 2_000
QUOTED = "\r\n\x1e"
"""Python quotes a text that has any of the characters that end its rows. With these it takes a third longer; with a
line feed alone it leaves carriage returns bare, at which others end a row."""

BEGIN = {
    "postgresql": [
        "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY",
        "SET LOCAL TIME ZONE 'UTC'",
        "SET LOCAL DateStyle TO 'ISO'",
    ],
    "sqlite": ["BEGIN DEFERRED"],
}

Blocks = Iterator[tuple[bytes, int]]
"""Bytes of whole rows, and how many rows those are."""


class Snapshot(ABC):
    """Statements of `selection`, all answered as of one moment. Places for values are `%s`, and `%` is doubled."""

    vendor: str

    def __init__(self, reader: Any) -> None:
        self._reader = reader

    def number(self, statement: str, values: Sequence[Any]) -> int:
        with self._reader.cursor() as cursor:
            cursor.execute(statement, bound(values, self._reader))
            return int(cursor.fetchone()[0])

    @abstractmethod
    def csv(self, statement: str, values: Sequence[Any], *, null: str = "") -> Blocks:
        """Lines of CSV without a header (RFC 4180, but for the line's end, which is a line feed)."""

    @abstractmethod
    def lines(self, statement: str, values: Sequence[Any]) -> Blocks:
        """The one column of each row, a line of text without control characters."""


@contextmanager
def snapshot() -> Iterator[Snapshot]:
    reader: Any = connections[DEFAULT_DB_ALIAS].copy()
    try:
        reader.ensure_connection()
        is_postgresql = reader.vendor == "postgresql"
        with reader.cursor() as cursor:
            for statement in BEGIN[reader.vendor]:
                cursor.execute(statement)
        yield _OfPostgresql(reader) if is_postgresql else _OfSqlite(reader)
    finally:
        reader.close()


class _OfPostgresql(Snapshot):
    vendor = "postgresql"

    def csv(self, statement: str, values: Sequence[Any], *, null: str = "") -> Blocks:
        return self._copied(statement, values, f"FORMAT csv, NULL '{null}'")

    def lines(self, statement: str, values: Sequence[Any]) -> Blocks:
        """CSV again, with marks that JSON never holds: nothing is quoted, and each row is its line."""
        return self._copied(statement, values, "FORMAT csv, QUOTE E'\\x01', DELIMITER E'\\x02'")

    def _copied(self, statement: str, values: Sequence[Any], options: str) -> Blocks:
        """By the driver's own binding of libpq: its iterator awaits each row, which costs more than the copy."""
        raw: psycopg.Connection[Any] = self._reader.connection
        text = psycopg.ClientCursor(raw).mogrify(
            f"COPY ({statement}) TO STDOUT WITH ({options})", bound(values, self._reader)
        )
        began = raw.pgconn.exec_(text.encode())
        if began.status != ExecStatus.COPY_OUT:
            raise psycopg.OperationalError(began.error_message.decode(errors="replace"))
        block, rows = bytearray(), 0
        while True:
            size, row = raw.pgconn.get_copy_data(0)
            if size <= 0:
                break
            block += row
            rows += 1
            if len(block) >= BLOCK:
                yield bytes(block), rows
                block, rows = bytearray(), 0
        if rows:
            yield bytes(block), rows
        self._settle(raw)

    def _settle(self, raw: "psycopg.Connection[Any]") -> None:
        """Raises what broke the copy off: until the server has said how it ended, rows may be missing."""
        while (ended := raw.pgconn.get_result()) is not None:
            if ended.status != ExecStatus.COMMAND_OK:
                raise psycopg.OperationalError(ended.error_message.decode(errors="replace"))


class _OfSqlite(Snapshot):
    vendor = "sqlite"

    def csv(self, statement: str, values: Sequence[Any], *, null: str = "") -> Blocks:
        for rows in self._fetched(statement, values):
            text = _written(rows, "\n")
            if "\r" in text:
                text = _written(rows, QUOTED).replace(QUOTED, "\n")
            yield text.encode(), len(rows)

    def lines(self, statement: str, values: Sequence[Any]) -> Blocks:
        for rows in self._fetched(statement, values):
            yield "".join(f"{row[0]}\n" for row in rows).encode(), len(rows)

    def _fetched(self, statement: str, values: Sequence[Any]) -> Iterator[list[tuple[Any, ...]]]:
        with self._reader.cursor() as cursor:
            cursor.execute(statement, bound(values, self._reader))
            while rows := cursor.fetchmany(ROWS):
                yield rows


def _written(rows: Sequence[tuple[Any, ...]], end_of_row: str) -> str:
    text = StringIO(newline="")
    csv.writer(text, lineterminator=end_of_row).writerows(rows)
    return text.getvalue()
