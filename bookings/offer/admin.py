from typing import Any

from django.contrib import admin
from unfold.admin import TabularInline

from bookings.offer.models import Offer, OfferSlot
from movmo.operations.admin import ReadOnlyAdmin


class SlotInline(TabularInline):
    model = OfferSlot
    extra = 0
    can_delete = False
    fields = readonly_fields = ("position", "type", "provider_passenger_id", "associated_adult", "passenger")

    def has_add_permission(self, request: Any, obj: Any = None) -> bool:
        return False


@admin.register(Offer)
class OfferAdmin(ReadOnlyAdmin):
    list_display = ("id", "provider", "total", "status", "expires_at", "user", "partner", "created_at")
    list_filter = ("status", "provider")
    list_select_related = ("user", "partner")
    search_fields = ("id__exact", "provider_offer_id__exact")
    exclude = ("raw",)
    inlines = (SlotInline,)


@admin.register(OfferSlot)
class OfferSlotAdmin(ReadOnlyAdmin):
    list_display = ("id", "offer_id", "type", "passenger")
    list_filter = ("type",)
    list_select_related = ("passenger",)
    search_fields = ("offer__id__exact",)
