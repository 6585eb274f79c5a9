"""How far amounts may be apart, as SQL over a currency. Rules name currencies, and "*" for all others."""

from collections.abc import Mapping

from bookings.reconciliation.models import Rules

COLUMNS = ("gross", "tax", "fee")
EVERYWHERE_ELSE = "*"
Tolerances = Mapping[str, Mapping[str, int]]


def is_strict(rules: Rules | None) -> bool:
    return rules is None or not any(row.get(column) for row in rules.tolerances.values() for column in COLUMNS)


def tolerated(tolerances: Tolerances, column: str, currency: str) -> int:
    """In minor units. What is said of a currency is all that is said of it: only others have what `*` has."""
    return int(tolerances.get(currency, tolerances.get(EVERYWHERE_ELSE, {})).get(column, 0))


def within(rules: Rules | None, column: str, currency: str) -> str:
    """The number of minor units that are let pass."""
    if is_strict(rules) or rules is None:
        return "0"
    found: Tolerances = rules.tolerances
    named = "".join(f" WHEN '{code}' THEN {tolerated(found, column, code)}" for code in sorted(found) if code.isalpha())
    other = tolerated(found, column, EVERYWHERE_ELSE)
    return f"CASE {currency}{named} ELSE {other} END" if named else str(other)
