"""What providers were asked about bookings, and what they answered, for as long as it is kept."""

from django.contrib import admin
from unfold.paginator import InfinitePaginator

from bookings.booking.provider_call.models import ProviderCall
from movmo.operations.admin import ReadOnlyAdmin, to_the_second


@admin.register(ProviderCall)
class ProviderCallAdmin(ReadOnlyAdmin):
    list_display = ("when", "provider", "operation", "outcome", "refusal", "took", "booking")
    list_filter = ("outcome",)
    list_select_related = ("booking",)
    search_fields = ("booking__id__exact",)
    search_help_text = "A whole booking id."
    ordering = ("-id",)
    paginator = InfinitePaginator
    fields = (
        "when",
        "provider",
        "operation",
        "outcome",
        "refusal",
        "took",
        "booking",
        "correlation",
        "request",
        "response",
    )
    readonly_fields = ("when", "took")

    @admin.display(description="at (UTC)", ordering="id")
    def when(self, call: ProviderCall) -> str:
        return to_the_second(call.at)

    @admin.display(description="took")
    def took(self, call: ProviderCall) -> str:
        return f"{call.duration_ms} ms"
