from collections.abc import Callable

import pytest

from bookings.providers.sandbox.airline import Airline
from tests.bookings.notification.journey import Journey
from tests.conftest import StoppedClock
from tests.contract.world import World
from tests.saga.airline import ScriptedAirline
from tests.saga.trip import Trip


@pytest.fixture
def airline(install_airline: Callable[[Airline], None]) -> ScriptedAirline:
    airline = ScriptedAirline()
    install_airline(airline)
    return airline


@pytest.fixture
def journey(world: World, clock: StoppedClock, airline: ScriptedAirline) -> Journey:
    """Ana's booking, reserved and not sent yet."""
    trip = Trip(world, airline, clock)
    trip.book_and_lose_power_before_the_claim()
    return Journey(trip)
