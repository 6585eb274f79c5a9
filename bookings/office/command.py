"""The search of the whole back office: press Ctrl K, paste, press Enter.

The theme keeps what it found for five minutes, for each person by themself; the page that a result leads to asks for
the permission once more.
"""

from django.http import HttpRequest
from django.urls import reverse
from unfold.dataclasses import SearchResult

from bookings.offer.admin import journey
from bookings.office import finding


def search(request: HttpRequest, term: str) -> list[SearchResult]:
    """The theme hands the term over in small letters; a provider's order id may have others."""
    term = request.GET.get("s", term)
    if not request.user.has_perm("bookings.view_booking"):
        return []
    return [
        SearchResult(
            title=f"{found.booking.locator or found.booking.pk} · {found.booking.get_state_display()}",
            description=f"{journey(found.booking.itinerary)} (by its {found.by})",
            link=reverse("admin:bookings_booking_change", args=[found.booking.pk]),
            icon="flight_takeoff",
        )
        for found in finding.find(term)
    ]
