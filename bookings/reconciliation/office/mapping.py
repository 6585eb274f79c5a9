"""Column mappings, as staff make them."""

from dataclasses import fields
from datetime import date, datetime
from typing import Any

from django import forms
from django.db import transaction
from unfold.widgets import (
    UnfoldAdminSelectWidget,
    UnfoldAdminTextareaWidget,
    UnfoldAdminTextInputWidget,
    UnfoldBooleanWidget,
)

from bookings.reconciliation import mappings
from bookings.reconciliation.layout import COLUMNS, KINDS, NEEDED
from bookings.reconciliation.mappings import Names
from bookings.reconciliation.models import ColumnMapping
from bookings.reconciliation.office.asking import providers
from bookings.reconciliation.resolution import trail
from bookings.reconciliation.resolution.schemas import By

DATE_FORMATS = ("%Y-%m-%d", "%d.%m.%Y", "%d/%m/%Y", "%m/%d/%Y", "%Y%m%d", "%d-%m-%Y")
DATES_AS_WRITTEN = [(one, date(2027, 3, 31).strftime(one)) for one in DATE_FORMATS]
DELIMITERS = [(",", "comma"), (";", "semicolon"), ("\t", "tab"), ("|", "bar")]


def _pairs(text: str, known: tuple[str, ...], what: str, *, swapped: bool) -> dict[str, str]:
    """Lines of “ours = theirs”. `swapped`: by theirs."""
    found: dict[str, str] = {}
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip():
            continue
        ours, equals, theirs = (part.strip() for part in line.partition("="))
        if not equals or not theirs or ours not in known:
            raise forms.ValidationError(f"Line {number} is not “{what} = theirs”; ours are {', '.join(known)}.")
        found.update({theirs: ours} if swapped else {ours: theirs})
    return found


class MappingForm(forms.Form):
    provider = forms.ChoiceField(choices=providers, widget=UnfoldAdminSelectWidget())
    name = forms.CharField(max_length=80, widget=UnfoldAdminTextInputWidget())
    delimiter = forms.ChoiceField(choices=DELIMITERS, widget=UnfoldAdminSelectWidget())
    columns = forms.CharField(
        max_length=4_000,
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 8, "spellcheck": "false"}),
        help_text=f"A line each: our column = the name in their header. Needed are {', '.join(NEEDED)}; all of ours "
        f"are {', '.join(COLUMNS)}.",
    )
    kinds = forms.CharField(
        required=False,
        max_length=4_000,
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 4, "spellcheck": "false"}),
        help_text="A line each: our kind = their word for it, as in sale = TKTT.",
    )
    decimal_comma = forms.BooleanField(
        required=False, widget=UnfoldBooleanWidget(), help_text="Amounts are written like 1.234,50."
    )
    date_format = forms.ChoiceField(
        label="Days are written like", choices=DATES_AS_WRITTEN, widget=UnfoldAdminSelectWidget()
    )

    def clean_columns(self) -> dict[str, str]:
        return _pairs(self.cleaned_data["columns"], COLUMNS, "our column", swapped=False)

    def clean_kinds(self) -> dict[str, str]:
        return _pairs(self.cleaned_data["kinds"], KINDS, "our kind", swapped=True)


def make(typed: dict[str, Any], *, by: By, now: datetime) -> ColumnMapping:
    """Raises InvalidArguments or MappingTaken."""
    names = Names(**{one.name: typed[one.name] for one in fields(Names)})
    with transaction.atomic():
        made = mappings.save(typed["name"], names, provider=typed["provider"], by=by.user_id, now=now)
        trail.audited("make_column_mapping", by=by, resource_id=made.pk, name=made.name)
    return made
