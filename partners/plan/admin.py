"""Usage plans in the back office."""

from typing import Any

from django import forms
from django.contrib import admin
from unfold.widgets import UnfoldAdminCheckboxSelectMultipleWidget

from movmo.operations.catalogue import names
from movmo.operations.history_page import WithHistory
from partners.plan.models import MCP_RATE, UsagePlan


class PlanForm(forms.ModelForm):  # type: ignore[type-arg]
    """The operations as boxes to tick. One that has gone is offered too, so that unticking it is somebody's choice."""

    allowed_operations = forms.MultipleChoiceField(
        required=False,
        widget=UnfoldAdminCheckboxSelectMultipleWidget,
        help_text="None ticked: every operation, those that are yet to come too. "
        "A version on its way out allows the one that follows it.",
    )

    class Meta:
        model = UsagePlan
        fields = ("name", "rate", "burst", "month_quota", "live_keys", "allowed_operations")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        kept = self.instance.allowed_operations.split()
        gone = [name for name in kept if name not in names()]
        choices = [(name, name) for name in names()]
        field = self.fields["allowed_operations"]
        assert isinstance(field, forms.MultipleChoiceField)
        field.choices = choices + [(name, f"{name}: no longer there, untick it") for name in gone]
        self.initial["allowed_operations"] = kept

    def clean_allowed_operations(self) -> str:
        return " ".join(self.cleaned_data["allowed_operations"])


@admin.register(UsagePlan)
class UsagePlanAdmin(WithHistory):
    form = PlanForm
    list_display = ("name", "calls_a_second", "calls_at_once", "calls_a_month", "operations", "on_mcp")
    search_fields = ("name",)
    fields = ("name", "rate", "burst", "month_quota", "live_keys", "on_mcp", "allowed_operations")
    readonly_fields = ("on_mcp",)

    @admin.display(description="cost units a second", ordering="rate")
    def calls_a_second(self, plan: UsagePlan) -> int:
        return plan.rate

    @admin.display(description="at once", ordering="burst")
    def calls_at_once(self, plan: UsagePlan) -> int:
        return plan.burst

    @admin.display(description="a month", ordering="month_quota", empty_value="no quota")
    def calls_a_month(self, plan: UsagePlan) -> str | None:
        return None if plan.month_quota is None else f"{plan.month_quota:,}"

    @admin.display(description="operations")
    def operations(self, plan: UsagePlan) -> str:
        return f"{len(plan.allowed_operations.split())} of {len(names())}" if plan.allowed_operations else "all"

    @admin.display(description="calls a second over MCP")
    def on_mcp(self, plan: UsagePlan) -> str:
        return f"{MCP_RATE}: a key is refused there, agents come with a traveler's token"
