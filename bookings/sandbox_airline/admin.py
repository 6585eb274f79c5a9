from django.contrib import admin

from bookings.sandbox_airline.models import SandboxInventory, SandboxOrder, SandboxTicket
from movmo.operations.admin import ReadOnlyAdmin


@admin.register(SandboxInventory)
class SandboxInventoryAdmin(ReadOnlyAdmin):
    list_display = ("carrier", "flight_number", "origin", "departure_date", "cabin_class", "seats_left")
    list_filter = ("cabin_class",)
    search_fields = ("flight_number__exact",)


@admin.register(SandboxOrder)
class SandboxOrderAdmin(ReadOnlyAdmin):
    list_display = ("record_locator", "status", "total", "client_reference", "created_at")
    list_filter = ("status",)
    search_fields = ("record_locator__exact", "client_reference__exact")


@admin.register(SandboxTicket)
class SandboxTicketAdmin(ReadOnlyAdmin):
    list_display = ("serial", "order", "provider_passenger_id")
    list_select_related = ("order",)
    search_fields = ("order__record_locator__exact",)
