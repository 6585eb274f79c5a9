"""Changes of schedule in the back office, with the itinerary before and after. Only looks and decisions write them."""

from django.contrib import admin

from bookings.booking.schedule_change.models import ScheduleChange
from bookings.offer.admin import journey
from movmo.operations.admin import ReadOnlyAdmin, to_the_second


@admin.register(ScheduleChange)
class ScheduleChangeAdmin(ReadOnlyAdmin):
    list_display = ("booking", "severity", "state", "announced", "decided_by", "decided")
    list_filter = ("state", "severity", "decided_by")
    list_select_related = ("booking",)
    search_fields = ("id__exact", "booking__id__exact", "reference__exact")
    search_help_text = "A whole id of it or of its booking, or the airline's reference."
    fieldsets = (
        (None, {"fields": ("id", "booking", "severity", "state", "was", "becomes", "reference", "version")}),
        ("Times", {"fields": ("announced", "decided", "decided_by")}),
        ("In full", {"classes": ("collapse",), "fields": ("before", "after")}),
    )
    readonly_fields = ("id", "was", "becomes", "announced", "decided")

    @admin.display
    def was(self, change: ScheduleChange) -> str:
        return journey(change.before)

    @admin.display
    def becomes(self, change: ScheduleChange) -> str:
        return journey(change.after)

    @admin.display(description="announced (UTC)", ordering="announced_at")
    def announced(self, change: ScheduleChange) -> str:
        return to_the_second(change.announced_at)

    @admin.display(description="decided (UTC)", ordering="decided_at")
    def decided(self, change: ScheduleChange) -> str:
        return to_the_second(change.decided_at) if change.decided_at else ""
