from collections.abc import Callable

import pytest

from bookings.providers import registry
from bookings.providers.sandbox.airline import Airline
from tests.bookings.offer.desk import Desk, Limited


@pytest.fixture
def desk(install_airline: Callable[[Airline], None]) -> Desk:
    desk = Desk()
    install_airline(desk)
    return desk


@pytest.fixture
def limit(desk: Desk) -> Callable[..., None]:
    """`limit(seat_map=False)` takes a capability from the desk's provider. With the desk it is gone again."""

    def limit(**lacks: bool) -> None:
        registry._providers["sandbox"] = Limited(registry.provider("sandbox"), **lacks)

    return limit
