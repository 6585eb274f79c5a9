"""What makes a line a bad one. Each check stands once: as SQL it holds lines back, and by its code it is explained."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from bookings.reconciliation.dialect import KNOWN, Dialect, listed
from bookings.reconciliation.layout import AMOUNTS, COLUMNS, DATES, KEYS, KINDS, STATUSES, Layout
from bookings.reconciliation.models import ColumnMapping, QuarantinedLine, Statement, StatementLine, Stream
from movmo.kit.money import exponent

AROUND = timedelta(days=400)
"""How far from its statement's period a day may be. All of these days are listed: that is also what tells a 30th of
February from a day.
"""
NOT_NEGATIVE, NOT_POSITIVE = ("sale", "adm"), ("refund", "void", "acm")
WITHOUT_A_KEY = ("adm", "acm", "fee")
LONGEST = {one.name: one.max_length for one in StatementLine._meta.concrete_fields if one.name in KEYS}
LONGEST_SURNAME = 80
LETTERS, FIGURES = re.compile(r"[^\W\d_]"), re.compile(r"\d")
CONTROLS = re.compile(r"[\x00-\x1f\x7f]")
LONGEST_SHOWN = 40
_AMOUNT = re.compile(r"[+-]?[0-9]{1,9}(?:[.,][0-9]{1,6}){1,3}")
_DAY = re.compile(r"[0-9]{1,4}([-./])[0-9]{1,2}\1[0-9]{1,4}")
PUBLIC = {
    "kind": re.compile("|".join(KINDS), re.IGNORECASE),
    "currency": re.compile(r"[^\W_]{1,3}"),
    **dict.fromkeys(AMOUNTS, _AMOUNT),
    **dict.fromkeys(DATES, _DAY),
}
"""By column, what is nobody's secret."""


@dataclass(frozen=True, slots=True)
class Check:
    code: str
    column: str
    is_bad: str


def checks(statement: Statement, layout: Layout, locks: Sequence[tuple[date, date]], sql: Dialect) -> list[Check]:
    """Over the columns of ours, as texts that are never null. Of those that the file lacks nothing has to be asked."""
    amounts = [Check(f"{name}_malformed", name, sql.is_malformed([name], "currency")) for name in AMOUNTS]
    found = [
        Check("kind_unknown", "kind", f"kind NOT IN ({listed(list(KINDS))})"),
        Check("currency_unknown", "currency", f"currency NOT IN ({listed(KNOWN)})"),
        *[Check("too_long", name, f"length({name}) > {most}") for name, most in LONGEST.items()],
        Check("too_long", "surname", f"length(surname) > {LONGEST_SURNAME}"),
        Check("no_key", "", _no_key(layout)),
        Check("gross_missing", "gross", "gross = ''"),
        *amounts,
        Check("sign", "gross", _wrong_sign()),
        *_days(statement),
        *_statuses(statement),
        *[Check("period_locked", "issued_on", f"issued_on BETWEEN '{first}' AND '{last}'") for first, last in locks],
    ]
    told = [one for one in found if not one.column or one.column in layout.texts or one.code == "status_unknown"]
    return told + _no_day(statement, locks)


ANSWERED = ("kind_unknown", "currency_unknown", "no_key", "gross_missing", "sign")
"""Of a plain sale of a ticket or an order, which is not negative."""


def any_bad(found: Sequence[Check], sql: Dialect) -> str:
    """True for a bad line, whose amounts were looked at before: `plain`, which only known currencies have. Most lines
    are plain sales, which answers most of what is asked of a line.
    """
    answered = [one for one in found if one.code in ANSWERED]
    rest = [one for one in found if one not in answered and not one.code.endswith("_malformed")]
    odd = " OR ".join([*(one.is_bad for one in answered), _malformed(found, sql)])
    usual = "plain AND kind = 'sale' AND gross >= '0' AND (order_id <> '' OR ticket_number <> '')"
    return (
        "(" + " OR ".join([f"CASE WHEN {usual} THEN {sql.false} ELSE {odd} END", *(one.is_bad for one in rest)]) + ")"
    )


def _malformed(found: Sequence[Check], sql: Dialect) -> str:
    """The amounts are held against one pattern together, which is quicker than one each, and quickest if left out."""
    return sql.is_malformed([one.column for one in found if one.code.endswith("_malformed")], "currency")


def any_odd(found: Sequence[Check], sql: Dialect) -> str:
    """The quick form: what the types of the columns or the sums by kind and currency tell as well is left to those."""
    if not sql.has_types:
        return any_bad(found, sql)
    each = [one.is_bad for one in found if one.code in ("gross_missing", "date", "period_locked")]
    unless_plain = f"CASE WHEN plain THEN {sql.false} ELSE {_malformed(found, sql)} END"
    return "(" + " OR ".join([*each, unless_plain]) + ")"


def first_bad(found: Sequence[Check]) -> str:
    """Which check it was, by its place in `found`."""
    return "CASE" + "".join(f" WHEN {one.is_bad} THEN {place}" for place, one in enumerate(found)) + " END"


def _no_key(layout: Layout) -> str:
    empty = "".join(f"{name} = '' AND " for name in KEYS if name in layout.texts)
    return f"({empty}kind NOT IN ({listed(list(WITHOUT_A_KEY))}))"


def _wrong_sign() -> str:
    """Nothing has no sign: -0.00 is a zero, here as where the stored sums are looked at (`summing.of_stored`)."""
    negative = "substr(gross, 1, 1) = '-'"
    nothing = "trim(gross, '-0.') = ''"
    return (
        f"(({negative} AND kind IN ({listed(list(NOT_NEGATIVE))}) AND NOT {nothing})"
        f" OR (NOT {negative} AND kind IN ({listed(list(NOT_POSITIVE))}) AND NOT {nothing}))"
    )


def _days(statement: Statement) -> list[Check]:
    first, last = statement.period_start - AROUND, statement.period_end + AROUND
    days = [(first + timedelta(days=after)).isoformat() for after in range((last - first).days + 1)]
    return [Check("date", name, f"{name} NOT IN ('', {listed(days)})") for name in ("issued_on", "departure_on")]


def _no_day(statement: Statement, locks: Sequence[tuple[date, date]]) -> list[Check]:
    """Of a line without a day nobody can tell that it is of none that is locked, also where the file has no days."""
    if any(first <= statement.period_end and last >= statement.period_start for first, last in locks):
        return [Check("period_locked", "issued_on", "issued_on = ''")]
    return []


def _statuses(statement: Statement) -> list[Check]:
    if statement.stream == Stream.ORDERS:
        return [Check("status_unknown", "status", f"status NOT IN ({listed(list(STATUSES))})")]
    return [Check("status_misplaced", "status", "status <> ''")]


def explained(statement: Statement, line: int, check: Check, row: dict[str, str]) -> QuarantinedLine:
    """The line in quarantine: what is wrong with it, and its masked text."""
    value = row.get(check.column, "")
    return QuarantinedLine(
        statement=statement,
        line=line,
        column=check.column,
        code=check.code,
        message=_message(check, value, row, mapping=statement.mapping)[:300],
        text=masked(",".join(row[name] for name in COLUMNS))[:500],
    )


def _message(check: Check, value: str, row: dict[str, str], *, mapping: ColumnMapping | None) -> str:
    shown = _shown(value, check.column)
    told: dict[str, Any] = {"column": check.column, "value": shown, "kind": row["kind"], "kinds": ", ".join(KINDS)}
    if check.code.endswith("_malformed") and mapping is not None and mapping.decimal_comma:
        return _comma_message(shown, check.column, row["currency"])
    if check.code.endswith("_malformed"):
        return _amount_message(value, shown, check.column, row["currency"])
    if check.code == "period_locked" and not value:
        return NO_DAY
    if check.code == "kind_unknown" and not value:
        return NO_KIND
    return MESSAGES[check.code].format(**told)


def _shown(value: str, column: str) -> str:
    """As it is where it looks like what its column is for, so that whoever sent it finds it again. All else is masked:
    a file whose columns have moved has names, tickets and locators anywhere.
    """
    return (value if (shape := PUBLIC.get(column)) and shape.fullmatch(value) else masked(value))[:LONGEST_SHOWN]


def _amount_message(value: str, shown: str, column: str, currency: str) -> str:
    if currency not in KNOWN:
        return f'{column} "{shown}" cannot be judged: the currency is not in ISO 4217.'
    decimals = exponent(currency)
    if re.fullmatch(r"-?\d+\.\d+", value, re.ASCII):
        return f'{column} "{shown}" has more than the {decimals} decimals of {currency}, or too many digits.'
    return f'{column} "{shown}" is no plain decimal: digits, a point and at most {decimals} decimals, such as -12.'


def _comma_message(shown: str, column: str, currency: str) -> str:
    """Commas and points have changed places: see `layout`."""
    written = shown.translate(str.maketrans(",.", ".,"))
    if currency not in KNOWN:
        return f'{column} "{written}" cannot be judged: the currency is not in ISO 4217.'
    return (
        f'{column} "{written}" is no amount with a decimal comma and at most {exponent(currency)} decimals. '
        "A point may stand before groups of three digits only, as in 1.234,50."
    )


NO_KIND = f"The word for the kind is none that the format or the mapping knows; kinds are {', '.join(KINDS)}."
NO_DAY = "issued_on is empty, and some of the statement's days are locked: give the day of the line."
MESSAGES = {
    "kind_unknown": 'kind "{value}" is none of {kinds}.',
    "currency_unknown": 'currency "{value}" is not in ISO 4217.',
    "too_long": "{column} is too long.",
    "no_key": "The line names no order, client reference, ticket or record locator.",
    "gross_missing": "gross is empty.",
    "sign": 'gross "{value}" has the wrong sign for the kind {kind}: only what comes back to us is negative.',
    "date": '{column} "{value}" is no day (yyyy-mm-dd) within 400 days of the statement\'s period.',
    "status_unknown": "status is none of held, confirmed, ticketed, cancelled, lapsed.",
    "status_misplaced": "status is for the orders of a pull; a settlement has none.",
    "period_locked": "issued_on {value} is in a locked period.",
    "columns": "The line has {value} columns, and the header has {kind}.",
    "quote": "A quotation mark stands where none may; inside of quotation marks it is doubled.",
    "encoding": "The line is not UTF-8; perhaps it is Latin-1. Save the file as UTF-8.",
    "control_character": "The line has a control character in it.",
    "json": "The line is no JSON object of texts and numbers with the names of columns.",
}


def masked(text: str) -> str:
    """Its shape without its content: letters become x and figures 9. Names, tickets and locators cannot be read."""
    return CONTROLS.sub("?", FIGURES.sub("9", LETTERS.sub("x", text)))
