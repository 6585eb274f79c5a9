from tests.saga.conftest import airline, booked

__all__ = ["airline", "booked"]
