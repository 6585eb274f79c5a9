"""How much one person alone may end, and by which rules more passes than by others."""

from collections.abc import Callable
from functools import partial

from bookings.reconciliation import queries
from bookings.reconciliation.tolerating import COLUMNS, EVERYWHERE_ELSE, Tolerances, tolerated
from movmo.kit.money import Money

COLUMN = "write_off"


def limit(currency: str) -> int:
    """In minor units, by the rules in force; without any, whatever there is takes two people."""
    return in_force()(currency)


def in_force() -> Callable[[str], int]:
    """The same for many currencies."""
    newest = queries.rules_in_force()
    return partial(_limit, newest.tolerances if newest else {})


def _limit(tolerances: Tolerances, currency: str) -> int:
    """Of a currency that has none of its own that of all others."""
    for known in (currency, EVERYWHERE_ELSE):
        if COLUMN in tolerances.get(known, {}):
            return int(tolerances[known][COLUMN])
    return 0


def raised(before: Tolerances, after: Tolerances) -> list[str]:
    """The limits by which one person may end more than before, in words."""
    return [
        _told(currency, COLUMN, was, now)
        for currency in _currencies(before, after)
        if (now := _limit(after, currency)) > (was := _limit(before, currency))
    ]


def eased(before: Tolerances, after: Tolerances) -> list[str]:
    """The tolerances by which more passes for the same than before, in words."""
    return [
        _told(currency, column, was, now)
        for currency in _currencies(before, after)
        for column in COLUMNS
        if (now := tolerated(after, column, currency)) > (was := tolerated(before, column, currency))
    ]


def _currencies(before: Tolerances, after: Tolerances) -> list[str]:
    return sorted({EVERYWHERE_ELSE, *before, *after})


def _told(currency: str, column: str, *minors: int) -> str:
    told = [str(one) if currency == EVERYWHERE_ELSE else Money(one, currency).amount for one in minors]
    return f"{currency} {column} {' to '.join(told)}"
