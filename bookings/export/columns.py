"""Columns of exports: what each is called, its type, and how a database spells it.

Times are RFC 3339 in UTC, money is a decimal with its currency's decimals, ids have their dashes: CSV is the same text
from both databases.
"""

from collections import defaultdict
from dataclasses import dataclass
from enum import StrEnum
from functools import cache

from iso4217 import Currency

from movmo.kit import money
from movmo.kit.money import AmountInvalid

USUAL_DECIMALS = 2


class Type(StrEnum):
    """CODE is a word of the house's own; TEXT may be anything, so it is guarded where spreadsheets read it."""

    ID = "id"
    CODE = "code"
    TEXT = "text"
    INTEGER = "integer"
    MONEY = "money"
    TIME = "time"
    DAY = "day"
    JSON = "json"


@dataclass(frozen=True, slots=True)
class Column:
    """`sql` is the stored value, `sqlite` its spelling there where that is another. MONEY is in minor units of
    `currency`, an expression too."""

    name: str
    type: Type
    sql: str
    sqlite: str = ""
    currency: str = ""

    def stored(self, vendor: str) -> str:
        return self.sqlite if self.sqlite and vendor == "sqlite" else self.sql


def as_text(column: Column, *, vendor: str) -> str:
    """The value as a CSV file has it; numbers may still be numbers."""
    stored = column.stored(vendor)
    return (
        (_OF_POSTGRESQL if vendor == "postgresql" else _OF_SQLITE)
        .get(column.type, "{stored}")
        .format(stored=stored, scaled=_scaled(column, vendor) if column.type is Type.MONEY else "")
    )


def bare(column: Column, *, vendor: str) -> str:
    """The value for a reader that knows the type, and reads times in either spelling."""
    is_time = column.type is Type.TIME and vendor == "postgresql"
    return column.stored(vendor) if is_time else as_text(column, vendor=vendor)


def as_json(column: Column, *, vendor: str) -> str:
    """The value as a JSON object has it: money as a string, JSON as what it is. PostgreSQL's writes times itself."""
    if column.type is Type.JSON and vendor == "sqlite":
        return f"json({column.stored(vendor)})"
    if column.type in (Type.JSON, Type.TIME) and vendor == "postgresql":
        return column.stored(vendor)
    text = as_text(column, vendor=vendor)
    return f"({text})::text" if column.type is Type.MONEY and vendor == "postgresql" else text


_OF_POSTGRESQL = {
    # A third of what to_char costs; the connection is in UTC and writes dates as ISO 8601 has them.
    Type.TIME: "replace(replace(({stored})::text, ' ', 'T'), '+00', 'Z')",
    Type.MONEY: "{scaled}",
    Type.JSON: "({stored})::text",
}
_OF_SQLITE = {
    Type.ID: "substr({stored}, 1, 8) || '-' || substr({stored}, 9, 4) || '-' || substr({stored}, 13, 4) || '-' || "
    "substr({stored}, 17, 4) || '-' || substr({stored}, 21)",
    Type.TIME: "replace({stored}, ' ', 'T') || 'Z'",
    # A bare column of this type would become an object of Python's.
    Type.DAY: "{stored} || ''",
    Type.MONEY: "{scaled}",
}


def _scaled(column: Column, vendor: str) -> str:
    """Minor units to a decimal, with as many places as the currency has."""
    of_decimals = _decimal_of_postgresql if vendor == "postgresql" else _decimal_of_sqlite
    cases = " ".join(
        f"WHEN {column.currency} IN ({', '.join(map(repr, codes))}) THEN {of_decimals(decimals, column.sql)}"
        for decimals, codes in _unusual().items()
    )
    usual = of_decimals(USUAL_DECIMALS, column.sql)
    # The first two questions are those that most rows need no more than.
    often = f"WHEN {column.sql} IS NULL THEN NULL WHEN {column.currency} IN ('EUR', 'USD') THEN {usual}"
    return f"CASE {often} {cases} ELSE {usual} END"


def _decimal_of_postgresql(decimals: int, minor: str) -> str:
    """A product has the places of its factors: no rounding, no cast."""
    return f"{minor} * {'0.' + '0' * (decimals - 1) + '1' if decimals else '1.'}"


def _decimal_of_sqlite(decimals: int, minor: str) -> str:
    """By integers alone: this database has no decimals, and floats are none."""
    if not decimals:
        return f"CAST({minor} AS TEXT)"
    unit = 10**decimals
    sign = f"CASE WHEN {minor} < 0 THEN '-' ELSE '' END"
    digits = f"printf('%%d.%%0{decimals}d', abs({minor}) / {unit}, abs({minor}) %% {unit})"
    return f"{sign} || {digits}"


@cache
def _unusual() -> dict[int, list[str]]:
    """Currencies of ISO 4217 whose decimals are not two, by their number."""
    found: defaultdict[int, list[str]] = defaultdict(list)
    for currency in Currency:
        try:
            decimals = money.exponent(currency.code)
        except AmountInvalid:  # gold and other units that nobody pays in
            continue
        if decimals != USUAL_DECIMALS:
            found[decimals].append(currency.code)
    return dict(found)
