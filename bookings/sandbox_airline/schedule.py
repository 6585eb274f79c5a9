"""The timetable: the same flights for the same route and date, in every process, without a table.

What varies is drawn from a hash of the flight and its date (`draw`), never from a random generator.
"""

import hashlib
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from bookings.providers.types import SliceQuery
from bookings.sandbox_airline.network import DAILY_FLIGHTS_PER_ROUTE, Route, path

# No zone moves its clocks at these hours, so every departure exists exactly once.
DEPARTURE_BANKS = (7, 13, 20)
SHORTEST_CONNECTION = timedelta(minutes=60)
BOOKABLE_AHEAD = timedelta(days=700)


@dataclass(frozen=True, slots=True)
class Flight:
    """One departure. `departing` and `arriving` are aware, each in the zone of its airport."""

    route: Route
    number: str
    departing: datetime
    arriving: datetime

    @property
    def departure_date(self) -> date:
        return self.departing.date()


Itinerary = tuple[Flight, ...]


def draw(*seed: object, among: int) -> int:
    """A number from 0 to `among` - 1, always the same for the same seed."""
    digest = hashlib.sha256("/".join(map(str, seed)).encode()).digest()
    return int.from_bytes(digest[:8], "big") % among


def flights(route: Route, day: date) -> list[Flight]:
    """The route's departures of one local day, earliest first."""
    departures = []
    for index in range(DAILY_FLIGHTS_PER_ROUTE):
        number = str(route.first_number + index)
        minutes = 5 * draw("departure", number, day, among=24)
        local = datetime.combine(day, time(DEPARTURE_BANKS[index])) + timedelta(minutes=minutes)
        departing = local.replace(tzinfo=ZoneInfo(route.origin.zone))
        # Through UTC: adding to an aware local time would ignore a change of clocks on the way.
        landed = departing.astimezone(UTC) + timedelta(minutes=route.block_minutes)
        departures.append(Flight(route, number, departing, landed.astimezone(ZoneInfo(route.destination.zone))))
    return departures


def itineraries(query: SliceQuery, *, now: datetime) -> list[Itinerary]:
    """Ways to fly one slice on its date, direct where the airline does, else over one hub. Nothing in the past."""
    if not now - timedelta(days=2) <= datetime.combine(query.departure_date, time(), UTC) <= now + BOOKABLE_AHEAD:
        return []
    legs = path(query.origin, query.destination)
    if not legs:
        return []
    firsts = [flight for flight in flights(legs[0], query.departure_date) if flight.departing > now]
    return [(first, *(_connection(first, leg) for leg in legs[1:])) for first in firsts]


def _connection(feeder: Flight, onward: Route) -> Flight:
    """The first onward flight that can be reached. There is one: every route flies late on the next day."""
    landed = feeder.arriving.astimezone(UTC)  # two times of one zone would subtract as if clocks never changed
    day = feeder.arriving.date()
    candidates = [*flights(onward, day), *flights(onward, day + timedelta(days=1))]
    return next(flight for flight in candidates if flight.departing - landed >= SHORTEST_CONNECTION)
