"""What the dashboard tells of offers."""

from datetime import datetime

from bookings.offer.models import Offer


def taken_since(since: datetime) -> int:
    """Offers that somebody submitted, put a passenger on or chose services for."""
    return Offer.objects.filter(is_taken=True, created_at__gte=since).count()
