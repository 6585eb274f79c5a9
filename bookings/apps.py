"""The bookings app: at start-up the providers are wired and the declarations join the registry."""

from django.apps import AppConfig
from django.conf import settings
from django.db import connection


class BookingsConfig(AppConfig):
    name = "bookings"

    def ready(self) -> None:
        from bookings.providers import registry, transport
        from bookings.sandbox_airline.services import SandboxAirline

        transport.install(_transaction_is_open)
        registry.install_sandbox(SandboxAirline(seats_per_flight=settings.MOVMO_SANDBOX_SEATS or None))
        import bookings.operations  # noqa: F401  (declares)


def _transaction_is_open() -> bool:
    """A test case's own wrapping transaction does not count, as for Django's durable blocks."""
    return any(not getattr(block, "_from_testcase", False) for block in connection.atomic_blocks)
