"""An itinerary as the frame shows it, from the slices that an offer or a booking tells."""

from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Any
from uuid import UUID

Slice = dict[str, Any]


ON_A_LAP = "INF"


def slices(told: Sequence[Slice], passengers: Iterable[dict[str, Any]]) -> list[Slice]:
    """Each with its first departure, its stops, what its fare carries, and the wait after each flight but the last."""
    seated = {one["slot_id"] for one in passengers if str(one["type"]) != ON_A_LAP}
    return [_slice(one, seated) for one in told]


def _slice(one: Slice, seated: set[UUID]) -> Slice:
    flights = one["segments"]
    waits = [_minutes(before["arriving"], after["departing"]) for before, after in pairwise(flights)]
    return {
        **one,
        "departing": flights[0]["departing"],
        "stops": len(flights) - 1 + sum(len(flight["stops"]) for flight in flights),
        "flights": [{**flight, "wait": wait} for flight, wait in zip(flights, [*waits, None], strict=True)],
        "cabin": _cabin(flights, seated),
        "baggage": _baggage(flights, seated),
    }


def _minutes(landing: dict[str, Any], departing: dict[str, Any]) -> int:
    return int((departing["utc"] - landing["utc"]).total_seconds() // 60)


def _cabin(flights: Iterable[dict[str, Any]], seated: set[UUID]) -> str:
    """Empty where people or flights differ, or nothing is told."""
    found = {str(fare["cabin_class"] or "") for fare in _fares(flights, seated)}
    return found.pop() if len(found) == 1 else ""


def _fares(flights: Iterable[dict[str, Any]], seated: set[UUID]) -> list[dict[str, Any]]:
    return [fare for flight in flights for fare in flight["passengers"] if fare["slot_id"] in seated]


def _baggage(flights: Iterable[dict[str, Any]], seated: set[UUID]) -> list[dict[str, Any]] | None:
    """What everybody with a seat may take on every flight; None where people or flights differ, or nothing is told."""
    found = [fare["baggage"] for fare in _fares(flights, seated)]
    if not found or any(one != found[0] for one in found):
        return None
    return [bag for bag in found[0] if bag["quantity"]]
