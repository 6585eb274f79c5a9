"""Adjustments in the back office, to look at: what was taken over from a provider in the place of ours, and what it
costs."""

from typing import Any, ClassVar

from django.contrib import admin
from django.http import HttpRequest
from django.template.loader import render_to_string
from django.urls import reverse
from unfold.paginator import InfinitePaginator

from bookings.booking.document.models import BookingDocument
from bookings.reconciliation.office import telling
from bookings.reconciliation.office.listing import ListWithMore
from bookings.reconciliation.resolution.models import Adjustment
from bookings.reconciliation.resolution.queries import Side, name_in, name_of
from movmo.operations.admin import to_the_second


def link(row: Adjustment) -> str:
    return reverse("admin:bookings_adjustment_change", args=[row.pk])


@admin.register(Adjustment)
class AdjustmentAdmin(ListWithMore):
    list_display = ("made", "difference", "ours", "theirs", "provider", "discrepancy", "booking", "books", "who_made")
    list_select_related = ("discrepancy__partner", "booking")
    search_fields = ("id__exact", "discrepancy__id__exact", "booking__id__exact")
    search_help_text: ClassVar[Any] = "A whole id of it, of its discrepancy or of its booking."
    paginator = InfinitePaginator
    fieldsets = (
        (None, {"fields": ("difference", "books", "reason", "who_made", "made")}),
        ("What each side said", {"fields": ("side_by_side",)}),
        ("What it is about", {"fields": ("discrepancy", "statement", "provider", "booking", "document")}),
    )
    readonly_fields = ("difference", "books", "who_made", "made", "side_by_side", "statement", "provider", "document")

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).annotate(maker=name_in("made_by"))

    @admin.display(description="made (UTC)", ordering="id")
    def made(self, row: Adjustment) -> str:
        return to_the_second(row.made_at)

    @admin.display(description="in the books of")
    def books(self, row: Adjustment) -> str:
        return str(row.discrepancy.partner or "Movmo")

    @admin.display(description="costs")
    def difference(self, row: Adjustment) -> str:
        if row.difference_minor is None:
            return "two currencies"
        return _in_one(row.difference_minor, row.currency)

    @admin.display(description="ours")
    def ours(self, row: Adjustment) -> str:
        return _in_one(row.ours_minor, row.ours_currency)

    @admin.display(description="theirs")
    def theirs(self, row: Adjustment) -> str:
        return _in_one(row.theirs_minor, row.theirs_currency)

    @admin.display(description="side by side")
    def side_by_side(self, row: Adjustment) -> str:
        ours, theirs = self.ours(row), self.theirs(row)
        sides = [Side("amount", ours, theirs, differs=ours != theirs)]
        return render_to_string("admin/reconciliation/sides.html", {"sides": sides})

    @admin.display(description="provider")
    def provider(self, row: Adjustment) -> str:
        return row.discrepancy.provider

    @admin.display(description="made by")
    def who_made(self, row: Adjustment) -> str:
        if row.made_by is None:
            return "its key" if row.discrepancy.partner_id else "Movmo"
        return getattr(row, "maker", None) or name_of(row.made_by)

    @admin.display(description="statement")
    def statement(self, row: Adjustment) -> str:
        of = row.discrepancy.statement
        return telling.buttons([(of.file_name, reverse("admin:bookings_statement_change", args=[of.pk]))])

    @admin.display(description="document")
    def document(self, row: Adjustment) -> str:
        found = BookingDocument.objects.filter(pk=row.document_id).first() if row.document_id else None
        if found is None:
            return "none"
        return telling.buttons([(str(found), reverse("admin:bookings_bookingdocument_change", args=[found.pk]))])


def _in_one(minor: int, currency: str) -> str:
    """An amount that a narrow column does not part from its currency."""
    return telling.money(minor, currency).replace(" ", "\u00a0")
