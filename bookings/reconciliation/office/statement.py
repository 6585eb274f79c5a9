"""What staff do with a statement, and how it and its runs are told."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any
from uuid import UUID

from django import forms
from django.db import transaction
from django.urls import reverse
from django.utils.html import format_html
from unfold.widgets import (
    UnfoldAdminFileFieldWidget,
    UnfoldAdminIntegerFieldWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminTextInputWidget,
)

from bookings.reconciliation import accepting, queries, services, uploading
from bookings.reconciliation.control import MOST_LINES
from bookings.reconciliation.models import ColumnMapping, DiscrepancyChange, Format, Run, Statement, Stream
from bookings.reconciliation.office import telling
from bookings.reconciliation.office.asking import LOOK_AGAIN, ReasonForm, SeenForm, providers
from bookings.reconciliation.receiving import told_beside
from bookings.reconciliation.refusals import StatementNeedsColleague, StatementNotStaged
from bookings.reconciliation.resolution import trail
from bookings.reconciliation.resolution.queries import label_of, value_of
from bookings.reconciliation.resolution.schemas import By
from bookings.reconciliation.services import Kept, Sender
from bookings.reconciliation.states import StatementState
from movmo.kit import clock
from movmo.operations.admin import to_the_second

MOST_CHANGES = 100
LINK = "text-primary-600 underline dark:text-primary-500"


def _mappings() -> list[tuple[str, str]]:
    known = ColumnMapping.objects.filter(partner=None).order_by("name")
    return [("", "none"), *((str(one.pk), f"{one.name} ({one.provider})") for one in known)]


class UploadForm(forms.Form):
    provider = forms.ChoiceField(choices=providers, widget=UnfoldAdminSelectWidget())
    file = forms.FileField(
        widget=UnfoldAdminFileFieldWidget(),
        help_text="UTF-8 text, as it is or compressed with gzip: at most 32 MiB as it is sent, 512 MiB inside.",
    )
    format = forms.ChoiceField(choices=Format.choices, widget=UnfoldAdminSelectWidget())
    mapping = forms.ChoiceField(
        choices=_mappings,
        required=False,
        widget=UnfoldAdminSelectWidget(),
        help_text="For the format “CSV by a saved column mapping”.",
    )
    lines = forms.IntegerField(
        label="Number of lines",
        required=False,
        min_value=0,
        max_value=MOST_LINES,
        widget=UnfoldAdminIntegerFieldWidget(),
        help_text="Below the header. Without it nobody can tell that a file of Stripe, Adyen or a mapping was cut off; "
        "our CSV and JSON have it in the file.",
    )
    period_start = forms.DateField(
        label="First day", widget=UnfoldAdminTextInputWidget(attrs={"type": "date"}), help_text="UTC."
    )
    period_end = forms.DateField(
        label="Last day", widget=UnfoldAdminTextInputWidget(attrs={"type": "date"}), help_text="UTC, included."
    )


def receive(typed: dict[str, Any], *, by: By, now: datetime) -> Statement:
    file = typed["file"]
    about = Kept(
        file_name=file.name,
        period_start=typed["period_start"],
        period_end=typed["period_end"],
        format=Format(typed["format"]),
        stream=Stream.SETTLEMENT,
        mapping_id=typed["mapping"] or None,
        control=told_beside(typed["lines"]),
    )
    sender = Sender(provider=typed["provider"], user_id=by.user_id)
    received = services.receive(uploading.opened(file.file), about, by=sender, now=now, declared_bytes=file.size)
    trail.audited("upload_statement", by=by, resource_id=received.pk, sha256=received.sha256)
    return received


def said_of(row: Statement, *, now: datetime) -> str:
    """To whoever sent it in at `now`."""
    if row.updated_at != now:
        return f"This file is here already, since {to_the_second(row.created_at)} UTC: the same file is one statement."
    return f"{row.file_name} was received. A worker reads its lines."


class DeclineForm(ReasonForm, SeenForm):
    """Why, of what was shown."""


def shown(row: Statement) -> str:
    """What a word about it is a word about."""
    lines, bad = (row.counts.get(name, 0) for name in ("lines", "bad"))
    return f"{row.period_start} to {row.period_end}: lines {lines:,}, bad ones {bad:,}."


@contextmanager
def _as_shown() -> Iterator[None]:
    """One that is not staged any more says so itself; of one that was staged anew the page says it."""
    try:
        yield
    except StatementNotStaged as refusal:
        if refusal.facts["state"] != StatementState.STAGED:
            raise
        raise forms.ValidationError(LOOK_AGAIN) from None


def _accept(row: Statement, typed: dict[str, Any], by: By) -> str:
    return _accepted(row, typed, by, without_bad_lines=False)


def _accept_without(row: Statement, typed: dict[str, Any], by: By) -> str:
    return _accepted(row, typed, by, without_bad_lines=True)


def _accepted(row: Statement, typed: dict[str, Any], by: By, *, without_bad_lines: bool) -> str:
    with _as_shown(), transaction.atomic():
        word: dict[str, Any] = {"without_bad_lines": without_bad_lines, "seen": typed["seen"]}
        services.accept(row, by=by.user_id, now=clock.now(), **word)
        trail.audited("accept_statement", by=by, resource_id=row.pk, without_bad_lines=without_bad_lines)
    return "Accepted. A worker compares it now."


def _decline(row: Statement, typed: dict[str, Any], by: By) -> str:
    with _as_shown(), transaction.atomic():
        services.decline(row, reason=typed["reason"], now=clock.now(), seen=typed["seen"])
        trail.audited("decline_statement", by=by, resource_id=row.pk, reason=typed["reason"])
    return "Declined. Nothing of it was taken over."


def _compare(row: Statement, typed: dict[str, Any], by: By) -> str:
    with transaction.atomic():
        made = services.run(row, by=by.user_id, now=clock.now())
        trail.audited("run_reconciliation", by=by, resource_id=row.pk, run=made.number)
    return f"A worker compares it now: run {made.number} tells what is different."


ACTIONS: dict[str, tuple[str, str, type[forms.Form], Callable[[Statement, dict[str, Any], By], str]]] = {
    "accept": ("Accept", "Its lines are taken over and compared with ours.", SeenForm, _accept),
    "accept-without": (
        "Accept without its bad lines",
        "The lines in quarantine stay out; all others are taken over and compared with ours.",
        SeenForm,
        _accept_without,
    ),
    "decline": ("Decline", "Nothing of it is taken over.", DeclineForm, _decline),
    "compare": ("Compare again", "The stored lines are compared with ours as they are now.", forms.Form, _compare),
}


def possible(row: Statement, *, may_accept: bool) -> list[str]:
    if row.state == StatementState.STAGED:
        accept = "accept-without" if row.counts.get("bad") else "accept"
        return [accept, "decline"] if may_accept else ["decline"]
    return ["compare"] if row.state == StatementState.RECONCILED and not services.is_running(row) else []


def needs_colleague(row: Statement, *, by: UUID | None) -> str:
    """What they are told beforehand who would be refused; nothing, where they would not."""
    if row.state != StatementState.STAGED:
        return ""
    try:
        accepting.check_not_alone(row, by=by)
    except StatementNeedsColleague as refusal:
        return f"You uploaded it. {refusal.text} {refusal.hint}"
    return ""


def totals(row: Statement) -> str:
    told = [
        (
            currency,
            f"{sums.get('lines', 0):,}",
            telling.amount(sums.get("gross_minor"), currency),
            telling.amount(sums.get("opening_minor"), currency),
            telling.amount(sums.get("closing_minor"), currency),
            {True: "yes", False: "no"}.get(sums.get("ties"), "not told"),
        )
        for currency, sums in sorted(row.totals.items())
    ]
    heads = ("Currency", "Lines", "Gross", "Opening", "Closing", "Ties")
    return telling.table("Totals", heads, told, numbers=heads[1:5], none="None yet.")


def runs(row: Statement) -> str:
    links = [(run_named(run), run_link(run)) for run in row.runs.order_by("-number")[:20]]
    return telling.buttons(links) if links else "none yet"


def run_named(run: Run) -> str:
    state = "" if run.state == Run.State.DONE else f", {run.state}"
    return f"Run {run.number}, {to_the_second(run.as_of)} UTC{state}"


def run_link(run: Run) -> str:
    return reverse("admin:bookings_run_change", args=[run.pk])


def counts(run: Run) -> str:
    told = dict(run.counts)
    by_class = told.pop("by_class", {})
    rows = [*told.items(), *((name.replace("_", " "), number) for name, number in by_class.items())]
    shown = [(name, f"{number:,}") for name, number in rows]
    return telling.table("Counts", ("What", "How many"), shown, numbers=("How many",))


def money_by_class(run: Run) -> str:
    """What each side has is what agrees, and what stands in the classes: `Ties` says whether the two sums are it."""
    rows = [row for currency, sums in sorted(run.totals.items()) for row in _money_of(currency, sums)]
    heads = ("Currency", "What", "How many", "Ours", "Theirs", "Ties")
    return telling.table("Money by currency and class", heads, rows, numbers=heads[2:5])


def _money_of(currency: str, sums: dict[str, Any]) -> Iterator[tuple[str, ...]]:
    by_class = sorted(sums.get("by_class", {}).items())
    yield currency, "matched", "", *_both(sums, "matched_ours", "matched_theirs", currency), ""
    for name, one in by_class:
        yield currency, name.replace("_", " "), f"{one['count']:,}", *_both(one, "ours", "theirs", currency), ""
    tie = all(
        sums.get(side) == sums.get(f"matched_{side}", 0) + sum(one[side] for _, one in by_class)
        for side in ("ours", "theirs")
    )
    yield currency, "all together", "", *_both(sums, "ours", "theirs", currency), "yes" if tie else "no"


def _both(sums: dict[str, Any], ours: str, theirs: str, currency: str) -> tuple[str, str]:
    return telling.amount(sums.get(ours), currency), telling.amount(sums.get(theirs), currency)


def changes(run: Run) -> str:
    if run.state != Run.State.DONE:
        return "It is not done."
    if run.previous_id is None:
        return "It is the first run of its statement: all that it found is new."
    found = list(queries.changes(run)[:MOST_CHANGES])
    told = [(one.get_what_display(), _discrepancy_link(one), "; ".join(differences(one))) for one in found]
    heads = ("What", "Discrepancy", "How")
    return telling.table("What is different", heads, told, texts=("How",), none="Nothing.")


def _discrepancy_link(change: DiscrepancyChange) -> str:
    address = reverse("admin:bookings_discrepancy_change", args=[change.discrepancy_id])
    return format_html('<a class="{}" href="{}">{}</a>', LINK, address, change.discrepancy)


def differences(change: DiscrepancyChange) -> list[str]:
    """What a run found otherwise, each as “what: before → after”; of what is new or gone both sides as they are."""
    before, after = (_values(told) for told in (change.before, change.after))
    names = dict.fromkeys([*before, *after])
    if not before or not after:
        return [f"{name}: {(before or after)[name]}" for name in names if "amount" in name or name == "class"]
    return [
        f"{name}: {before.get(name, '–')} → {after.get(name, '–')}"
        for name in names
        if before.get(name) != after.get(name)
    ] or ["as it was before"]


def _values(told: dict[str, Any]) -> dict[str, str]:
    if not told:
        return {}
    values = {"class": told["class"].replace("_", " "), "matched by": told["tier"].replace("_", " ")}
    for side in ("ours", "theirs"):
        for name in told[side]:
            if text := value_of(told[side], name):
                values[f"{label_of(name)}, {side}"] = text
    return values
