"""Many bookings at once: one that was really made, copied by the database itself.

    python -m tests.bench.office_bookings <bookings>

Each copy has an id, an order, a PNR and a ticket of its own; there are some dozen of each traveler's.
"""

from __future__ import annotations

import sys

from tests.bench import django_ready  # noqa: F401  (before anything that needs Django)

# isort: split
from django.db import connection
from django.db.models import Model

from bookings.booking.document.models import BookingDocument
from bookings.booking.models import Booking
from movmo.accounts.models import User
from movmo.kit.ids import new_id
from tests.bench.cast import Traveler

OF_EACH = 50
BATCH = 50_000
PREFIX = "0198f3c27d1e7a449b0c"
"""Of the copies' ids, which are in the order of their numbers."""


def booking_id(number: int) -> str:
    return f"{PREFIX}{number:012x}"


def order_id(number: int) -> str:
    return f"ord_{number:012x}"


def locator(number: int) -> str:
    return f"P{number:07d}"


def ticket(number: int) -> str:
    return f"000{number:010d}"


def email(number: int) -> str:
    return f"traveler{number}@bench.example"


def main(count: int) -> None:
    ana = Traveler()
    ana.trust_the_agent()
    original = Booking.objects.get(pk=ana.book(ana.offers(1)[0]))
    travelers = max(count // OF_EACH, 1)
    people = (User(id=new_id(), email=email(number), password="!") for number in range(travelers))
    User.objects.bulk_create(people, batch_size=2_000)
    _copy_bookings(original, count, travelers)
    _copy_documents(original, count)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")


def _copy_bookings(original: Booking, count: int, travelers: int) -> None:
    hexed = _hex("n")
    states = "CASE n % 100 WHEN 0 THEN 'unknown' WHEN 1 THEN 'cancelled' WHEN 2 THEN 'held' ELSE 'ticketed' END"
    with connection.cursor() as cursor:
        cursor.execute("CREATE TEMPORARY TABLE traveler AS SELECT id, ROW_NUMBER() OVER (ORDER BY id) - 1 AS n FROM "
                       "\"user\" WHERE email LIKE 'traveler%'")  # fmt: skip
        cursor.execute("CREATE UNIQUE INDEX traveler_n ON traveler (n)")
    _copy(
        original,
        count,
        {
            "id": _uuid(f"'{PREFIX}' || {hexed}"),
            "user_id": f"(SELECT id FROM traveler WHERE traveler.n = numbers.n % {travelers})",
            "order_id": f"'ord_' || {hexed}",
            "record_locators": _json(f"'[\"P' || {_padded('n', 7)} || '\"]'"),
            "state": states,
            "passengers": "''::bytea" if connection.vendor == "postgresql" else "x''",  # of nobody
        },
    )


def _copy_documents(original: Booking, count: int) -> None:
    document = BookingDocument.objects.filter(booking=original)[0]
    hexed = _hex("n")
    changes = {
        "id": _uuid(f"'0198f3c27d1e7b449b0c' || {hexed}"),
        "booking_id": _uuid(f"'{PREFIX}' || {hexed}"),
        "order_id": f"'ord_' || {hexed}",
        "record_locator": f"'P' || {_padded('n', 7)}",
        "number": f"'000' || {_padded('n', 10)}",
    }
    _copy(document, count, changes)


def _copy(row: Model, count: int, changes: dict[str, str]) -> None:
    """Copies with the numbers from 0 on; `changes` are SQL over `n`."""
    columns = [str(field.column) for field in row._meta.concrete_fields if not field.generated]
    values = ", ".join(changes.get(column, f"original.{column}") for column in columns)
    key = row._meta.pk.get_db_prep_value(row.pk, connection)
    numbers = (
        "SELECT generate_series(%s, %s) AS n"
        if connection.vendor == "postgresql"
        else "WITH RECURSIVE counted(n) AS (SELECT %s UNION ALL SELECT n + 1 FROM counted WHERE n < %s) "
        "SELECT n FROM counted"
    )
    table = row._meta.db_table
    statement = (
        f"INSERT INTO {table} ({', '.join(columns)}) SELECT {values} FROM ({numbers}) AS numbers, {table} AS original "
        "WHERE original.id = %s"
    )
    statement = statement.replace("%", "%%").replace("%%s", "%s")
    with connection.cursor() as cursor:
        for first in range(0, count, BATCH):
            cursor.execute(statement, [first, min(first + BATCH, count) - 1, key])


def _hex(number: str) -> str:
    return f"lpad(to_hex({number}), 12, '0')" if connection.vendor == "postgresql" else f"printf('%012x', {number})"


def _padded(number: str, width: int) -> str:
    if connection.vendor == "postgresql":
        return f"lpad({number}::text, {width}, '0')"
    return f"printf('%0{width}d', {number})"


def _uuid(text: str) -> str:
    return f"({text})::uuid" if connection.vendor == "postgresql" else text


def _json(text: str) -> str:
    return f"({text})::jsonb" if connection.vendor == "postgresql" else text


if __name__ == "__main__":
    main(int(sys.argv[1]))
