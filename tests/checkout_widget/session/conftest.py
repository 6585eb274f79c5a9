"""The sandbox provider with an airline that does as it is told, and keeps its prices."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from bookings.providers.sandbox.airline import Airline
from bookings.providers.types import OrderPassenger, ParsedOffer
from tests.saga.airline import ScriptedAirline


@dataclass
class ObedientAirline(ScriptedAirline):
    """`when_repriced` happens once, while it thinks about a price."""

    when_repriced: Callable[[], object] | None = None

    def reprice(self, offer: ParsedOffer, passengers: tuple[OrderPassenger, ...], *, now: Any) -> dict[str, Any]:
        happen, self.when_repriced = self.when_repriced, None
        if happen is not None:
            happen()
        return dict(offer.raw)


@pytest.fixture
def airline(install_airline: Callable[[Airline], None]) -> ObedientAirline:
    airline = ObedientAirline()
    install_airline(airline)
    return airline
