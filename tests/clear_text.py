"""No card number and no number of an identity document is ever written to a table in clear, in any test of the suite.

Every INSERT and UPDATE of every connection is looked at, those of servers in threads too. Loaded by conftest.
"""

import re
from collections.abc import Iterable, Iterator
from typing import Any

import pytest
from django.db import connection
from django.db.backends.signals import connection_created

from movmo.sandbox_vault.cards import TEST_CARDS

WRITES = ("INSERT", "UPDATE")
# The numbers of documents that tests keep; new ones belong here.
NUMBERS = ("NX4P87L21", "SPECI2014", "TT1234567", "DUNNARTMARKE")

_found: list[str] = []


def _look(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
    if sql.lstrip()[:6].upper() in WRITES:
        rows = params if many else [params]
        _found.extend(f"{sql[:60]}…" for row in rows for text in _texts(row or ()) if _is_in_clear(text))
    return execute(sql, params, many, context)


def _texts(row: Iterable[Any]) -> Iterator[str]:
    for value in row.values() if isinstance(row, dict) else row:
        if isinstance(value, bytes | memoryview | bytearray):
            yield bytes(value).decode("latin-1")
        elif isinstance(value, list | tuple):
            yield from _texts(value)  # a column of many rows: the ids of four of them make no card number
        elif value is not None:
            yield str(value)


def _is_in_clear(text: str) -> bool:
    """By a measure of its own, not the product's: the cards that tests use, whatever stands between their digits."""
    digits = re.sub(r"[^0-9]", "", text)
    return any(card in digits for card in TEST_CARDS) or any(number in text for number in NUMBERS)


def tells_the_card(text: str) -> bool:
    """Of what begins with 4242: half of it. Four digits come up by chance in ids."""
    return re.search("4242 ?4242", text) is not None


def _watch(connection: Any, **_: Any) -> None:
    if _look not in connection.execute_wrappers:
        connection.execute_wrappers.append(_look)


connection_created.connect(_watch)


@pytest.fixture(autouse=True)
def nothing_in_clear() -> Iterator[None]:
    _watch(connection)
    _found.clear()
    yield
    found = list(_found)
    _found.clear()
    assert found == [], "a number was written in clear"
