"""Ordering an export in the back office: which filters there are, and what a list's address says of them."""

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, cast

from django import forms
from pydantic import ValidationError
from unfold.widgets import (
    UnfoldAdminSelectWidget,
    UnfoldAdminSingleDateWidget,
    UnfoldAdminTextInputWidget,
    UnfoldBooleanSwitchWidget,
)

from bookings.booking.document.schemas import DocumentKind
from bookings.booking.states import State as BookingState
from bookings.export import access, services
from bookings.export.datasets import DATASETS
from bookings.export.models import FORMATS, Export
from bookings.export.schemas import DatasetName, Format, StaffFilters
from bookings.reconciliation.states import CaseState, Class
from movmo.accounts.models import User
from movmo.kit import clock
from movmo.kit.errors import DomainError
from movmo.operations.context import Door
from partners.partner.models import Partner

if TYPE_CHECKING:
    NewExport = forms.ModelForm[Export]
else:
    NewExport = forms.ModelForm

FIELDS_OF_FILTERS = {
    "first_day": "since",
    "last_day": "until",
    "status": "status",
    "provider": "provider",
    "of_partner": "partner",
    "door": "door",
    "kind": "kind",
    "discrepancy_class": "discrepancy_class",
    "discrepancy_status": "discrepancy_status",
    "statement": "statement_id",
    "booking": "booking_id",
    "operation": "operation",
    "phase": "phase",
    "code": "code",
    "user": "user",
    "client": "client",
    "resource": "resource",
}
"""The form's fields, and which filter each of them is."""
OF_LISTS = {
    "dataset": "rows_of",
    "state": "status",
    "partner": "of_partner",
    "partner_id": "of_partner",
    "user_id": "user",
    "client_id": "client",
    "resource_id": "resource",
    "category": "discrepancy_class",
}
"""How the addresses of lists call what is called otherwise here."""
OF_DISCREPANCIES = {**OF_LISTS, "state": "discrepancy_status"}
ANY = ("", "any")


def asked_by(address: Mapping[str, Any]) -> dict[str, Any]:
    """What the form begins with: the filters of a list, by its address. What is no filter of an export is left out."""
    known = {*ExportForm.base_fields}
    called = OF_DISCREPANCIES if address.get("dataset") == DatasetName.DISCREPANCIES else OF_LISTS
    names = {name: name.removesuffix("__exact").removesuffix("__id") for name in address}
    wanted = {called.get(short, short): address[name] for name, short in names.items() if address[name]}
    return {name: value for name, value in wanted.items() if name in known}


def _text(label: str, help_text: str = "") -> forms.CharField:
    return forms.CharField(
        label=label, help_text=help_text, required=False, max_length=255, widget=UnfoldAdminTextInputWidget
    )


def _id(label: str) -> forms.UUIDField:
    return forms.UUIDField(label=label, required=False, widget=UnfoldAdminTextInputWidget)


def _choice(label: str, words: Iterable[str]) -> forms.ChoiceField:
    """Of words of ours, which a refusal names."""
    known = [*words]
    return forms.ChoiceField(
        label=label,
        choices=[ANY, *((word, word.replace("_", " ")) for word in known)],
        required=False,
        widget=UnfoldAdminSelectWidget,
        error_messages={"invalid_choice": f"%(value)s is none of these: {', '.join(known)}."},
    )


class ExportForm(NewExport):
    """`clerk` is who orders; the fields are of the datasets that they may export."""

    clerk: User

    # Not called `dataset`: the theme takes a form with a field of that name for one of its own tables.
    rows_of = forms.ChoiceField(label="Rows of", widget=UnfoldAdminSelectWidget)
    format = forms.ChoiceField(choices=FORMATS, initial=Format.CSV.value, widget=UnfoldAdminSelectWidget)
    has_bom = forms.BooleanField(
        label="Byte order mark",
        required=False,
        widget=UnfoldBooleanSwitchWidget,
        help_text="Excel opens a CSV in the right letters only if it begins with one.",
    )
    first_day = forms.DateField(
        label="From", required=False, widget=UnfoldAdminSingleDateWidget, help_text="The first day, UTC."
    )
    last_day = forms.DateField(
        label="To", required=False, widget=UnfoldAdminSingleDateWidget, help_text="The last day, UTC, itself included."
    )
    status = _choice("Booking state", [state.value for state in BookingState])
    provider = _text("Provider")
    of_partner = forms.ModelChoiceField(
        label="Partner", queryset=Partner.objects.order_by("name"), required=False, widget=UnfoldAdminSelectWidget
    )
    door = _choice("Door", [door.value for door in Door])
    kind = _choice("Kind", [kind.value for kind in DocumentKind])
    discrepancy_class = _choice("Class", [class_.value for class_ in Class])
    discrepancy_status = _choice("Discrepancy state", [state.value for state in CaseState])
    statement = _id("Statement id")
    booking = _id("Booking id")
    operation = _text("Operation", "For example create_booking.")
    phase = _choice("Phase", ["intent", "outcome"])
    code = _text("Outcome", "For example done.")
    user = _id("User id")
    client = _text("Client id")
    resource = _id("Resource id")

    class Meta:
        model = Export
        fields = ("format", "has_bom")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        offered = [(one.name.value, one.title) for one in access.open_to(self.clerk)]
        cast(forms.ChoiceField, self.fields["rows_of"]).choices = offered

    def clean(self) -> dict[str, Any]:
        """Everything that the service would refuse is said here, before anything is ordered."""
        asked = super().clean() or {}
        if self.errors:
            return asked
        dataset = DatasetName(asked["rows_of"])
        try:
            self.instance = services.prepared(
                self.clerk,
                dataset=dataset,
                format_=Format(asked["format"]),
                filters=self._filters(dataset, asked),
                bom=asked["has_bom"] and asked["format"] == Format.CSV,
                now=clock.now(),
            )
        except DomainError as refusal:
            raise forms.ValidationError(f"{refusal} {refusal.hint}") from None
        except ValidationError as problem:
            raise forms.ValidationError(_told(problem)) from None
        return asked

    def _filters(self, dataset: DatasetName, asked: Mapping[str, Any]) -> StaffFilters:
        """Those that the dataset has; the page shows no others. Raises pydantic's ValidationError."""
        known = DATASETS[dataset].conditions
        given = {name: asked[field] for field, name in FIELDS_OF_FILTERS.items() if name in known and asked[field]}
        return services.filters_of_days(given)

    def _post_clean(self) -> None:
        """The service has made the row; there is nothing for the form to check of it."""


def _told(problem: ValidationError) -> list[str]:
    fields = {name: field for field, name in FIELDS_OF_FILTERS.items()}
    return [f"{ExportForm.base_fields[fields[str(one['loc'][0])]].label}: {one['msg']}" for one in problem.errors()]
