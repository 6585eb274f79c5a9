"""Offers and their slots in the back office: to look at. The provider's own text stays encrypted."""

from typing import Any

from django.contrib import admin
from unfold.admin import TabularInline

from bookings.offer.models import Offer, OfferSlot
from movmo.operations.admin import ReadOnlyAdmin


def journey(slices: list[dict[str, Any]]) -> str:
    """A line for each slice of a stored itinerary: `MUC → LIS 2027-01-19 14:10, XX530`."""
    return "; ".join(_leg(leg) for leg in slices)


def _leg(leg: dict[str, Any]) -> str:
    flights = " + ".join(part["marketing_carrier"] + part["marketing_flight_number"] for part in leg["segments"])
    departure = leg["segments"][0]["departing"]["local"].replace("T", " ")[:16]
    return f"{leg['origin']['iata_code']} → {leg['destination']['iata_code']} {departure}, {flights}"


class SlotInline(TabularInline):
    model = OfferSlot
    verbose_name_plural = "Slots"
    extra = 0
    can_delete = False
    hide_title = True
    fields = readonly_fields = ("position", "type", "provider_passenger_id", "associated_adult", "passenger")

    def has_add_permission(self, request: Any, obj: Any = None) -> bool:
        return False


@admin.register(Offer)
class OfferAdmin(ReadOnlyAdmin):
    list_display = ("route", "total", "status", "provider", "expires_at", "user", "partner", "created_at")
    list_filter = ("status", "provider")
    list_select_related = ("user", "partner")
    search_fields = ("id__exact", "provider_offer_id__exact", "search_id__exact")
    search_help_text = "A whole offer id, the provider's offer id, or a search id."
    fieldsets = (
        (
            None,
            {"fields": ("route", "total", "status", "expires_at", "expiry_source", "user", "partner", "created_at")},
        ),
        ("At the provider", {"fields": ("provider", "provider_offer_id")}),
        ("Search", {"fields": ("id", "search_id", "search_position")}),
        ("Chosen seats and extras", {"classes": ("collapse",), "fields": ("services",)}),
        ("As it was read", {"classes": ("collapse",), "fields": ("version", "normalised")}),
    )
    readonly_fields = ("id", "route", "total")
    inlines = (SlotInline,)

    @admin.display(description="journey")
    def route(self, offer: Offer) -> str:
        return journey(offer.normalised["slices"])


@admin.register(OfferSlot)
class OfferSlotAdmin(ReadOnlyAdmin):
    list_display = ("provider_passenger_id", "type", "passenger", "offer_id")
    list_filter = ("type",)
    list_select_related = ("passenger",)
    search_fields = ("offer__id__exact", "provider_passenger_id__exact")
    search_help_text = "A whole offer id, or the provider's passenger id."
