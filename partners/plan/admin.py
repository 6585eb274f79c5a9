"""Usage plans in the back office."""

from django.contrib import admin
from unfold.admin import ModelAdmin

from partners.plan.models import UsagePlan


@admin.register(UsagePlan)
class UsagePlanAdmin(ModelAdmin):
    list_display = ("name", "rate", "burst")
    search_fields = ("name",)
