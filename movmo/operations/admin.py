"""The pipeline's tables for staff: to look at, never to change."""

from typing import Any, ClassVar

from django.contrib import admin
from django.db.models import Model
from django.http import HttpRequest
from unfold.admin import ModelAdmin

from movmo.operations.models import AuditEvent, IdempotencyRecord


class ReadOnlyAdmin(ModelAdmin):
    """A table that only services write. Fast at a million rows: no full count, no facets."""

    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False


@admin.register(IdempotencyRecord)
class IdempotencyRecordAdmin(ReadOnlyAdmin):
    list_display = ("id", "operation", "outcome", "status", "owner_id", "created_at", "expires_at")
    list_filter = ("outcome",)
    search_fields = ("id__exact", "owner_id__exact", "resource_id__exact")
    exclude = ("key_hash", "fingerprint", "stored")


@admin.register(AuditEvent)
class AuditEventAdmin(ReadOnlyAdmin):
    list_display = ("at", "phase", "door", "operation", "code", "user_id", "partner_id", "client_id", "duration_ms")
    list_filter = ("phase", "door")
    search_fields = ("call_id__exact", "request_id__exact", "user_id__exact", "resource_id__exact")
    search_help_text: ClassVar[Any] = "A whole call id, request id, user id or resource id."
