"""Changes of schedule in the back office, with the itinerary before and after. Only looks and decisions write them."""

from django.contrib import admin

from bookings.booking.schedule_change.models import ScheduleChange
from movmo.operations.admin import ReadOnlyAdmin


@admin.register(ScheduleChange)
class ScheduleChangeAdmin(ReadOnlyAdmin):
    list_display = ("booking", "severity", "state", "announced_at", "decided_by", "decided_at")
    list_filter = ("state", "severity", "decided_by")
    list_select_related = ("booking",)
    search_fields = ("id__exact", "booking__id__exact", "reference__exact")
    search_help_text = "A whole id of it or of its booking, or the airline's reference."
    fields = (
        "id",
        "booking",
        "severity",
        "state",
        "reference",
        "version",
        "announced_at",
        "decided_at",
        "decided_by",
        "before",
        "after",
    )
    readonly_fields = ("id",)
