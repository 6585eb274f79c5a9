"""Cancellation quotes in the back office: what the airline offered, and whether it was taken."""

from django.contrib import admin

from bookings.cancellation.models import CancellationQuote
from movmo.operations.admin import ReadOnlyAdmin, to_the_second


@admin.register(CancellationQuote)
class CancellationQuoteAdmin(ReadOnlyAdmin):
    list_display = ("booking", "refund", "penalty", "refund_to", "state", "expires", "created")
    list_filter = ("state",)
    list_select_related = ("booking",)
    search_fields = ("id__exact", "booking__id__exact", "reference__exact")
    search_help_text = "A whole id of it or of its booking, or the airline's reference."
    fields = (
        "id",
        "booking",
        "state",
        "refund",
        "penalty",
        "refund_to",
        "reference",
        "itinerary_version",
        "expires",
        "created",
    )
    readonly_fields = ("id", "refund", "penalty", "expires", "created")

    @admin.display(description="expires (UTC)", ordering="expires_at")
    def expires(self, quote: CancellationQuote) -> str:
        return to_the_second(quote.expires_at)

    @admin.display(description="created (UTC)", ordering="created_at")
    def created(self, quote: CancellationQuote) -> str:
        return to_the_second(quote.created_at)
