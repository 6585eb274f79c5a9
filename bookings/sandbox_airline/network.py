"""Where the sandbox airline flies: its airports, hubs and aircraft. Geography only, no dates."""

from dataclasses import dataclass
from functools import cache
from itertools import permutations
from math import asin, cos, radians, sin, sqrt

from bookings.providers.airports import Airport, airport

CARRIER = "XX"
CARRIER_NAME = "Movmo Sandbox Air"
HUBS = ("AMS", "DXB", "HND", "SIN")
# Twelve airports to play with, then those that only the routes with a fixed outcome need.
SERVED = (
    *("AMS", "BAH", "CDG", "DXB", "HND", "JFK", "LAX", "LHR", "LIS", "MUC", "SIN", "SYD"),
    *("BTS", "EWR", "MRU", "STN"),
)
# Promised to connect, although it is short enough and touches a hub.
NEVER_DIRECT = frozenset({("LHR", "DXB")})
LONGEST_DIRECT_KM = 14_000
LONGEST_DIRECT_WITHOUT_HUB_KM = 6_000
DAILY_FLIGHTS_PER_ROUTE = 3


@dataclass(frozen=True, slots=True)
class Aircraft:
    iata_code: str
    name: str
    range_km: int


FLEET = (
    Aircraft("223", "Airbus A220-300", 4_000),
    Aircraft("32Q", "Airbus A321neo", 7_000),
    Aircraft("789", "Boeing 787-9", LONGEST_DIRECT_KM),
)


@dataclass(frozen=True, slots=True)
class Route:
    """A direct route; `first_number` is the flight number of its first flight of the day."""

    origin: Airport
    destination: Airport
    distance_km: int
    first_number: int

    @property
    def aircraft(self) -> Aircraft:
        """The smallest aircraft that can fly it."""
        return next(craft for craft in FLEET if craft.range_km >= self.distance_km)

    @property
    def block_minutes(self) -> int:
        """Gate to gate: 40 minutes of taxiing and climbing, then 840 km/h, in steps of five minutes."""
        return -(-(40 + self.distance_km // 14) // 5) * 5


def distance_km(origin: Airport, destination: Airport) -> int:
    """The great circle (haversine)."""
    lat1, lat2 = radians(origin.latitude), radians(destination.latitude)
    half_lat, half_lon = (lat2 - lat1) / 2, radians(destination.longitude - origin.longitude) / 2
    return round(2 * 6371 * asin(sqrt(sin(half_lat) ** 2 + cos(lat1) * cos(lat2) * sin(half_lon) ** 2)))


def _is_direct(origin: str, destination: str, distance: int) -> bool:
    if (origin, destination) in NEVER_DIRECT:
        return False
    touches_hub = origin in HUBS or destination in HUBS
    return distance <= (LONGEST_DIRECT_KM if touches_hub else LONGEST_DIRECT_WITHOUT_HUB_KM)


@cache
def _routes() -> dict[tuple[str, str], Route]:
    """Every direct route. Numbers follow the order of SERVED, so they stay put while that tuple only grows."""
    airports = {code: found for code in SERVED if (found := airport(code))}
    routes = {}
    for index, (origin, destination) in enumerate(permutations(SERVED, 2)):
        distance = distance_km(airports[origin], airports[destination])
        if _is_direct(origin, destination, distance):
            number = 100 + index * DAILY_FLIGHTS_PER_ROUTE
            routes[origin, destination] = Route(airports[origin], airports[destination], distance, number)
    return routes


def path(origin: str, destination: str) -> tuple[Route, ...]:
    """The direct route, else the two of the shortest way over a hub, else nothing."""
    if origin == destination:
        return ()
    routes = _routes()
    if direct := routes.get((origin, destination)):
        return (direct,)
    over_hubs = [
        (routes[origin, hub], routes[hub, destination])
        for hub in HUBS
        if (origin, hub) in routes and (hub, destination) in routes
    ]
    return min(over_hubs, key=lambda legs: sum(leg.distance_km for leg in legs), default=())
