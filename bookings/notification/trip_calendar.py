"""A booking's flights as entries of a calendar."""

from datetime import datetime
from email.utils import parseaddr

from django.conf import settings

from bookings.booking.models import Booking
from bookings.booking.schedule_change.models import ScheduleChange
from bookings.notification import calendar_file
from bookings.notification.calendar_file import Entry
from bookings.offer import flights
from bookings.offer.schemas import SegmentView, SliceView
from movmo.accounts.letter.sending import host


def calendar(booking: Booking, *, method: str, stamp: datetime, change: ScheduleChange | None) -> str:
    """The text of the file. Flights that a change has done away with are taken out of the calendar, too."""
    now_flying = _segments(flights.read(booking.itinerary))
    gone = _segments(flights.read(change.before))[len(now_flying) :] if change else []
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
    origin, destination = flights.place(segment.origin), flights.place(segment.destination)
    leaves, arrives = flights.moment(segment.departing), flights.moment(segment.arriving)
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
        summary=f"{flights.flight(segment)} {origin['code']}–{destination['code']}",
        location=f"{origin['name']} ({origin['code']}){terminal}",
        description="\n".join(told),
        is_cancelled=is_cancelled,
    )
