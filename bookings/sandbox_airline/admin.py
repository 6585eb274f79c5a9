"""The sandbox airline's side of the wire in the back office."""

from django.contrib import admin

from bookings.sandbox_airline.models import SandboxInventory, SandboxOrder, SandboxTicket
from movmo.operations.admin import ReadOnlyAdmin


@admin.register(SandboxInventory)
class SandboxInventoryAdmin(ReadOnlyAdmin):
    list_display = ("flight", "origin", "departure_date", "cabin_class", "seats_left")
    list_filter = ("cabin_class",)
    search_fields = ("flight_number__exact",)
    search_help_text = "A flight number without the carrier."

    @admin.display(ordering="flight_number")
    def flight(self, seats: SandboxInventory) -> str:
        return seats.carrier + seats.flight_number


@admin.register(SandboxOrder)
class SandboxOrderAdmin(ReadOnlyAdmin):
    list_display = ("record_locator", "status", "total", "client_reference", "created_at")
    list_filter = ("status",)
    search_fields = ("record_locator__exact", "client_reference__exact")
    search_help_text = "A record locator, or our booking id."
    fields = (
        "record_locator",
        "status",
        "total",
        "order_id",
        "client_reference",
        "offer_id",
        "passengers",
        "created_at",
        "payment_required_by",
        "price_guarantee_expires_at",
    )
    readonly_fields = ("total", "order_id", "offer_id")


@admin.register(SandboxTicket)
class SandboxTicketAdmin(ReadOnlyAdmin):
    list_display = ("number", "order", "provider_passenger_id")
    list_select_related = ("order",)
    search_fields = ("order__record_locator__exact",)
    search_help_text = "A record locator."
    fields = ("number", "order", "provider_passenger_id")
    readonly_fields = ("number",)
