"""The books of the hostile airline: a SQLite file that outlives its process.

UNIQUE on the client reference keeps the order one; `arrival` keeps every request to make it, so an order that was sent
again while it existed shows, too. `replayed` marks those that the airline's own proxy repeated.
"""

from __future__ import annotations

import json
import random
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

TABLES = """
CREATE TABLE IF NOT EXISTS orders (
    order_id TEXT PRIMARY KEY, client_reference TEXT NOT NULL UNIQUE, status TEXT NOT NULL, locator TEXT NOT NULL,
    total_minor INTEGER NOT NULL, currency TEXT NOT NULL, passengers TEXT NOT NULL, departures TEXT NOT NULL,
    refund_minor INTEGER, becomes TEXT, becomes_at REAL
);
CREATE TABLE IF NOT EXISTS seats (departure TEXT PRIMARY KEY, capacity INTEGER NOT NULL,
    seats_left INTEGER NOT NULL CHECK (seats_left >= 0));
CREATE TABLE IF NOT EXISTS arrival (
    id INTEGER PRIMARY KEY, client_reference TEXT NOT NULL, mood TEXT NOT NULL, outcome TEXT NOT NULL DEFAULT '',
    replayed INTEGER NOT NULL DEFAULT 0
);
CREATE TABLE IF NOT EXISTS quote (reference TEXT PRIMARY KEY, order_id TEXT NOT NULL);
"""
LIVE = ("confirmed", "held", "pending")
LOCATOR_LETTERS = "BCDFGHJKLMNPQRSTVWXYZ23456789"

Order = dict[str, Any]


class SoldOut(Exception):
    pass


class Over(Exception):
    """The order is neither held nor confirmed any more."""


class Ledger:
    def __init__(self, path: Path, *, capacity: int) -> None:
        self._path = path
        self._capacity = capacity
        with self.transaction() as books:
            for statement in filter(str.strip, TABLES.split(";")):
                books.execute(statement)

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        with closing(sqlite3.connect(self._path, timeout=20, isolation_level=None)) as books:
            books.row_factory = sqlite3.Row
            books.execute("PRAGMA journal_mode = WAL")
            books.execute("BEGIN IMMEDIATE")
            try:
                yield books
            except BaseException:
                books.execute("ROLLBACK")
                raise
            books.execute("COMMIT")

    def arrived(self, reference: str, mood: str, *, replayed: bool = False) -> int:
        with self.transaction() as books:
            row = books.execute(
                "INSERT INTO arrival (client_reference, mood, replayed) VALUES (?, ?, ?)", (reference, mood, replayed)
            )
            return row.lastrowid or 0

    def arrivals(self, reference: str) -> int:
        with self.transaction() as books:
            count = books.execute("SELECT count(*) FROM arrival WHERE client_reference = ?", (reference,))
            return int(count.fetchone()[0])

    def turned_away(self, arrival: int, outcome: str) -> None:
        with self.transaction() as books:
            _note(books, arrival, outcome)

    def take(self, arrival: int, wanted: dict[str, Any]) -> tuple[Order, bool]:
        """The order and whether it is new. One transaction: order and seats. Raises SoldOut."""
        try:
            with self.transaction() as books:
                known = _by(books, "client_reference", wanted["client_reference"])
                if known is None:
                    for departure, seats in sorted(wanted["departures"].items()):
                        self._take_seats(books, departure, seats)
                    self._insert(books, wanted)
                _note(books, arrival, "taken" if known is None else "duplicate")
                order = _by(books, "client_reference", wanted["client_reference"])
        except SoldOut:
            self.turned_away(arrival, "sold_out")
            raise
        assert order is not None
        return order, known is None

    def find(self, column: str, value: str) -> Order | None:
        with self.transaction() as books:
            return _by(books, column, value)

    def pay(self, order_id: str) -> Order:
        """A confirmed order stays as it is. Raises Over."""
        with self.transaction() as books:
            order = _live(books, order_id)
            books.execute("UPDATE orders SET status = 'confirmed' WHERE order_id = ?", (order_id,))
            return {**order, "status": "confirmed"}

    def quote(self, order_id: str, reference: str) -> Order:
        """Raises Over."""
        with self.transaction() as books:
            order = _live(books, order_id)
            books.execute("INSERT INTO quote (reference, order_id) VALUES (?, ?)", (reference, order_id))
            return order

    def cancel(self, order_id: str) -> Order:
        """The seats go back with it. A cancelled order stays as it is. Raises Over."""
        with self.transaction() as books:
            known = _by(books, "order_id", order_id)
            if known is not None and known["status"] == "cancelled":
                return known
            order = _live(books, order_id)
            paid = order["total_minor"] if order["status"] == "confirmed" else 0
            _release(books, order, "cancelled")
            books.execute("UPDATE orders SET refund_minor = ? WHERE order_id = ?", (paid, order_id))
            return {**order, "status": "cancelled", "refund_minor": paid}

    def _take_seats(self, books: sqlite3.Connection, departure: str, seats: int) -> None:
        books.execute(
            "INSERT INTO seats VALUES (?, ?, ?) ON CONFLICT DO NOTHING", (departure, self._capacity, self._capacity)
        )
        enough = "UPDATE seats SET seats_left = seats_left - ? WHERE departure = ? AND seats_left >= ?"
        if not books.execute(enough, (seats, departure, seats)).rowcount:
            raise SoldOut(departure)

    def _insert(self, books: sqlite3.Connection, wanted: dict[str, Any]) -> None:
        reference = wanted["client_reference"]
        becomes, after = wanted.get("becomes") or (None, 0.0)
        books.execute(
            "INSERT INTO orders (order_id, client_reference, status, locator, total_minor, currency, passengers,"
            " departures, becomes, becomes_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                f"ord_{reference}",
                reference,
                "pending" if becomes else "held" if wanted["hold"] else "confirmed",
                "".join(random.Random(reference).choices(LOCATOR_LETTERS, k=6)),
                wanted["total_minor"],
                wanted["currency"],
                json.dumps(wanted["passengers"]),
                json.dumps(wanted["departures"]),
                becomes,
                time.time() + after,
            ),
        )


def _note(books: sqlite3.Connection, arrival: int, outcome: str) -> None:
    books.execute("UPDATE arrival SET outcome = ? WHERE id = ?", (outcome, arrival))


def _by(books: sqlite3.Connection, column: str, value: str) -> Order | None:
    """The order as it stands now: one that was pending may have been decided."""
    row = books.execute(f"SELECT * FROM orders WHERE {column} = ?", (value,)).fetchone()
    if row is None:
        return None
    order = {**dict(row), "passengers": json.loads(row["passengers"]), "departures": json.loads(row["departures"])}
    if order["status"] != "pending" or time.time() < order["becomes_at"]:
        return order
    if order["becomes"] == "failed":
        _release(books, order, "failed")
    else:
        books.execute("UPDATE orders SET status = ? WHERE order_id = ?", (order["becomes"], order["order_id"]))
    return {**order, "status": order["becomes"]}


def _live(books: sqlite3.Connection, order_id: str) -> Order:
    order = _by(books, "order_id", order_id)
    if order is None or order["status"] not in ("held", "confirmed"):
        raise Over(order_id)
    return order


def _release(books: sqlite3.Connection, order: Order, status: str) -> None:
    books.execute("UPDATE orders SET status = ? WHERE order_id = ?", (status, order["order_id"]))
    for departure, seats in order["departures"].items():
        books.execute("UPDATE seats SET seats_left = seats_left + ? WHERE departure = ?", (seats, departure))
