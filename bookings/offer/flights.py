"""Flights in words, for letters and pages. What airlines wrote comes out as single lines."""

from datetime import timedelta
from typing import Any

from django.utils import dateformat

from bookings.offer.schemas import MomentView, PlaceView, SegmentView, SliceView
from bookings.providers import airports
from movmo.kit.text import one_line

DAY = "D j F Y"


def read(itinerary: list[dict[str, Any]]) -> list[SliceView]:
    return [SliceView.model_validate(part) for part in itinerary]


def in_words(slices: list[SliceView]) -> list[dict[str, Any]]:
    return [
        {
            "route": route(part),
            "brand": one_line(part.fare_brand or ""),
            "segments": [_segment(segment) for segment in part.segments],
        }
        for part in slices
    ]


def route(part: SliceView) -> str:
    """ "Amsterdam to Lisbon"."""
    return f"{city(part.origin)} to {city(part.destination)}"


def city(place: PlaceView) -> str:
    """By our own table: it heads questions to people, and whoever hands in an offer may call a place anything."""
    known = airports.airport(place.iata_code)
    return one_line(known.city_name or known.name) if known else one_line(place.iata_code)


def moment(at: MomentView) -> dict[str, str]:
    """Airport-local, with the zone and how far it is from UTC: the same clock time comes twice when summer ends."""
    return {
        "day": dateformat.format(at.local, DAY),
        "time": f"{at.local:%H:%M}",
        "zone": f"{at.zone}, {_offset(at)}",
    }


def _offset(at: MomentView) -> str:
    """UTC+05:30."""
    ahead = at.local - at.utc.replace(tzinfo=None)
    minutes = abs(ahead) // timedelta(minutes=1)
    return f"UTC{'-' if ahead < timedelta() else '+'}{minutes // 60:02}:{minutes % 60:02}"


def _segment(segment: SegmentView) -> dict[str, Any]:
    operator = segment.operating_carrier or segment.marketing_carrier
    return {
        "flight": flight(segment),
        "operator": "" if operator == segment.marketing_carrier else one_line(operator),
        "aircraft": one_line(segment.aircraft or ""),
        "duration": f"{segment.duration_minutes // 60} h {segment.duration_minutes % 60:02} min",
        "origin": place(segment.origin),
        "destination": place(segment.destination),
        "departing": moment(segment.departing),
        "arriving": {**moment(segment.arriving), "days": _days(segment)},
    }


def _days(segment: SegmentView) -> str:
    """ "+1 day" for an arrival on the next, "-1 day" eastwards over the date line."""
    days = (segment.arriving.local.date() - segment.departing.local.date()).days
    return f"{days:+} day{'' if abs(days) == 1 else 's'}" if days else ""


def flight(segment: SegmentView) -> str:
    return one_line(f"{segment.marketing_carrier} {segment.marketing_flight_number}")


def place(place: PlaceView) -> dict[str, str]:
    return {
        "city": city(place),
        "code": one_line(place.iata_code),
        "name": one_line(place.name),
        "terminal": one_line(place.terminal or ""),
    }
