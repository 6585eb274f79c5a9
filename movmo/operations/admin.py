"""The pipeline's tables for staff: to look at, never to change."""

from datetime import datetime
from typing import Any, ClassVar

from django.contrib import admin
from django.db.models import Model
from django.http import HttpRequest
from unfold.admin import ModelAdmin

from movmo.operations.models import AuditEvent, IdempotencyRecord


def to_the_second(at: datetime) -> str:
    """A time of the trail, in UTC: minutes are too coarse to tell steps apart."""
    return f"{at:%Y-%m-%d %H:%M:%S}"


class ReadOnlyAdmin(ModelAdmin):
    """A table that only services write. Fast at a million rows: no full count, no facets."""

    show_full_result_count = False
    list_per_page = 50
    show_facets = admin.ShowFacets.NEVER

    def lookup_allowed(self, lookup: str, value: Any, request: HttpRequest | None = None) -> bool:
        """The filters of the page and nothing else: any other look-up is answered by columns that are encrypted or
        not indexed, or tells what the page does not show."""
        field, _, comparison = lookup.partition("__")
        return field in self.list_filter and comparison in ("", "exact", "isnull") and "\0" not in str(value)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False


@admin.register(IdempotencyRecord)
class IdempotencyRecordAdmin(ReadOnlyAdmin):
    list_display = ("operation", "created", "outcome", "status", "owner_id", "resource_id")
    list_filter = ("outcome",)
    search_fields = ("id__exact", "owner_id__exact", "resource_id__exact")
    search_help_text: ClassVar[Any] = "A whole record id, owner id or resource id."
    # The key's digest, the request's fingerprint and the stored answer stay out.
    fields = ("operation", "owner_id", "resource_id", "reference", "outcome", "status", "created", "expires_at")
    readonly_fields = ("created",)

    @admin.display(description="created (UTC)", ordering="created_at")
    def created(self, record: IdempotencyRecord) -> str:
        return to_the_second(record.created_at)


@admin.register(AuditEvent)
class AuditEventAdmin(ReadOnlyAdmin):
    list_display = ("when", "operation", "phase", "code", "door", "user_id", "client_id", "duration_ms")
    list_filter = ("phase", "door")
    search_fields = (
        "call_id__exact",
        "request_id__exact",
        "user_id__exact",
        "partner_id__exact",
        "resource_id__exact",
    )
    search_help_text: ClassVar[Any] = "A whole call id, request id, user id, partner id or resource id."
    fieldsets = (
        (None, {"fields": ("when", "operation", "phase", "code", "door", "duration_ms", "arguments")}),
        ("Who asked", {"fields": ("user_id", "partner_id", "client_id")}),
        ("What belongs together", {"fields": ("call_id", "request_id", "resource_id")}),
    )
    readonly_fields = ("when",)

    @admin.display(description="at (UTC)", ordering="at")
    def when(self, event: AuditEvent) -> str:
        return to_the_second(event.at)
