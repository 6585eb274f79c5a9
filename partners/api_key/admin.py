"""API keys in the back office: issue, revoke, never read."""

from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from unfold.admin import ModelAdmin

from movmo.kit import clock
from partners.api_key import services
from partners.api_key.models import ApiKey


@admin.register(ApiKey)
class ApiKeyAdmin(ModelAdmin):
    list_display = ("name", "partner", "hint", "created_at", "expires_at", "last_used_at", "revoked_at")
    list_filter = ("partner",)
    list_select_related = ("partner",)
    search_fields = ("name", "hint", "partner__name")
    fields = ("partner", "name", "expires_at", "hint", "created_at", "last_used_at", "revoked_at")
    readonly_fields = ("hint", "created_at", "last_used_at", "revoked_at")
    actions = ("revoke",)

    def get_fields(self, request: HttpRequest, obj: ApiKey | None = None) -> Any:
        return self.fields if obj else ("partner", "name", "expires_at")

    def get_readonly_fields(self, request: HttpRequest, obj: ApiKey | None = None) -> Any:
        return self.readonly_fields if obj is None else (*self.readonly_fields, "partner")

    def has_delete_permission(self, request: HttpRequest, obj: ApiKey | None = None) -> bool:
        return False

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        if change:
            super().save_model(request, obj, form, change)
            return
        issued, raw = services.issue(partner=obj.partner, name=obj.name, expires_at=obj.expires_at)
        obj.pk, obj.digest, obj.hint = issued.pk, issued.digest, issued.hint
        messages.warning(request, f"Copy the key now, it is shown once: {raw}")

    @admin.action(description="Revoke the selected keys")
    def revoke(self, request: HttpRequest, queryset: QuerySet[ApiKey]) -> None:
        for key in queryset:
            services.revoke(key, now=clock.now())
