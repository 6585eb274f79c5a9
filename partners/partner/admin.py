"""Partners in the back office."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.template.loader import render_to_string

from movmo.kit import clock
from movmo.operations.history_page import WithHistory
from partners.origin.admin import CheckoutOrigins
from partners.origin.models import CheckoutOrigin
from partners.partner import chart
from partners.partner.models import Partner


@admin.register(Partner)
class PartnerAdmin(WithHistory):
    list_display = ("name", "slug", "plan", "is_active", "created_at")
    list_filter = ("is_active", "plan")
    list_select_related = ("plan",)
    search_fields = ("name", "slug")
    prepopulated_fields = {"slug": ("name",)}
    fields = ("name", "slug", "plan", "is_active", "client_scopes", "usage")
    readonly_fields = ("usage",)
    inlines = (CheckoutOrigins,)
    parts = ((CheckoutOrigin, "partner_id"),)

    def get_fields(self, request: HttpRequest, obj: Partner | None = None) -> Any:
        return self.fields if obj else self.fields[:-1]

    @admin.display(description="usage")
    def usage(self, partner: Partner) -> str:
        return render_to_string("admin/usage_chart.html", chart.of(partner.pk, clock.now().date())._asdict())

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """A partner is made inactive, not deleted: keys would go with it, and the audit trail names it."""
        return False
