from collections.abc import Callable

import pytest

from bookings.providers.sandbox.airline import Airline
from tests.conftest import StoppedClock
from tests.contract.world import World
from tests.saga.airline import ScriptedAirline
from tests.saga.amendments import CONFIRM, KINDS, Case, Kind
from tests.saga.live_trip import LiveTrip
from tests.saga.trip import Trip


@pytest.fixture
def airline(install_airline: Callable[[Airline], None]) -> ScriptedAirline:
    airline = ScriptedAirline()
    install_airline(airline)
    return airline


@pytest.fixture
def trip(world: World, clock: StoppedClock, airline: ScriptedAirline) -> Trip:
    return Trip(world, airline, clock)


@pytest.fixture
def booked(world: World, clock: StoppedClock, airline: ScriptedAirline) -> LiveTrip:
    """Booked and ticketed."""
    trip = LiveTrip(world, airline, clock)
    trip.begin()
    return trip


@pytest.fixture
def held(world: World, clock: StoppedClock, airline: ScriptedAirline) -> LiveTrip:
    """Held for 24 hours."""
    trip = LiveTrip(world, airline, clock, holdable=True)
    trip.begin(hold=True)
    return trip


@pytest.fixture(params=KINDS, ids=str)
def case(request: pytest.FixtureRequest) -> Case:
    """Each of the three things that may be asked, of a booking that allows it."""
    return Case(request.param, request.getfixturevalue("held" if request.param is CONFIRM else "booked"))


@pytest.fixture
def held_case(kind: Kind, held: LiveTrip) -> Case:
    return Case(kind, held)
