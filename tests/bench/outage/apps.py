"""An airline behind the sandbox provider that takes orders, loses its answers, and is deaf until a file is there."""

import os
from pathlib import Path

from django.apps import AppConfig

OVER = "MOVMO_BENCH_OUTAGE_OVER"
"""The file's path."""


class Outage(AppConfig):
    name = "tests.bench.outage"

    def ready(self) -> None:
        from datetime import datetime

        from bookings.providers import registry
        from bookings.providers.errors import OutcomeUnknown, Unavailable
        from bookings.providers.types import OrderRequest, ProviderOrder
        from bookings.sandbox_airline.services import SandboxAirline

        over = Path(os.environ[OVER])

        class Deaf(SandboxAirline):
            def place_order(self, order: OrderRequest, *, now: datetime) -> ProviderOrder:
                super().place_order(order, now=now)
                raise OutcomeUnknown("the answer is lost")

            def find_order(self, client_reference: str, *, now: datetime) -> ProviderOrder | None:
                if not over.exists():
                    raise Unavailable("nobody answers")
                return super().find_order(client_reference, now=now)

        registry.install_sandbox(Deaf(seats_per_flight=1_000_000))
