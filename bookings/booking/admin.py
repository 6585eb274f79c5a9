from typing import Any

from django.contrib import admin
from unfold.admin import TabularInline

from bookings.booking.models import Booking, BookingTransition
from movmo.operations.admin import ReadOnlyAdmin


class TransitionInline(TabularInline):
    model = BookingTransition
    extra = 0
    can_delete = False
    fields = readonly_fields = ("at", "before", "after", "fence", "reason")

    def has_add_permission(self, request: Any, obj: Any = None) -> bool:
        return False


@admin.register(Booking)
class BookingAdmin(ReadOnlyAdmin):
    list_display = ("locator", "state", "provider", "total", "user", "partner", "door", "created_at")
    list_filter = ("state", "provider", "door")
    list_select_related = ("user", "partner")
    search_fields = ("id__exact", "order_id__exact", "user__email__exact")
    search_help_text = "A whole booking id, order id or e-mail address."
    # The frozen passengers hold birth dates and contacts; staff see who travels by the ticket name.
    exclude = ("passengers",)
    readonly_fields = ("ticket_names",)
    inlines = (TransitionInline,)

    @admin.display(description="passengers")
    def ticket_names(self, booking: Booking) -> str:
        return ", ".join(person["name_as_ticketed"] for person in booking.passengers)


@admin.register(BookingTransition)
class BookingTransitionAdmin(ReadOnlyAdmin):
    list_display = ("at", "booking_id", "before", "after", "fence", "reason")
    list_filter = ("after",)
    search_fields = ("booking__id__exact",)
