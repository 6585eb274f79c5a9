"""Versions of the rules, as staff make and read them: one line for each currency and column."""

from datetime import datetime
from typing import Any

from django import forms
from unfold.widgets import UnfoldAdminTextareaWidget

from bookings.reconciliation import tolerating
from bookings.reconciliation.models import Rules
from bookings.reconciliation.office.asking import ReasonForm
from bookings.reconciliation.resolution import ruling
from bookings.reconciliation.resolution.limits import COLUMN
from bookings.reconciliation.resolution.schemas import By
from bookings.reconciliation.tolerating import EVERYWHERE_ELSE
from movmo.kit.errors import DomainError
from movmo.kit.money import Money

COLUMNS = (*tolerating.COLUMNS, COLUMN)


class RulesForm(ReasonForm):
    tolerances = forms.CharField(
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 6, "spellcheck": "false"}),
        max_length=4_000,
        help_text="A line each: currency, column, amount. EUR gross 0.05 tolerates five cents; EUR write_off 50.00 is "
        "what one person alone may write off, close, accept or link, and what a statement may come to that they upload "
        "and accept; * instead of a currency is all others, in minor units. Columns: gross, tax, fee, write_off. This "
        "replaces the version before as a whole. What lets more pass waits for a second person, and only the role "
        "admin raises a write_off.",
    )
    field_order = ("tolerances", "reason")

    def clean_tolerances(self) -> dict[str, dict[str, int]]:
        found: dict[str, dict[str, int]] = {}
        for number, line in enumerate(self.cleaned_data["tolerances"].splitlines(), start=1):
            if line.strip():
                currency, column, minor = _read(line, number)
                found.setdefault(currency, {})[column] = minor
        return found


def _read(line: str, number: int) -> tuple[str, str, int]:
    words = line.split()
    if len(words) != 3 or words[1] not in COLUMNS:
        raise forms.ValidationError(f"Line {number} is not “currency column amount”, as in EUR gross 0.05.")
    currency, column, amount = words
    try:
        minor = _minor(amount) if currency == EVERYWHERE_ELSE else Money.parse(amount, currency).minor
    except DomainError as refusal:
        raise forms.ValidationError(f"Line {number}: {refusal.text}") from None
    if minor is None or minor < 0:
        raise forms.ValidationError(f"Line {number}: {amount} is no amount that can be tolerated.")
    return currency, column, minor


def _minor(amount: str) -> int | None:
    return int(amount) if amount.isascii() and amount.isdigit() and len(amount) <= 12 else None


def made(typed: dict[str, Any], *, by: By, now: datetime) -> str:
    """What the clerk is told. Raises what `ruling.make` does."""
    done = ruling.make(typed["tolerances"], reason=typed["reason"], by=by, now=now)
    if isinstance(done, Rules):
        return f"Version {done.version} is in force. Runs that were made keep theirs."
    return "Asked: more would pass than before. A second person signs or declines it; until then nothing changes."


def in_lines(rules: Rules | None) -> list[str]:
    """As the form takes them."""
    return [
        f"{currency} {column} {minor if currency == EVERYWHERE_ELSE else Money(minor, currency).amount}"
        for currency, columns in sorted((rules.tolerances if rules else {}).items())
        for column, minor in sorted(columns.items())
    ]


def in_words(rules: Rules | None) -> str:
    told = in_lines(rules)
    if rules is None or not told:
        return "nothing is tolerated, and whatever is at stake takes two people"
    return f"version {rules.version}: {', '.join(told)}"
