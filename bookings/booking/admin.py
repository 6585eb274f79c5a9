"""Bookings in the back office: the list, and the steps of all of them. Only the saga writes them.

The page of one booking tells its whole story, from rooms above this one: `bookings.office.admin`.
"""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from unfold.paginator import InfinitePaginator

from bookings.booking.models import Booking, BookingTransition
from bookings.offer.admin import journey
from bookings.providers import registry
from movmo.kit.money import Money
from movmo.operations.admin import ReadOnlyAdmin, to_the_second
from movmo.operations.context import Door

NOT_IN_THE_LIST = ("passengers", "documents", "services", "failure_facts")
"""Columns that are long, or take a key to read."""


class Choices(admin.SimpleListFilter):
    """A filter whose values are known: Django would look for them in all rows."""

    def queryset(self, request: HttpRequest, rows: QuerySet[Any]) -> QuerySet[Any]:
        return rows.filter(**{str(self.parameter_name): self.value()}) if self.value() else rows


class OfProvider(Choices):
    title, parameter_name = "provider", "provider"

    def lookups(self, request: HttpRequest, table: Any) -> list[tuple[str, str]]:
        return [(one.capabilities.provider, one.capabilities.name) for one in registry.all_providers()]


class ThroughDoor(Choices):
    title, parameter_name = "door", "door"

    def lookups(self, request: HttpRequest, table: Any) -> list[tuple[str, str]]:
        return [(door.value, door.name.lower()) for door in Door if door is not Door.OFFICE]


class BookingTable(ReadOnlyAdmin):
    """The list, fast at a million rows: in the order of the primary key, which is that of time, and never counted."""

    list_display = ("pnr", "state", "route", "total", "user", "partner", "door", "created")
    list_filter = ("state", OfProvider, ThroughDoor)
    list_select_related = ()  # no join: a database may take it as an invitation to sort all rows of all users
    ordering = ("-id",)
    paginator = InfinitePaginator

    def get_queryset(self, request: HttpRequest) -> QuerySet[Booking]:
        rows: QuerySet[Booking] = super().get_queryset(request)
        is_list = request.resolver_match is not None and str(request.resolver_match.url_name).endswith("_changelist")
        return rows.defer(*NOT_IN_THE_LIST).prefetch_related("user", "partner") if is_list else rows

    @admin.display(description="PNR", empty_value="no PNR yet")
    def pnr(self, booking: Booking) -> str | None:
        return booking.locator or None

    @admin.display(description="created (UTC)", ordering="id")
    def created(self, booking: Booking) -> str:
        return to_the_second(booking.created_at)

    @admin.display(description="journey")
    def route(self, booking: Booking) -> str:
        return journey(booking.itinerary)

    @admin.display(description="refund")
    def refund(self, booking: Booking) -> str:
        return _told(booking.refund_minor, booking)

    @admin.display(description="penalty")
    def penalty(self, booking: Booking) -> str:
        return _told(booking.penalty_minor, booking)

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
