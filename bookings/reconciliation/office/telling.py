"""Rows in the words of the pages: amounts with their currency, tables, charts."""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.core.cache import cache
from django.template.loader import render_to_string
from django.utils.html import format_html

from bookings.reconciliation import figures
from bookings.reconciliation.states import StatementState
from movmo.kit import bars
from movmo.kit.errors import DomainError
from movmo.kit.money import Money

DAYS = 30
KEPT = 60  # seconds


def money(minor: int | None, currency: str) -> str:
    """A currency that we do not know is shown with its plain number."""
    if minor is None or not currency:
        return "–"
    try:
        return str(Money(minor, currency))
    except DomainError:
        return f"{minor} {currency}"


def amount(minor: int | None, currency: str) -> str:
    """The same where its currency stands beside it."""
    return money(minor, currency).removesuffix(f" {currency}")


def table(
    name: str,
    heads: Sequence[str],
    rows: Iterable[Sequence[Any]],
    *,
    numbers: Collection[str] = (),
    texts: Collection[str] = (),
    none: str = "Nothing.",
    all_of: int = 0,
) -> str:
    """`numbers` are the heads of the columns that are aligned on the right, `texts` of those that need room. `all_of`
    is how many there are, where not all may be shown."""
    looks = ["number" if head in numbers else "text" if head in texts else "word" for head in heads]
    shown = {
        "name": name,
        "heads": list(zip(heads, looks, strict=True)),
        "rows": [list(zip(row, looks, strict=True)) for row in rows],
        "none": none,
        "all_of": all_of,
    }
    return render_to_string("admin/reconciliation/table.html", shown)


def buttons(links: Sequence[tuple[str, str]]) -> str:
    return render_to_string("admin/reconciliation/buttons.html", {"buttons": links})


def noted(note: str, shown: str) -> str:
    """With a sentence above it, where there is one to be said."""
    return format_html('<p class="mb-2">{}</p>{}', note, shown) if note else shown


UNDER_WAY = {
    StatementState.RECEIVED: "A worker reads it. This page renews itself.",
    StatementState.ACCEPTED: "A worker compares it. This page renews itself.",
}


def under_way(state: str) -> str:
    return format_html('<p data-under-way role="status">{}</p>', UNDER_WAY[StatementState(state)])


def charts(now: datetime) -> list[tuple[str, bars.Chart]]:
    """Discrepancies by the day on which they were first found, for the last DAYS days."""
    return cache.get_or_set("reconciliation.charts", lambda: _charts(now), KEPT) or []


def _charts(now: datetime) -> list[tuple[str, bars.Chart]]:
    first = now.replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(days=DAYS - 1)
    counted = figures.by_day(first, DAYS)
    if not counted:
        return []
    days = [first + timedelta(days=number) for number in range(DAYS)]
    labels = [f"{day.day} {day:%b}" for day in days]
    kinds = (("class", figures.of_class), ("provider", figures.of_provider))
    return [
        (f"Discrepancies by day and {what}", bars.stacked(labels, figures.amounts(counted, DAYS, kind)))
        for what, kind in kinds
    ]
