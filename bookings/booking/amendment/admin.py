"""What was asked of orders, in the back office: by whom, and what came of it. Only the saga writes it."""

from django.contrib import admin

from bookings.booking.amendment.models import Amendment
from movmo.operations.admin import ReadOnlyAdmin


@admin.register(Amendment)
class AmendmentAdmin(ReadOnlyAdmin):
    list_display = ("kind", "state", "booking", "who", "via", "attempts", "failure_code", "created_at")
    list_filter = ("state", "kind", "who")
    list_select_related = ("booking",)
    search_fields = ("id__exact", "booking__id__exact", "reference__exact")
    search_help_text = "A whole id of it or of its booking, or the airline's reference."
    fields = (
        "id",
        "kind",
        "state",
        "booking",
        "reference",
        "subject_id",
        "returns_to",
        "who",
        "via",
        "attempts",
        "sent_at",
        "failure_code",
        "failure_facts",
        "created_at",
        "settled_at",
    )
    readonly_fields = ("id",)
