"""An itinerary as it is read: the wait between flights, the stops, and what everybody may carry."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from django.template.loader import render_to_string

from checkout_widget.frame.purchase import trip

ANA, INA = UUID(int=1), UUID(int=2)
PARTY = [{"slot_id": ANA, "type": "ADT"}, {"slot_id": INA, "type": "INF"}]
BAG = {"type": "checked", "quantity": 1, "weight_kg": 23}
LATE = datetime(2027, 3, 1, 22, 30, tzinfo=UTC)


def flight(
    leaves: datetime, minutes: int, *, of_ana: Any = (BAG,), stops: tuple[str, ...] = (), cabin: str | None = "economy"
) -> dict[str, Any]:
    place = {"iata_code": "AMS", "name": "Schiphol", "city_name": "Amsterdam", "terminal": None}
    moments = {"departing": leaves, "arriving": leaves + timedelta(minutes=minutes)}
    return {
        **{name: {"local": at.replace(tzinfo=None), "zone": "UTC", "utc": at} for name, at in moments.items()},
        "origin": place,
        "destination": place,
        "marketing_carrier": "KL",
        "marketing_flight_number": "1",
        "operating_carrier": "KL",
        "stops": list(stops),
        "passengers": [
            {"slot_id": ANA, "baggage": list(of_ana), "cabin_class": cabin},
            {"slot_id": INA, "baggage": [], "cabin_class": "economy"},
        ],
    }


def told(*flights: dict[str, Any]) -> dict[str, Any]:
    [one] = trip.slices([{"segments": list(flights), "duration_minutes": 600}], PARTY)
    return one


def read(*flights: dict[str, Any]) -> str:
    return " ".join(render_to_string("checkout/itinerary.html", {"trip": [told(*flights)]}).split())


def test_a_change_of_planes_in_the_night() -> None:
    page = read(flight(LATE, 60), flight(LATE + timedelta(minutes=135), 120))
    assert "1 stop" in page
    assert "Change of plane, 1" in page and "15" in page
    assert '<sup class="later" aria-hidden="true">+1</sup><span class="unseen"> 1 day later</span>' in page


def test_a_landing_on_the_way_is_a_stop() -> None:
    page = read(flight(LATE, 600, stops=("SIN",)))
    assert "1 stop" in page and "stops in SIN" in page


def test_bags_are_told_where_all_with_a_seat_have_the_same() -> None:
    assert "1 checked bag (23 kg)" in read(flight(LATE, 60))
    assert told(flight(LATE, 60), flight(LATE + timedelta(hours=2), 60, of_ana=()))["baggage"] is None
    assert "No bags included" in read(flight(LATE, 60, of_ana=()))


def test_the_cabin_is_told_where_every_flight_has_the_same() -> None:
    assert "Economy" in read(flight(LATE, 60))
    assert told(flight(LATE, 60), flight(LATE + timedelta(hours=2), 60, cabin="business"))["cabin"] == ""
    assert told(flight(LATE, 60, cabin=None))["cabin"] == ""
