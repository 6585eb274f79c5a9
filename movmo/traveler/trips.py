"""The traveler's bookings."""

from uuid import UUID

from django.http import HttpRequest, HttpResponse

from movmo.traveler.views import TravelerPage


class Trips(TravelerPage):
    template_name = "traveler/trips.html"

    def get(self, request: HttpRequest) -> HttpResponse:
        arguments = {"limit": 20, **({"cursor": cursor} if (cursor := request.GET.get("cursor")) else {})}
        return self.show(**self.tell("search_bookings", **arguments))


class Trip(TravelerPage):
    """One booking. Opening it asks the airline where that is still open."""

    template_name = "traveler/trip.html"

    def get(self, request: HttpRequest, booking_id: UUID) -> HttpResponse:
        return self.show(trip=self.tell("get_booking", booking_id=str(booking_id)))
