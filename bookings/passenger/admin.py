from django.contrib import admin

from bookings.passenger.models import Passenger
from movmo.operations.admin import ReadOnlyAdmin


@admin.register(Passenger)
class PassengerAdmin(ReadOnlyAdmin):
    """Personal details stay out: staff see that a passenger exists and whose they are."""

    list_display = ("id", "user", "family_name", "given_name", "created_at", "deleted_at")
    list_select_related = ("user",)
    search_fields = ("id__exact", "user__email__exact")
    exclude = ("birth_date", "email", "phone_number")
