"""What PostgreSQL and SQLite say differently. Everything here makes SQL text of our own constants, never of a file's.

Amounts arrive as decimal strings and are kept as integers of the currency's minor unit: how many decimals a currency
has is ISO 4217's word.
"""

# Table names, columns and words in these statements are constants of ours.

from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Protocol

from celery.exceptions import SoftTimeLimitExceeded
from django.db import connection
from django.db.backends.utils import CursorWrapper
from iso4217 import Currency

DIGITS = "0123456789"
UUID_PARTS = ((1, 8), (9, 4), (13, 4), (17, 4), (21, 12))
MOST_DIGITS = 12
"""Before the point."""


def _by_decimals() -> dict[int, list[str]]:
    found: dict[int, list[str]] = defaultdict(list)
    for one in Currency:
        if one.exponent is not None:
            found[int(one.exponent)].append(one.code)
    return {decimals: sorted(codes) for decimals, codes in found.items()}


DECIMALS = _by_decimals()
USUAL = 2
KNOWN = sorted(code for codes in DECIMALS.values() for code in codes)


def listed(texts: Sequence[str]) -> str:
    return ", ".join(f"'{text}'" for text in texts)


def by_decimals(currency: str, parts: dict[int, str]) -> str:
    """A CASE over the currency's decimals; the usual ones come last, as the ELSE."""
    unusual = "".join(
        f" WHEN {currency} IN ({listed(DECIMALS[decimals])}) THEN {part}"
        for decimals, part in parts.items()
        if decimals != USUAL
    )
    return f"CASE{unusual} ELSE {parts[USUAL]} END"


CANCEL_SECONDS = 5


class Dialect(Protocol):
    new_ids: str
    """An expression for a UUID in the order of time; takes the milliseconds as its one parameter."""
    fence: str
    """At the end of a sub-select: what it works out is worked out once."""
    uuid: str
    json_type: str
    """Types of columns."""
    has_types: bool
    """Whether a column refuses what is too long for it, or no number."""
    false: str

    def is_malformed(self, amounts: list[str], currency: str) -> str:
        """True where one of the amounts, each a text that may be empty, is none of the currency."""
        ...

    def is_plain(self, amounts: list[str], currency: str) -> str:
        """True where they are what they nearly always are: of two decimals. Cheap."""
        ...

    def plain_minor(self, amount: str) -> str:
        """Of such an amount in minor units; null of the empty text."""
        ...

    def minor(self, amount: str, currency: str) -> str:
        """A well-formed amount in minor units; null of the empty text."""
        ...

    def has_thousands(self, amount: str) -> str:
        """Whether the points in a text like -1.234.567,50 divide its thousands, of MOST_DIGITS at most."""
        ...

    def date(self, text: str) -> str: ...

    def json(self, parts: dict[str, str]) -> str: ...

    def uuid_text(self, column: str) -> str:
        """As a client reference spells it."""
        ...

    def as_uuid(self, text: str) -> str:
        """Null for what is none."""
        ...

    def first(self, column: str) -> str:
        """The least UUID of a group."""
        ...

    def day(self, moment: str) -> str:
        """Of UTC."""
        ...

    def seen(self, value: str, column: str, rows: str) -> str:
        """Whether one of `rows` (FROM … WHERE …) has the value in its column. Each database has one way of asking
        that reads the rows once, and another that reads them again for every value.
        """
        ...


class PostgreSQL:
    fence, uuid, json_type, has_types, false = "OFFSET 0", "uuid", "jsonb", True, "false"
    new_ids = (
        "(lpad(to_hex(%s::bigint), 12, '0') || '7' || substr(replace(gen_random_uuid()::text, '-', ''), 14))::uuid"
    )

    def is_malformed(self, amounts: list[str], currency: str) -> str:
        """One pattern over all of them at once: a pattern costs most where it begins. Bounds cost more yet."""
        together = " || ' ' || ".join(amounts)
        parts = {decimals: f"{together} !~ '{self._pattern(decimals, len(amounts))}'" for decimals in DECIMALS}
        long = " OR ".join(f"length(ltrim({amount}, '-')) > {MOST_DIGITS + 3}" for amount in amounts)
        return f"({by_decimals(currency, parts)} OR {long})"

    def _pattern(self, decimals: int, times: int) -> str:
        fraction = rf"(?:\.{'[0-9]?' * (decimals - 1)}[0-9])?" if decimals else ""
        one = rf"(?:-?[0-9]+{fraction})?"
        return "^" + " ".join([one] * times) + "$"

    def is_plain(self, amounts: list[str], currency: str) -> str:
        each = [
            f"({one} = '' OR (translate({one}, '{DIGITS}', '') = '.' AND {one} LIKE '%%_.__' "
            f"AND length({one}) <= {MOST_DIGITS + 3}))"
            for one in amounts
        ]
        return " AND ".join([f"{currency} IN ({listed(DECIMALS[USUAL])})", *each])

    def plain_minor(self, amount: str) -> str:
        return f"nullif(replace({amount}, '.', ''), '')::bigint"

    def minor(self, amount: str, currency: str) -> str:
        scale = by_decimals(currency, {decimals: str(10**decimals) for decimals in DECIMALS})
        return f"(nullif({amount}, '')::numeric * {scale})::bigint"

    def has_thousands(self, amount: str) -> str:
        return rf"{amount} ~ '^-?[1-9][0-9]{{0,2}}(\.[0-9]{{3}}){{1,{MOST_DIGITS // 3 - 1}}}(,[^.]*)?$'"

    def date(self, text: str) -> str:
        return f"nullif({text}, '')::date"

    def json(self, parts: dict[str, str]) -> str:
        pairs = ", ".join(f"'{name}', {value}" for name, value in parts.items())
        return f"jsonb_strip_nulls(jsonb_build_object({pairs}))"

    def uuid_text(self, column: str) -> str:
        return f"{column}::text"

    def as_uuid(self, text: str) -> str:
        bare = f"replace({text}, '-', '')"
        return f"CASE WHEN {bare} ~* '^[0-9a-f]{{32}}$' THEN {bare}::uuid END"

    def first(self, column: str) -> str:
        return f"(min({column}::text))::uuid"

    def day(self, moment: str) -> str:
        return f"({moment} AT TIME ZONE 'UTC')::date"

    def seen(self, value: str, column: str, rows: str) -> str:
        return f"EXISTS (SELECT 1 {rows} AND {column} = {value})"


class SQLite:
    fence, uuid, json_type, has_types, false = "LIMIT -1 OFFSET 0", "char(32)", "text", False, "0"
    new_ids = (
        "(printf('%%012x', %s) || '7' || lower(hex(randomblob(1))) || lower(substr(hex(randomblob(1)), 1, 1))"
        " || '8' || lower(substr(hex(randomblob(8)), 2)))"
    )

    def is_malformed(self, amounts: list[str], currency: str) -> str:
        parts = {
            decimals: "NOT (" + " AND ".join(self._is_plain(amount, decimals) for amount in amounts) + ")"
            for decimals in DECIMALS
        }
        return by_decimals(currency, parts)

    def is_plain(self, amounts: list[str], currency: str) -> str:
        short = MOST_DIGITS + 3
        each = [f"({one} = '' OR (printf('%%.2f', {one}) = {one} AND length({one}) <= {short}))" for one in amounts]
        return " AND ".join([f"{currency} IN ({listed(DECIMALS[USUAL])})", *each])

    def plain_minor(self, amount: str) -> str:
        return f"CAST(nullif(replace({amount}, '.', ''), '') AS INTEGER)"

    def _is_plain(self, amount: str, decimals: int) -> str:
        """Without patterns, which SQLite has none of: what is left when the digits are taken off both ends."""
        unsigned = f"iif(substr({amount}, 1, 1) = '-', substr({amount}, 2), {amount})"
        whole = f"{unsigned} <> '' AND trim({unsigned}, '{DIGITS}') = ''"
        ends = " OR ".join(f"{unsigned} GLOB '[0-9]*.{'[0-9]' * count}'" for count in range(decimals, 0, -1))
        split = f"({ends}) AND trim({unsigned}, '{DIGITS}') = '.'" if decimals else "0"
        longest = MOST_DIGITS + (decimals + 1 if decimals else 0)
        return f"({amount} = '' OR ((({split}) OR ({whole})) AND length({unsigned}) <= {longest}))"

    def minor(self, amount: str, currency: str) -> str:
        """By way of a double, whose 53 bits are enough for the digits that are let through."""
        scale = by_decimals(currency, {decimals: str(10**decimals) for decimals in DECIMALS})
        return f"CAST(round(nullif({amount}, '') * {scale}) AS INTEGER)"

    def has_thousands(self, amount: str) -> str:
        whole = f"substr({amount}, 1, instr({amount} || ',', ',') - 1)"
        unsigned = f"iif(substr({whole}, 1, 1) = '-', substr({whole}, 2), {whole})"
        shapes = [
            "[1-9]" + "[0-9]" * more + ".[0-9][0-9][0-9]" * groups
            for groups in range(1, MOST_DIGITS // 3)
            for more in range(3)
        ]
        rest = f"substr({amount}, instr({amount} || ',', ','))"
        either = " OR ".join(f"{unsigned} GLOB '{shape}'" for shape in shapes)
        return f"(({either}) AND instr({rest}, '.') = 0)"

    def date(self, text: str) -> str:
        return f"nullif({text}, '')"

    def json(self, parts: dict[str, str]) -> str:
        pairs = ", ".join(f"'{name}', {value}" for name, value in parts.items())
        return f"json_patch('{{}}', json_object({pairs}))"

    def uuid_text(self, column: str) -> str:
        return " || '-' || ".join(f"substr({column}, {at}, {length})" for at, length in UUID_PARTS)

    def as_uuid(self, text: str) -> str:
        return f"lower(replace({text}, '-', ''))"

    def first(self, column: str) -> str:
        return f"min({column})"

    def day(self, moment: str) -> str:
        return f"substr({moment}, 1, 10)"

    def seen(self, value: str, column: str, rows: str) -> str:
        return f"{value} IN (SELECT {column} {rows} AND {column} IS NOT NULL)"


def dialect() -> Dialect:
    return PostgreSQL() if connection.vendor == "postgresql" else SQLite()


@contextmanager
def ended_with_us() -> Iterator[None]:
    """What the database is asked to do by a worker that runs out of time. Its server would go on with it, whoever hears
    the answer, and keep its locks.
    """
    try:
        yield
    except SoftTimeLimitExceeded:
        if connection.vendor == "postgresql" and connection.connection is not None:
            connection.connection.cancel_safe(timeout=CANCEL_SECONDS)
        raise


def in_bulk(cursor: CursorWrapper) -> None:
    """What follows reads all lines of a statement, once, by hash tables. They have only just been written: of their
    number PostgreSQL's planner knows nothing, takes it for small and would look each of them up.
    """
    if connection.vendor == "postgresql":
        cursor.execute("SET LOCAL enable_nestloop = off")


def in_order(cursor: CursorWrapper, *, on: bool) -> None:
    """Whether what follows groups by sorting. Statements come nearly in the order of our documents, which sorts at
    once; and a million groups of one row each are more than a processor's cache holds as a hash table.
    """
    if connection.vendor == "postgresql":
        cursor.execute(f"SET LOCAL enable_hashagg = {'off' if on else 'on'}")


def in_detail(cursor: CursorWrapper) -> None:
    """What follows is about few of them."""
    if connection.vendor == "postgresql":
        cursor.execute("SET LOCAL enable_nestloop = on")
