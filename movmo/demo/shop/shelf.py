"""The flights that the shop offers now. It found them at the airline, and keeps each as the airline told it."""

from collections import OrderedDict
from datetime import datetime, timedelta
from typing import Any

from bookings.providers.types import PassengerType, SearchQuery, SliceQuery
from bookings.sandbox_airline.services import SandboxAirline
from movmo.kit import clock

Raw = dict[str, Any]
MOST = 200
DAYS_AHEAD = 60
_shown: OrderedDict[str, Raw] = OrderedDict()
"""By the airline's own id. The oldest go first."""


def find(origin: str, destination: str) -> Raw | None:
    """The cheapest flight for one adult in two months, now on the shelf."""
    leg = SliceQuery(origin, destination, clock.now().date() + timedelta(days=DAYS_AHEAD))
    found = SandboxAirline().search(SearchQuery((leg,), (PassengerType.ADULT,)), now=clock.now())
    if not found:
        return None
    _shown[found[0]["id"]] = found[0]
    while len(_shown) > MOST:
        _shown.popitem(last=False)
    return found[0]


def take(offer_id: str) -> Raw | None:
    """What stands on the page under this id, exactly as the airline said it."""
    return _shown.get(offer_id)


def described(raw: Raw) -> Raw:
    """For the page."""
    leg = raw["slices"][0]
    first, last = leg["segments"][0], leg["segments"][-1]
    return {
        "id": raw["id"],
        "origin": leg["origin"],
        "destination": leg["destination"],
        "departing": datetime.fromisoformat(first["departing_at"]),
        "arriving": datetime.fromisoformat(last["arriving_at"]),
        "duration": leg["duration"].removeprefix("PT").replace("H", " h ").replace("M", " min"),
        "flight": f"{first['marketing_carrier']['iata_code']} {first['marketing_carrier_flight_number']}",
        "carrier": raw["owner"]["name"],
        "brand": leg["fare_brand_name"],
        "amount": raw["total_amount"],
        "currency": raw["total_currency"],
    }
