"""A booking's flights in words, and as entries of a calendar. What airlines wrote comes out as single lines."""

from datetime import datetime, timedelta
from email.utils import parseaddr
from typing import Any

from django.conf import settings
from django.utils import dateformat

from bookings.booking.models import Booking
from bookings.booking.schedule_change.models import ScheduleChange
from bookings.notification import calendar_file
from bookings.notification.calendar_file import Entry
from bookings.offer.schemas import MomentView, PlaceView, SegmentView, SliceView
from movmo.accounts.letter.sending import host, one_line

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
    return one_line(place.city_name or place.name or place.iata_code)


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
        "flight": _flight(segment),
        "operator": "" if operator == segment.marketing_carrier else one_line(operator),
        "aircraft": one_line(segment.aircraft or ""),
        "duration": f"{segment.duration_minutes // 60} h {segment.duration_minutes % 60:02} min",
        "origin": _place(segment.origin),
        "destination": _place(segment.destination),
        "departing": moment(segment.departing),
        "arriving": {**moment(segment.arriving), "days": _days(segment)},
    }


def _days(segment: SegmentView) -> str:
    """ "+1 day" for an arrival on the next, "-1 day" eastwards over the date line."""
    days = (segment.arriving.local.date() - segment.departing.local.date()).days
    return f"{days:+} day{'' if abs(days) == 1 else 's'}" if days else ""


def _flight(segment: SegmentView) -> str:
    return one_line(f"{segment.marketing_carrier} {segment.marketing_flight_number}")


def _place(place: PlaceView) -> dict[str, str]:
    return {
        "city": city(place),
        "code": one_line(place.iata_code),
        "name": one_line(place.name),
        "terminal": one_line(place.terminal or ""),
    }


def calendar(booking: Booking, *, method: str, stamp: datetime, change: ScheduleChange | None) -> str:
    """The text of the file. Flights that a change has done away with are taken out of the calendar, too."""
    now_flying = _segments(read(booking.itinerary))
    gone = _segments(read(change.before))[len(now_flying) :] if change else []
    is_over = method == "CANCEL"
    entries = [
        *(_entry(booking, place, segment, is_over) for place, segment in enumerate(now_flying)),
        *(_entry(booking, place, segment, True) for place, segment in enumerate(gone, start=len(now_flying))),
    ]
    organizer = parseaddr(settings.DEFAULT_FROM_EMAIL)[1]
    return calendar_file.written(entries, method=method, stamp=stamp, organizer=organizer)


def _segments(slices: list[SliceView]) -> list[SegmentView]:
    return [segment for part in slices for segment in part.segments]


def _entry(booking: Booking, place: int, segment: SegmentView, is_cancelled: bool) -> Entry:
    origin, destination = _place(segment.origin), _place(segment.destination)
    leaves, arrives = moment(segment.departing), moment(segment.arriving)
    terminal = f", terminal {origin['terminal']}" if origin["terminal"] else ""
    told = [
        f"Record locator: {', '.join(booking.record_locators)}",
        f"Leaves {origin['city']} {leaves['day']}, {leaves['time']} ({leaves['zone']})",
        f"Arrives {destination['city']} {arrives['day']}, {arrives['time']} ({arrives['zone']})",
    ]
    return Entry(
        uid=f"{booking.pk}-{place + 1}@{host()}",
        # That it is over is a newer word than the times were.
        sequence=booking.itinerary_version + is_cancelled,
        starts_at=segment.departing.utc,
        ends_at=segment.arriving.utc,
        summary=f"{_flight(segment)} {origin['code']}–{destination['code']}",
        location=f"{origin['name']} ({origin['code']}){terminal}",
        description="\n".join(told),
        is_cancelled=is_cancelled,
    )
