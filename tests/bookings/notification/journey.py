"""A booking that goes through its states as a test wants it, by the steps of the saga itself."""

import re
from copy import deepcopy
from datetime import datetime, timedelta
from typing import Any

from django.core import mail
from django.core.mail import EmailMultiAlternatives

from bookings.booking import steps
from bookings.booking.actors import AIRLINE, Actor
from bookings.booking.events import SCHEDULE_CHANGED, ScheduleChangeEvent
from bookings.booking.models import Booking
from bookings.booking.schedule_change.models import ScheduleChange
from bookings.booking.states import State
from tests.letters import post
from tests.saga.trip import Trip

TICKET = "0002412345678"
Severity = ScheduleChange.Severity


class Journey:
    def __init__(self, trip: Trip) -> None:
        self.trip = trip
        self.clock = trip.clock
        self.world = trip.world

    @property
    def booking(self) -> Booking:
        return steps.reload(self.trip.booking.pk)

    def goes(self, *path: State, by: Actor = AIRLINE, **changes: Any) -> None:
        steps.settle(self.booking, *path, now=self.clock.now, reason="so the test wants it", by=by, **changes)
        assert self.booking.state == path[-1]

    def is_sent(self) -> None:
        self.goes(State.SUBMITTING)

    def is_confirmed(self, *more: State, **changes: Any) -> None:
        """And further, in the same step."""
        if self.booking.state == State.RESERVED:
            self.is_sent()
        self.goes(State.CONFIRMED, *more, **{"order_id": "ord_1", "record_locators": ["BCDFGH"], **changes})

    def is_ticketed(self) -> None:
        if self.booking.state in (State.RESERVED, State.SUBMITTING):
            self.is_confirmed(State.TICKETED, documents=self.documents())
        else:
            self.goes(State.TICKETED, documents=self.documents())

    def documents(self) -> list[dict[str, Any]]:
        return [
            {"type": "electronic_ticket", "number": TICKET, "slot_id": person["slot_id"], "coupons": []}
            for person in self.booking.people
        ]

    def is_held(self, until: datetime | None) -> None:
        self.is_sent()
        self.goes(State.HELD, order_id="ord_1", record_locators=["BCDFGH"], payment_required_by=until)

    def is_cancelled(self, *, by: str, refund: int | None, penalty: int | None = None, refund_to: str = "") -> None:
        told: dict[str, Any] = {"refund_minor": refund, "penalty_minor": penalty, "refund_to": refund_to}
        self.goes(State.CANCELLED, cancelled_by=by, **told)

    def change(self, severity: Severity, *, later: timedelta = timedelta(hours=3)) -> ScheduleChange:
        """The airline announces that every flight is so much later; it waits."""
        booking = self.booking
        change = ScheduleChange.objects.create(
            booking=booking,
            reference=f"change-{booking.itinerary_version}",
            version=booking.itinerary_version + 1,
            severity=severity,
            before=booking.itinerary,
            after=moved(booking.itinerary, later),
            announced_at=self.clock.now,
        )
        self.tells_of(change, ScheduleChange.State.WAITING)
        return change

    def tells_of(self, change: ScheduleChange, state: ScheduleChange.State, by: str = "", **changes: Any) -> None:
        """The change reaches a state, and an event says so."""
        booking = self.booking
        ScheduleChange.objects.filter(pk=change.pk).update(state=state, decided_by=by)
        status = State(booking.state)
        event = ScheduleChangeEvent(
            booking_id=booking.pk, status=status, change_id=change.pk, severity=change.severity, state=state
        )
        steps.note_facts(booking, now=self.clock.now, reason="schedule", more=((SCHEDULE_CHANGED, event),), **changes)

    def is_accepted(self, change: ScheduleChange, *, by: str) -> None:
        news = {"itinerary": change.after, "itinerary_version": change.version}
        self.tells_of(change, ScheduleChange.State.ACCEPTED, by, **news)

    def flies(self, itinerary: list[dict[str, Any]]) -> None:
        Booking.objects.filter(pk=self.booking.pk).update(itinerary=itinerary)

    def letters(self, *, after: timedelta = timedelta(minutes=2)) -> list[EmailMultiAlternatives]:
        """Those that have left by then."""
        post()
        self.clock.set(self.clock.now + after)
        post()
        return [letter for letter in mail.outbox if isinstance(letter, EmailMultiAlternatives)]

    def letter(self) -> EmailMultiAlternatives:
        [letter] = self.letters()
        return letter

    def subjects(self) -> list[str]:
        return [letter.subject.partition(":")[0] for letter in self.letters()]


def moved(itinerary: list[dict[str, Any]], by: timedelta) -> list[dict[str, Any]]:
    later = deepcopy(itinerary)
    for segment in (segment for part in later for segment in part["segments"]):
        for end in ("departing", "arriving"):
            for clock in ("local", "utc"):
                at = datetime.fromisoformat(segment[end][clock]) + by
                segment[end][clock] = at.isoformat()
    return later


def segment(
    origin: tuple[str, str, str], destination: tuple[str, str, str], leaves: tuple[str, str], arrives: tuple[str, str]
) -> dict[str, Any]:
    """Ends as (code, city, zone), times as (local, UTC)."""

    def place(end: tuple[str, str, str]) -> dict[str, Any]:
        return {"iata_code": end[0], "name": f"{end[1]} Airport", "city_name": end[1], "terminal": "2"}

    minutes = (datetime.fromisoformat(arrives[1]) - datetime.fromisoformat(leaves[1])) // timedelta(minutes=1)
    return {
        "marketing_carrier": "XX",
        "marketing_flight_number": "204",
        "operating_carrier": "XX",
        "origin": place(origin),
        "destination": place(destination),
        "departing": {"local": leaves[0], "zone": origin[2], "utc": leaves[1] + "Z"},
        "arriving": {"local": arrives[0], "zone": destination[2], "utc": arrives[1] + "Z"},
        "duration_minutes": minutes,
    }


def a_slice(*segments: dict[str, Any]) -> dict[str, Any]:
    ends = {"origin": segments[0]["origin"], "destination": segments[-1]["destination"]}
    numbered = [{**one, "segment": number} for number, one in enumerate(segments)]
    return {**ends, "duration_minutes": sum(one["duration_minutes"] for one in segments), "segments": numbered}


def page_of(letter: EmailMultiAlternatives) -> str:
    [(content, content_type)] = letter.alternatives
    assert content_type == "text/html"
    return str(content)


def words_of(page: str) -> str:
    """What a reader sees of it."""
    return " ".join(re.sub(r"<[^>]*>", " ", re.sub(r"(?s)<(style|title)>.*?</\1>", "", page)).split())


def calendar_of(letter: EmailMultiAlternatives) -> list[dict[str, str]]:
    """The entries of the file that is attached."""
    [file] = letter.attachments
    return parsed(str(file.content))


def parsed(text: str) -> list[dict[str, str]]:
    """As RFC 5545 has it, read strictly: unfolded, unescaped, and every line at most 75 octets."""
    assert text.endswith("END:VCALENDAR\r\n")
    assert all(len(line.encode()) <= 75 for line in text.split("\r\n"))
    assert "\n" not in text.replace("\r\n", "")
    entries: list[dict[str, str]] = []
    head: dict[str, str] = {}
    for line in text.replace("\r\n ", "").removesuffix("\r\n").split("\r\n"):
        name, _, value = line.partition(":")
        if line == "BEGIN:VEVENT":
            entries.append(dict(head))
        elif name not in ("BEGIN", "END"):
            (entries[-1] if entries else head)[name] = re.sub(
                r"\\(.)", lambda found: "\n" if found[1] in "nN" else found[1], value
            )
    return entries
