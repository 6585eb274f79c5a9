"""Partners in the back office."""

from django.contrib import admin
from unfold.admin import ModelAdmin

from partners.partner.models import Partner


@admin.register(Partner)
class PartnerAdmin(ModelAdmin):
    list_display = ("name", "slug", "plan", "is_active", "created_at")
    list_filter = ("is_active", "plan")
    list_select_related = ("plan",)
    search_fields = ("name", "slug")
    prepopulated_fields = {"slug": ("name",)}
