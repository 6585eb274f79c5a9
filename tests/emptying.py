"""Tests that commit have their rows deleted afterwards, and what stood in the tables at first stands there again.

Django would empty every table and have every app write its content types, permissions and roles once more, which takes
longer than most of these tests do.
"""

from typing import Any

from django.db import connection, transaction
from django.test import TransactionTestCase

Rows = list[tuple[Any, ...]]
_at_first: dict[str, Rows] = {}


def install() -> None:
    """Instead of `manage.py flush`, from here on; the database is as migrations left it."""
    with connection.cursor() as cursor:
        _at_first.update({table: _rows(cursor, table) for table in _with_rows(cursor)})
    TransactionTestCase._fixture_teardown = lambda self: empty()  # type: ignore[attr-defined]


def empty() -> None:
    """Foreign keys are looked at when the transaction ends, so that any order will do."""
    with transaction.atomic(), connection.cursor() as cursor:
        for table in sorted({*_with_rows(cursor), *_at_first}):
            first = _at_first.get(table, [])
            if first and _rows(cursor, table) == first:
                continue
            cursor.execute(f"DELETE FROM {_quoted(table)}")
            if first:
                places = ", ".join(["%s"] * len(first[0]))
                cursor.executemany(f"INSERT INTO {_quoted(table)} VALUES ({places})", first)


def _with_rows(cursor: Any) -> list[str]:
    tables = connection.introspection.django_table_names(only_existing=True, include_views=False)
    cursor.execute(
        " UNION ALL ".join(f"SELECT '{name}' WHERE EXISTS (SELECT 1 FROM {_quoted(name)})" for name in tables)
    )
    return [name for (name,) in cursor.fetchall()]


def _rows(cursor: Any, table: str) -> Rows:
    cursor.execute(f"SELECT * FROM {_quoted(table)} ORDER BY 1")
    return list(cursor.fetchall())


def _quoted(table: str) -> str:
    return connection.ops.quote_name(table)
