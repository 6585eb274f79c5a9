"""What was asked of orders, in the back office: by whom, and what came of it. Only the saga writes it."""

from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest

from bookings.booking.actors import Actor
from bookings.booking.amendment import saga
from bookings.booking.amendment.models import Amendment
from movmo.kit import clock
from movmo.kit.errors import DomainError
from movmo.operations.admin import ReadOnlyAdmin


@admin.register(Amendment)
class AmendmentAdmin(ReadOnlyAdmin):
    list_display = ("kind", "state", "booking", "who", "via", "attempts", "failure_code", "created_at")
    list_filter = ("state", "kind", "who")
    list_select_related = ("booking",)
    search_fields = ("id__exact", "booking__id__exact", "reference__exact")
    search_help_text = "A whole id of it or of its booking, or the airline's reference."
    fields = (
        "id",
        "kind",
        "state",
        "booking",
        "reference",
        "subject_id",
        "returns_to",
        "who",
        "via",
        "attempts",
        "sent_at",
        "failure_code",
        "failure_facts",
        "created_at",
        "settled_at",
    )
    readonly_fields = ("id",)
    actions = ("let_go",)

    @admin.action(description="The airline has not done it: let the booking go on", permissions=["let_go"])
    def let_go(self, request: HttpRequest, rows: QuerySet[Amendment]) -> None:
        """Of those under review; the airline's order is looked at once more."""
        clerk: Any = request.user
        by = Actor("staff", "admin", clerk.pk)
        for amendment in rows.filter(state=Amendment.State.REVIEW):
            try:
                booking = saga.let_go(amendment.pk, by=by, clock=clock.now)
            except DomainError as refusal:
                messages.error(request, f"{amendment.booking_id}: {refusal.text} {refusal.hint}")
            else:
                self.log_change(request, amendment, f"Let go; the booking is {booking.state}")
                messages.success(request, f"{booking.pk} is {booking.state}")

    def has_let_go_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("bookings.change_amendment")
