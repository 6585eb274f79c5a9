from collections.abc import Callable

import pytest

from bookings.providers.sandbox.airline import Airline
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
def trip(world: World, clock: StoppedClock, airline: ScriptedAirline) -> Trip:
    return Trip(world, airline, clock)
