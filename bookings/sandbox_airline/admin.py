"""The sandbox airline's side of the wire in the back office."""

from django.contrib import admin
from django.db.models import Q

from bookings.sandbox_airline.models import (
    SandboxCancellationQuote,
    SandboxInventory,
    SandboxOrder,
    SandboxSeat,
    SandboxThrottle,
    SandboxTicket,
)
from movmo.kit.money import Money
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
    search_fields = ("client_reference__exact",)
    search_help_text = "A record locator, or our booking id."
    fields = (
        "locators",
        "status",
        "trigger",
        "total",
        "refund",
        "order_id",
        "client_reference",
        "offer_id",
        "passengers",
        "created_at",
        "payment_required_by",
        "price_guarantee_expires_at",
        "confirmed_at",
        "change_accepted_at",
        "cancelled_at",
    )
    readonly_fields = ("locators", "total", "refund", "order_id", "offer_id")

    @admin.display(description="record locators")
    def locators(self, order: SandboxOrder) -> str:
        return ", ".join(order.record_locators)

    def matching(self, term: str) -> Q:
        return super().matching(term) | Q(record_locators__0=term.upper())


@admin.register(SandboxTicket)
class SandboxTicketAdmin(ReadOnlyAdmin):
    list_display = ("number", "order", "provider_passenger_id")
    list_select_related = ("order",)
    search_fields = ("order__client_reference__exact",)
    search_help_text = "Our booking id."
    fields = ("number", "order", "provider_passenger_id", "issued_at")
    readonly_fields = ("number",)


@admin.register(SandboxSeat)
class SandboxSeatAdmin(ReadOnlyAdmin):
    list_display = ("flight", "origin", "departure_date", "designator", "order")
    list_select_related = ("order",)
    search_fields = ("order__client_reference__exact",)
    search_help_text = "Our booking id."

    @admin.display(ordering="flight_number")
    def flight(self, seat: SandboxSeat) -> str:
        return seat.carrier + seat.flight_number


@admin.register(SandboxCancellationQuote)
class SandboxCancellationQuoteAdmin(ReadOnlyAdmin):
    list_display = ("reference", "order", "refund", "penalty", "expires_at")
    list_select_related = ("order",)
    search_fields = ("order__client_reference__exact",)
    search_help_text = "Our booking id."
    fields = ("id", "reference", "order", "refund", "penalty", "expires_at")
    readonly_fields = ("reference", "refund", "penalty")

    def refund(self, quote: SandboxCancellationQuote) -> str:
        return str(Money(quote.refund_minor, quote.order.currency))

    def penalty(self, quote: SandboxCancellationQuote) -> str:
        return str(Money(quote.penalty_minor, quote.order.currency))


@admin.register(SandboxThrottle)
class SandboxThrottleAdmin(ReadOnlyAdmin):
    list_display = ("offer_id", "refused")
    search_fields = ("offer_id__exact",)
    search_help_text = "The airline's id of an offer."
