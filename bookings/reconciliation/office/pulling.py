"""Asking a provider for its statements by hand, without waiting for the night."""

from typing import Any

from django import forms
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextInputWidget, UnfoldBooleanWidget

from bookings.providers import registry
from bookings.reconciliation.pull import services
from bookings.reconciliation.pull.services import MOST_DAYS_BY_HAND, Pulled
from bookings.reconciliation.resolution.schemas import By
from movmo.kit import clock

WORDS = (
    "The provider is asked now for what it sold, as it is each night for the day before. What it tells is read and "
    "compared by itself, where nothing is wrong with it."
)


def _providers() -> list[tuple[str, str]]:
    able = [one.capabilities for one in registry.all_providers() if one.capabilities.statements]
    return [(one.provider, one.name) for one in able]


class PullForm(forms.Form):
    provider = forms.ChoiceField(choices=_providers, widget=UnfoldAdminSelectWidget())
    starts_on = forms.DateField(
        label="First day", widget=UnfoldAdminTextInputWidget(attrs={"type": "date"}), help_text="UTC."
    )
    ends_on = forms.DateField(
        label="Last day",
        required=False,
        widget=UnfoldAdminTextInputWidget(attrs={"type": "date"}),
        help_text=f"UTC, included; the first day alone if it is empty. At most {MOST_DAYS_BY_HAND} days, and all of "
        "them over.",
    )
    again = forms.BooleanField(
        label="Also days that are here already",
        required=False,
        widget=UnfoldBooleanWidget(),
        help_text="What the provider tells otherwise by now comes in beside the earlier statement, and corrects it.",
    )


def pull(typed: dict[str, Any], *, by: By) -> str:
    """What the clerk is told. Raises what `pull_now` does."""
    first, last = typed["starts_on"], typed["ends_on"] or typed["starts_on"]
    return told(services.pull_now(typed["provider"], first, last, by=by, clock=clock.now, again=typed["again"]))


def told(pulled: Pulled) -> str:
    if not pulled.new:
        return "Nothing new: the statements of these days are here already."
    number = len(pulled.new)
    came = "1 statement came in" if number == 1 else f"{number} statements came in"
    return f"{came}. Workers read and compare {'it' if number == 1 else 'them'} now."
