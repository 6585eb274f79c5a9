"""Bookings in the back office: what became of each, step by step. Only the saga writes them."""

import re
from typing import Any

from django.contrib import admin
from django.db.models import Q
from unfold.admin import TabularInline

from bookings.booking.amendment.models import Amendment
from bookings.booking.models import Booking, BookingTransition
from bookings.offer.admin import journey
from movmo.kit.money import Money
from movmo.operations.admin import ReadOnlyAdmin, to_the_second

PNR = re.compile(r"[A-Za-z0-9]{5,13}")


class WrittenInline(TabularInline):
    """Rows that only the saga writes."""

    extra = 0
    can_delete = False
    hide_title = True

    def has_add_permission(self, request: Any, obj: Any = None) -> bool:
        return False


class TransitionInline(WrittenInline):
    model = BookingTransition
    verbose_name_plural = "Transitions"
    fields = readonly_fields = ("when", "before", "after", "who", "via", "fence", "reason")

    @admin.display(description="at (UTC)")
    def when(self, step: BookingTransition) -> str:
        return to_the_second(step.at)


class AmendmentInline(WrittenInline):
    model = Amendment
    verbose_name_plural = "Asked of the order"
    fields = readonly_fields = ("when", "kind", "state", "who", "via", "attempts", "failure_code")

    @admin.display(description="at (UTC)")
    def when(self, amendment: Amendment) -> str:
        return to_the_second(amendment.created_at)


@admin.register(Booking)
class BookingAdmin(ReadOnlyAdmin):
    list_display = ("pnr", "state", "route", "total", "user", "partner", "door", "created")
    list_filter = ("state", "provider", "door")
    list_select_related = ("user", "partner")
    search_fields = ("id__exact", "order_id__exact", "user__email__exact")
    search_help_text = "A PNR, or a whole booking id, order id or e-mail address."
    # The frozen passengers hold birth dates and contacts; staff see who travels by the ticket name.
    fieldsets = (
        (None, {"fields": ("pnr", "state", "route", "total", "ticket_names", "tickets", "mode")}),
        ("Who asked for it", {"fields": ("user", "partner", "client_id", "door", "created")}),
        (
            "At the provider",
            {"fields": ("id", "provider", "order_id", "record_locators", "payment_required_by", "offer")},
        ),
        (
            "Progress",
            {
                "fields": (
                    "attempts",
                    "fence",
                    "lease_until",
                    "submitted_at",
                    "updated_at",
                    "failure_code",
                    "failure_facts",
                )
            },
        ),
        (
            "If it was cancelled",
            {"classes": ("collapse",), "fields": ("cancelled_by", "refund", "penalty", "refund_to")},
        ),
        ("As it flies now", {"classes": ("collapse",), "fields": ("itinerary_version", "itinerary", "documents")}),
    )
    readonly_fields = ("id", "pnr", "created", "route", "total", "ticket_names", "tickets", "refund", "penalty")
    inlines = (TransitionInline, AmendmentInline)

    def matching(self, term: str) -> Q:
        found = super().matching(term)
        return found | Q(record_locators__0=term.upper()) if PNR.fullmatch(term) else found

    @admin.display(description="PNR", empty_value="no PNR yet")
    def pnr(self, booking: Booking) -> str | None:
        return booking.locator or None

    @admin.display(description="created (UTC)", ordering="created_at")
    def created(self, booking: Booking) -> str:
        return to_the_second(booking.created_at)

    @admin.display(description="journey")
    def route(self, booking: Booking) -> str:
        return journey(booking.itinerary)

    @admin.display
    def refund(self, booking: Booking) -> str:
        return _told(booking.refund_minor, booking)

    @admin.display
    def penalty(self, booking: Booking) -> str:
        return _told(booking.penalty_minor, booking)

    @admin.display(description="passengers")
    def ticket_names(self, booking: Booking) -> str:
        return ", ".join(person["name_as_ticketed"] for person in booking.people)

    @admin.display(description="tickets")
    def tickets(self, booking: Booking) -> str:
        return ", ".join(document["number"] for document in booking.documents)


def _told(minor: int | None, booking: Booking) -> str:
    return "not said" if minor is None else str(Money(minor, booking.currency))


@admin.register(BookingTransition)
class BookingTransitionAdmin(ReadOnlyAdmin):
    list_display = ("when", "booking", "before", "after", "who", "via", "fence", "reason")
    list_filter = ("after", "who")
    list_select_related = ("booking",)
    search_fields = ("booking__id__exact",)
    search_help_text = "A whole booking id."
    fields = ("when", "booking", "before", "after", "who", "via", "fence", "reason")
    readonly_fields = ("when",)

    @admin.display(description="at (UTC)", ordering="id")
    def when(self, step: BookingTransition) -> str:
        return to_the_second(step.at)
