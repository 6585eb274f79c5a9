"""The traveler's bookings."""

from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.urls import reverse

from movmo.accounts.fields import for_people
from movmo.kit import clock
from movmo.kit.errors import DomainError, Kind
from movmo.kit.ids import new_id
from movmo.traveler import standing
from movmo.traveler.asking import ask
from movmo.traveler.views import STATUSES, TravelerPage


class Trips(TravelerPage):
    template_name = "traveler/trips.html"

    def get(self, request: HttpRequest) -> HttpResponse:
        arguments = {"limit": 20, **({"cursor": cursor} if (cursor := request.GET.get("cursor")) else {})}
        return self.show(**self.tell("search_bookings", **arguments))


class Trip(TravelerPage):
    """One booking. Opening it asks the airline where that is still open; a change of schedule is accepted here."""

    template_name = "traveler/trip.html"

    def get(self, request: HttpRequest, booking_id: UUID) -> HttpResponse:
        return self._shown(booking_id)

    def post(self, request: HttpRequest, booking_id: UUID) -> HttpResponse:
        named = {"booking_id": str(booking_id), "change_id": request.POST.get("change_id", "")}
        try:
            ask(request, "accept_schedule_change", named, request.POST.get("key"))
        except DomainError as refusal:
            if refusal.kind is Kind.NOT_FOUND:
                raise
            key = request.POST.get("key") if refusal.retryable else None
            return self._shown(booking_id, key=key, failure=for_people(refusal), status=STATUSES.get(refusal.kind, 422))
        return self.done("", reverse("traveler:trip", args=[booking_id]))

    def _shown(self, booking_id: UUID, *, key: str | None = None, failure: str = "", status: int = 200) -> HttpResponse:
        trip = self.tell("get_booking", booking_id=str(booking_id))
        changes = [_told(change) for change in trip["schedule_changes"]]
        return self.show(
            status=status,
            trip=trip,
            standing=standing.of(trip, now=clock.now()),
            waiting=next((change for change in changes if change["state"] == "waiting"), None),
            decided=[change for change in changes if change["state"] != "waiting"],
            failure=failure,
            key=key or str(new_id()),
        )


def _told(change: dict[str, Any]) -> dict[str, Any]:
    return {**change, "words": standing.of_change(change)}
