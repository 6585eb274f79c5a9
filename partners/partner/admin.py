"""Partners in the back office."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.template.loader import render_to_string
from unfold.admin import ModelAdmin

from movmo.kit import clock
from partners.origin.admin import CheckoutOrigins
from partners.partner import chart
from partners.partner.models import Partner


@admin.register(Partner)
class PartnerAdmin(ModelAdmin):
    list_display = ("name", "slug", "plan", "is_active", "created_at")
    list_filter = ("is_active", "plan")
    list_select_related = ("plan",)
    search_fields = ("name", "slug")
    prepopulated_fields = {"slug": ("name",)}
    fields = ("name", "slug", "plan", "is_active", "usage")
    readonly_fields = ("usage",)
    inlines = (CheckoutOrigins,)

    def get_fields(self, request: HttpRequest, obj: Partner | None = None) -> Any:
        return self.fields if obj else self.fields[:-1]

    @admin.display(description="usage")
    def usage(self, partner: Partner) -> str:
        return render_to_string("admin/usage_chart.html", {"chart": chart.of(partner.pk, clock.now().date())})

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """A partner is made inactive, not deleted: keys would go with it, and the audit trail names it."""
        return False
