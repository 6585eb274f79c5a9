"""The usage book: how often each partner called each operation on each day (UTC).

A call is counted in memory and written later, many at once, by one statement that adds (`usage_writer` sees to that
while a server runs). What could not be written is kept and tried again, so a process loses only what it had not written
when it was killed.
"""

from __future__ import annotations

import os
from datetime import date
from threading import Lock
from typing import Any, NamedTuple
from uuid import UUID

import structlog
from django.db import Error, connection, transaction
from django.db.models import QuerySet

from movmo.kit import clock
from movmo.kit.ids import new_id
from movmo.operations.models import UsageCount

log = structlog.get_logger()

ROWS_AT_ONCE = 150  # of six parameters each: fewer than any database takes

# By hand, because the ORM's upsert replaces what is there and cannot add to it.
ADD = """
INSERT INTO usage_count (id, partner_id, day, operation, calls, refused) VALUES {rows}
ON CONFLICT (partner_id, day, operation) DO UPDATE
SET calls = usage_count.calls + excluded.calls, refused = usage_count.refused + excluded.refused
"""


class Line(NamedTuple):
    """What is counted together."""

    partner_id: UUID
    day: date
    operation: str


class Count(NamedTuple):
    """`calls` were let through to the operation, `refused` turned away by a limit or by the plan."""

    calls: int = 0
    refused: int = 0

    def plus(self, other: Count) -> Count:
        return Count(self.calls + other.calls, self.refused + other.refused)


class Book:
    """What this process has counted and not written yet: at most `most` lines, so that memory has a bound."""

    def __init__(self, *, most: int = 100_000) -> None:
        self._most = most
        self.forget()

    def forget(self) -> None:
        """Begin anew, with locks that nobody holds. In a forked child: what was pending is the parent's to write."""
        self._pending: dict[Line, Count] = {}
        self._counting = Lock()
        self._writing = Lock()  # taken before the other

    def note(self, partner_id: UUID, operation: str, count: Count) -> None:
        line = Line(partner_id, clock.now().date(), operation)
        with self._counting:
            self._add(line, count)

    def _add(self, line: Line, count: Count) -> None:
        known = self._pending.get(line)
        if known is None and len(self._pending) >= self._most:
            log.error("usage.forgotten", partner_id=str(line.partner_id), operation=line.operation)
            return
        self._pending[line] = count if known is None else known.plus(count)

    def flush(self) -> None:
        """Write what is pending. Raises django.db.Error and keeps it where that fails."""
        with self._writing:
            with self._counting:
                taken, self._pending = self._pending, {}
            if not taken:
                return
            try:
                _write(taken)
            except Error:
                with self._counting:
                    for line, count in taken.items():
                        self._add(line, count)
                raise

    def counts(self, partner_id: UUID, since: date, until: date | None = None) -> dict[Line, Count]:
        """The partner's lines from one day to another, both of them too: what is written and what is pending here."""
        rows = UsageCount.objects.filter(partner_id=partner_id, day__gte=since)
        if until is not None:
            rows = rows.filter(day__lte=until)
        with self._writing:  # else what is on its way would be in neither place, or in both
            with self._counting:
                pending = {
                    line: count
                    for line, count in self._pending.items()
                    if line.partner_id == partner_id and since <= line.day and (until is None or line.day <= until)
                }
            found = _read(rows)
        for line, count in pending.items():
            found[line] = found.get(line, Count()).plus(count)
        return dict(sorted(found.items(), key=lambda item: item[0][1:]))


def _read(rows: QuerySet[UsageCount]) -> dict[Line, Count]:
    fields = rows.values_list("partner_id", "day", "operation", "calls", "refused")
    return {Line(partner, day, name): Count(calls, refused) for partner, day, name, calls, refused in fields}


def _write(counts: dict[Line, Count]) -> None:
    # In one order everywhere, so that two processes that write the same lines wait for each other in turn.
    lines = sorted(counts)
    with transaction.atomic(), connection.cursor() as cursor:
        for start in range(0, len(lines), ROWS_AT_ONCE):
            chunk = lines[start : start + ROWS_AT_ONCE]
            values: list[Any] = [value for line in chunk for value in _row(line, counts[line])]
            cursor.execute(ADD.format(rows=", ".join(["(%s, %s, %s, %s, %s, %s)"] * len(chunk))), values)


def _row(line: Line, count: Count) -> tuple[Any, ...]:
    day = connection.ops.adapt_datefield_value(line.day)
    return (_stored(new_id()), _stored(line.partner_id), day, line.operation, count.calls, count.refused)


def _stored(value: UUID) -> UUID | str:
    """SQLite keeps UUIDs as 32 hexadecimal characters."""
    return value if connection.features.has_native_uuid_field else value.hex


BOOK = Book()
os.register_at_fork(after_in_child=BOOK.forget)


def admitted(partner_id: UUID, operation: str) -> None:
    BOOK.note(partner_id, operation, Count(calls=1))


def refused(partner_id: UUID, operation: str) -> None:
    BOOK.note(partner_id, operation, Count(refused=1))


def calls_since(partner_id: UUID, first_day: date) -> int:
    """How many calls of the partner were let through from a day on."""
    return sum(count.calls for count in BOOK.counts(partner_id, first_day).values())
