"""Tickets, EMDs, refunds and voids of all bookings."""

from django.contrib import admin
from unfold.paginator import InfinitePaginator

from bookings.booking.document.models import BookingDocument
from movmo.kit.money import Money
from movmo.operations.admin import ReadOnlyAdmin, to_the_second


@admin.register(BookingDocument)
class BookingDocumentAdmin(ReadOnlyAdmin):
    list_display = ("number", "kind", "amount", "tax", "provider", "record_locator", "booking", "issued_on")
    list_filter = ("kind",)
    list_select_related = ("booking",)
    search_fields = ("booking__id__exact", "number__exact")
    search_help_text = "The 13 digits of a ticket, or a whole booking id."
    ordering = ("-id",)
    paginator = InfinitePaginator
    fields = ("number", "kind", "amount", "tax", "fee", "booking", "provider", "order_id", "record_locator", "issued")
    readonly_fields = ("amount", "tax", "fee", "issued")

    @admin.display(description="amount")
    def amount(self, document: BookingDocument) -> str:
        return str(document.amount)

    @admin.display(description="tax in it", empty_value="not known")
    def tax(self, document: BookingDocument) -> str | None:
        return _told(document.tax_minor, document)

    @admin.display(description="fees in it", empty_value="not known")
    def fee(self, document: BookingDocument) -> str | None:
        return _told(document.fee_minor, document)

    @admin.display(description="first told of (UTC)", ordering="issued_at")
    def issued(self, document: BookingDocument) -> str:
        return to_the_second(document.issued_at)


def _told(minor: int | None, document: BookingDocument) -> str | None:
    return None if minor is None else str(Money(minor, document.currency))
