"""Usage plans in the back office."""

from django.contrib import admin
from unfold.admin import ModelAdmin

from partners.plan.models import UsagePlan


@admin.register(UsagePlan)
class UsagePlanAdmin(ModelAdmin):
    list_display = ("name", "calls_a_second", "calls_at_once")
    search_fields = ("name",)

    @admin.display(description="calls a second", ordering="rate")
    def calls_a_second(self, plan: UsagePlan) -> int:
        return plan.rate

    @admin.display(description="at once", ordering="burst")
    def calls_at_once(self, plan: UsagePlan) -> int:
        return plan.burst
