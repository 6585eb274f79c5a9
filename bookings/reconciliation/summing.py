"""Totals that tie, by currency and in minor units.

Of a statement: opening + what the lines move = closing. Of a run: what each side has is what agrees, and what stands in
its discrepancies, class by class.
"""

# Table names, columns and words in these statements are constants of ours.
# ruff: noqa: S608

from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from django.db.backends.utils import CursorWrapper

from bookings.reconciliation import ours
from bookings.reconciliation.checks import NOT_NEGATIVE, NOT_POSITIVE, WITHOUT_A_KEY
from bookings.reconciliation.dialect import KNOWN, listed
from bookings.reconciliation.finding import FOUND
from bookings.reconciliation.layout import KEYS, KINDS, STATUSES
from bookings.reconciliation.lines import IN_STATEMENT, SUMS, span
from bookings.reconciliation.models import Statement
from bookings.reconciliation.refusals import StatementDoesNotTie
from bookings.reconciliation.states import MATCHED
from movmo.kit.money import Money

Totals = dict[str, dict[str, Any]]


def of_lines(rows: Iterable[tuple[Any, ...]], control: dict[str, Any]) -> tuple[Totals, dict[str, int]]:
    """From rows that begin as `lines.SUMS`: the totals by currency, and how many lines there are of each kind. In the
    turnover nothing is set off against what was given back: of each kind but fees all lines have one sign.
    """
    kinds: dict[str, int] = defaultdict(int)
    turnover: dict[tuple[str, str], int] = defaultdict(int)
    totals: Totals = {}
    for currency, kind, lines, gross, tax, fee, net, moved, *_ in rows:
        kinds[kind] += int(lines)
        turnover[currency, kind] += int(gross)
        total = totals.setdefault(currency, _nothing())
        for name, more in (
            ("lines", lines),
            ("gross_minor", gross),
            ("tax_minor", tax),
            ("fee_minor", fee),
            ("net_minor", net),
            ("moved_minor", moved),
        ):
            total[name] += int(more)
    for (currency, _), gross in turnover.items():
        totals[currency]["turnover_minor"] += abs(gross)
    for currency, amount in control.get("opening", {}).items():
        total = totals.setdefault(currency, _nothing())
        total["opening_minor"] = Money.parse(amount, currency).minor
        total["closing_minor"] = Money.parse(control["closing"][currency], currency).minor
        total["ties"] = total["opening_minor"] + total["moved_minor"] == total["closing_minor"]
    return totals, dict(kinds)


def _nothing() -> dict[str, Any]:
    return {
        "lines": 0,
        "gross_minor": 0,
        "turnover_minor": 0,
        "tax_minor": 0,
        "fee_minor": 0,
        "net_minor": 0,
        "moved_minor": 0,
        "opening_minor": None,
        "closing_minor": None,
        "ties": None,
    }


def untied(totals: Totals) -> StatementDoesNotTie | None:
    """What to say about the first currency that does not tie."""
    for currency, total in sorted(totals.items()):
        if total["ties"] is False:
            opening, moved, closing = (
                Money(total[name], currency) for name in ("opening_minor", "moved_minor", "closing_minor")
            )
            return StatementDoesNotTie(
                currency=currency,
                opening=opening.amount,
                lines=moved.amount,
                sum=(opening + moved).amount,
                closing=closing.amount,
            )
    return None


def of_stored(cursor: CursorWrapper, statement: Statement) -> list[tuple[Any, ...]]:
    """Rows of SUMS, each with its outcome, what is tolerated of it, and how many of its lines have no business to be
    there: one pass over the stored lines.
    """
    negative, positive = (f"kind IN ({listed(list(kinds))})" for kinds in (NOT_NEGATIVE, NOT_POSITIVE))
    status = f"status NOT IN ({listed(list(STATUSES))})" if ours.is_orders(statement) else "status <> ''"
    empty = " AND ".join(f"{name} = ''" for name in KEYS)
    suspect = (
        f"(gross_minor < 0 AND {negative}) OR (gross_minor > 0 AND {positive}) OR {status} "
        f"OR ({empty} AND kind NOT IN ({listed(list(WITHOUT_A_KEY))}))"
    )
    cursor.execute(
        f"SELECT {SUMS}, outcome, sum(coalesce(off_minor, 0)), sum(CASE WHEN {suspect} THEN 1 ELSE 0 END) "
        f"FROM reconciliation_line WHERE {IN_STATEMENT} GROUP BY currency, kind, outcome",
        span(statement),
    )
    return list(cursor.fetchall())


def is_suspect(stored: Iterable[tuple[Any, ...]]) -> bool:
    """Whether there are bad lines among those that were stored quickly."""
    return any(row[-1] or row[0] not in KNOWN or row[1] not in KINDS for row in stored)


def of_run(cursor: CursorWrapper, stored: Iterable[tuple[Any, ...]]) -> tuple[dict[str, Any], Totals]:
    """(counts, totals) of a run, from its classed lines and the table of what was found."""
    totals: Totals = defaultdict(
        lambda: {"ours": 0, "theirs": 0, "matched_ours": 0, "matched_theirs": 0, "by_class": {}}
    )
    lines = matched = 0
    for currency, _, count, gross, *_, outcome, off, _ in stored:
        lines += int(count)
        totals[currency]["theirs"] += int(gross)
        if outcome == MATCHED:
            matched += int(count)
            totals[currency]["matched_theirs"] += int(gross)
            totals[currency]["matched_ours"] += int(gross) + int(off)
            totals[currency]["ours"] += int(gross) + int(off)
    by_class = _by_class(cursor, totals)
    return {"lines": lines, "matched": matched, "by_class": by_class, "found": sum(by_class.values())}, dict(totals)


def _by_class(cursor: CursorWrapper, totals: Totals) -> dict[str, int]:
    """Into the totals: each side's amounts, under the currency that the side names."""
    counts: dict[str, int] = defaultdict(int)
    cursor.execute(f"SELECT class, currency, count(*) FROM {FOUND} GROUP BY class, currency")
    for class_, currency, count in cursor.fetchall():
        counts[class_] += int(count)
        _of_class(totals, currency, class_)["count"] += int(count)
    for side in ("ours", "theirs"):
        cursor.execute(
            f"SELECT class, {side}_currency, sum({side}_minor) FROM {FOUND} WHERE {side}_currency <> '' "
            f"GROUP BY class, {side}_currency"
        )
        for class_, currency, minor in cursor.fetchall():
            _of_class(totals, currency, class_)[side] += int(minor)
            if side == "ours":
                totals[currency]["ours"] += int(minor)
    return dict(counts)


def _of_class(totals: Totals, currency: str, class_: str) -> dict[str, int]:
    found: dict[str, int] = totals[currency]["by_class"].setdefault(class_, {"count": 0, "ours": 0, "theirs": 0})
    return found
