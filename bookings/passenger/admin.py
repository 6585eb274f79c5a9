from typing import ClassVar

from django.contrib import admin

from bookings.passenger.models import Passenger
from movmo.kit import masks
from movmo.operations.admin import ReadOnlyAdmin
from movmo.operations.reveal.admin import Reveals, shown
from movmo.operations.reveal.fields import MaskedField


@admin.register(Passenger)
class PassengerAdmin(Reveals, ReadOnlyAdmin):  # type: ignore[misc]
    """Staff see that a passenger exists and whose they are. The rest is masked."""

    list_display = ("family_name", "given_name", "user", "created_at", "deleted_at", "id")
    list_select_related = ("user",)
    search_fields = ("id__exact", "user__email__exact")
    search_help_text = "A whole passenger id, or the traveler's e-mail address."
    masked: ClassVar[dict[str, MaskedField]] = {
        "birth_date": MaskedField("date of birth", lambda passenger: passenger.birth_date),
        "email": MaskedField("e-mail address", lambda passenger: passenger.email, masks.address),
        "phone_number": MaskedField("telephone number", lambda passenger: passenger.phone_number, masks.number),
    }
    masked_birth_date = shown("birth_date")
    masked_email = shown("email")
    masked_phone_number = shown("phone_number")
    fieldsets = (
        (None, {"fields": ("family_name", "given_name", "user", "id", "created_at", "deleted_at")}),
        ("Masked", {"fields": ("masked_birth_date", "masked_email", "masked_phone_number")}),
    )
    readonly_fields = ("id", "masked_birth_date", "masked_email", "masked_phone_number")
