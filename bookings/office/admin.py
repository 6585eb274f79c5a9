"""The page of one booking: what it is, everything that happened to it, and what a clerk may do about it."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import Q
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import URLPattern, path, reverse
from django.views.decorators.cache import never_cache

from bookings.booking.admin import BookingTable
from bookings.booking.models import Booking
from bookings.booking.states import State
from bookings.office import finding, moments, story
from bookings.office.actions import ACTIONS, offered
from bookings.office.pages import ActionPage
from movmo.kit import masks
from movmo.operations.reveal.admin import Reveals, drawn
from movmo.operations.reveal.fields import MaskedField

MASKED = {
    "birth_date": ("date of birth", masks.whole),
    "email": ("e-mail address", masks.address),
    "phone_number": ("telephone number", masks.number),
}


@admin.register(Booking)
class BookingAdmin(Reveals, BookingTable):  # type: ignore[misc]
    change_form_template = "admin/bookings/booking/page.html"
    search_fields = ("id__exact", "order_id__exact", "user__email__exact", "record_locator__exact")
    search_help_text = "A PNR, the 13 digits of a ticket, or a whole booking id, order id or e-mail address."
    fieldsets = (
        (
            "Progress",
            {
                "classes": ("collapse",),
                "fields": (
                    "attempts",
                    "fence",
                    "lease_until",
                    "submitted_at",
                    "watch_at",
                    "updated_at",
                    "failure_code",
                    "failure_facts",
                ),
            },
        ),
        (
            "If it was cancelled",
            {"classes": ("collapse",), "fields": ("cancelled_by", "refund", "penalty", "refund_to")},
        ),
        ("As it flies now", {"classes": ("collapse",), "fields": ("itinerary_version", "itinerary", "documents")}),
    )
    readonly_fields = ("refund", "penalty")

    class Media:
        css = {"all": ("bookings/story.css",)}

    def matching(self, term: str) -> Q:
        return finding.matching(term)

    def masked_fields(self, row: Booking) -> Mapping[str, MaskedField]:
        """What is private about each passenger: the frozen copies, as they were booked."""
        return {f"{name}-{place}": _masked(place, name) for place in range(1, len(row.people) + 1) for name in MASKED}

    def get_urls(self) -> list[URLPattern]:
        page = path(
            "<uuid:booking_id>/do/<slug:name>/",
            self.admin_site.admin_view(never_cache(self.act)),
            name="bookings_booking_do",
        )
        return [page, *super().get_urls()]

    def act(self, request: HttpRequest, booking_id: UUID, name: str) -> HttpResponse:
        """GET explains, POST does. Whoever may not is refused here, whatever their page showed."""
        action = ACTIONS.get(name)
        booking = Booking.objects.filter(pk=booking_id).first()
        if action is None or booking is None:
            raise Http404
        if not self.has_view_permission(request, booking) or not request.user.has_perm(action.permission):
            raise PermissionDenied
        page = ActionPage(self.admin_site, request, booking, action)
        done = page.answer()
        if isinstance(done, HttpResponse):
            return done
        messages.success(request, done)
        return redirect(reverse("admin:bookings_booking_change", args=[booking.pk]))

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> Any:
        answer = super().changeform_view(request, object_id, form_url, extra_context)
        booking = getattr(answer, "context_data", {}).get("original") if answer else None
        if isinstance(booking, Booking):
            answer.context_data |= self._told(request, booking)
        return answer

    def _told(self, request: HttpRequest, booking: Booking) -> dict[str, Any]:
        fields = self.masked_fields(booking)
        people = [
            {
                "name": person["name_as_ticketed"],
                "type": person["type"],
                "masked": [
                    (title, drawn(booking, f"{name}-{place}", fields[f"{name}-{place}"]))
                    for name, (title, _) in MASKED.items()
                ],
            }
            for place, person in enumerate(booking.people, start=1)
        ]
        return {
            "booking": booking,
            "tone": moments.tone_of(State(booking.state)),
            "route": self.route(booking),
            "tickets": self.tickets(booking),
            "people": people,
            "story": story.of(booking, may_see=request.user.has_perm),
            "most": story.MOST,
            "actions": offered(booking, may=request.user.has_perm),
        }


def _masked(place: int, name: str) -> MaskedField:
    title, mask = MASKED[name]
    return MaskedField(f"{title} of passenger {place}", lambda booking: booking.people[place - 1].get(name), mask)
