from tests.bookings.offer.conftest import desk, limit

__all__ = ["desk", "limit"]
