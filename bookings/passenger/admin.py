from django.contrib import admin

from bookings.passenger.models import Passenger
from movmo.operations.admin import ReadOnlyAdmin


@admin.register(Passenger)
class PassengerAdmin(ReadOnlyAdmin):
    """Personal details stay out: staff see that a passenger exists and whose they are."""

    list_display = ("family_name", "given_name", "user", "created_at", "deleted_at", "id")
    list_select_related = ("user",)
    search_fields = ("id__exact", "user__email__exact")
    search_help_text = "A whole passenger id, or the traveler's e-mail address."
    fields = ("family_name", "given_name", "user", "id", "created_at", "deleted_at")
    readonly_fields = ("id",)
