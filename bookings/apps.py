"""The bookings app: at start-up the providers are wired and the declarations join the registry."""

from django.apps import AppConfig
from django.conf import settings
from django.db import connection


class BookingsConfig(AppConfig):
    name = "bookings"

    def ready(self) -> None:
        from bookings import privacy
        from bookings.booking.queries import pays_with
        from bookings.notification import services as notification
        from bookings.passenger import queries as passengers
        from bookings.payment_method import services as payment_methods
        from bookings.payment_method.vaults import registry as vaults
        from bookings.providers import registry, transport
        from bookings.reconciliation import events as reconciliation_events
        from bookings.reconciliation import matching
        from bookings.sandbox_airline.services import SandboxAirline
        from movmo.accounts.privacy import services as accounts_privacy
        from movmo.operations.approval import people

        transport.install(_transaction_is_open)
        registry.install_sandbox(SandboxAirline(seats_per_flight=settings.MOVMO_SANDBOX_SEATS or None))
        for vault in settings.MOVMO_VAULTS:
            vaults.install_spreedly(**vault)
        payment_methods.install_use_check(pays_with)
        accounts_privacy.register(privacy.RECORDS)
        people.install(passengers.still_are)
        notification.install()
        matching.AFTER_A_RUN.append(reconciliation_events.tell)
        import bookings.export.events
        import bookings.offer.events
        import bookings.operations  # noqa: F401  (both declare)


def _transaction_is_open() -> bool:
    """A test case's own wrapping transaction does not count, as for Django's durable blocks."""
    return any(not getattr(block, "_from_testcase", False) for block in connection.atomic_blocks)
