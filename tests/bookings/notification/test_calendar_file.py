"""The calendar file: read back strictly, with flights over the date line and through the nights when clocks change."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bookings.booking.states import State
from bookings.notification import calendar_file
from bookings.notification.calendar_file import Entry
from tests.bookings.notification.journey import Journey, Severity, a_slice, calendar_of, page_of, parsed, segment

AMS, JFK = ("AMS", "Amsterdam", "Europe/Amsterdam"), ("JFK", "New York", "America/New_York")
SYD, LAX = ("SYD", "Sydney", "Australia/Sydney"), ("LAX", "Los Angeles", "America/Los_Angeles")
HND = ("HND", "Tokyo", "Asia/Tokyo")
NOON = datetime(2027, 3, 1, 12, tzinfo=UTC)
# Leaves on the 30th and arrives on the 30th, earlier by the clock; then on to the east.
OVER_THE_DATE_LINE = a_slice(
    segment(SYD, LAX, ("2027-04-30T21:40:00", "2027-04-30T11:40:00"), ("2027-04-30T18:10:00", "2027-05-01T01:10:00")),
)
BACK_OVER_IT = a_slice(
    segment(LAX, HND, ("2027-05-09T23:55:00", "2027-05-10T06:55:00"), ("2027-05-11T04:30:00", "2027-05-10T19:30:00")),
    segment(HND, SYD, ("2027-05-11T22:00:00", "2027-05-11T13:00:00"), ("2027-05-12T08:30:00", "2027-05-11T22:30:00")),
)
# The night of 31 October 2027, when 02:30 comes twice in Amsterdam: this flight leaves at the second one.
CLOCKS_GO_BACK = a_slice(
    segment(AMS, JFK, ("2027-10-31T02:30:00", "2027-10-31T01:30:00"), ("2027-10-31T05:30:00", "2027-10-31T09:30:00")),
)


def entry(**changes: Any) -> Entry:
    usual: dict[str, Any] = {
        "uid": "one@movmo.example",
        "sequence": 1,
        "starts_at": NOON,
        "ends_at": NOON + timedelta(hours=3),
        "summary": "XX 204 AMS–LIS",
        "location": "Amsterdam Airport Schiphol (AMS)",
        "description": "Record locator: BCDFGH",
    }
    return Entry(**{**usual, **changes})


def file_of(*entries: Entry, method: str = "PUBLISH") -> str:
    return calendar_file.written(entries, method=method, stamp=NOON, organizer="no-reply@movmo.example")


def test_every_property_that_programs_ask_for_is_there() -> None:
    [read] = parsed(file_of(entry()))
    assert read == {
        "VERSION": "2.0",
        "PRODID": "-//Movmo//Bookings//EN",
        "CALSCALE": "GREGORIAN",
        "METHOD": "PUBLISH",
        "UID": "one@movmo.example",
        "DTSTAMP": "20270301T120000Z",
        "SEQUENCE": "1",
        "ORGANIZER;CN=Movmo": "mailto:no-reply@movmo.example",
        "DTSTART": "20270301T120000Z",
        "DTEND": "20270301T150000Z",
        "SUMMARY": "XX 204 AMS–LIS",
        "LOCATION": "Amsterdam Airport Schiphol (AMS)",
        "DESCRIPTION": "Record locator: BCDFGH",
        "STATUS": "CONFIRMED",
        "TRANSP": "OPAQUE",
    }


@given(st.text(st.characters(exclude_categories=["Cc", "Cs", "Zl", "Zp"]), max_size=400))
def test_whatever_stands_in_a_text_comes_back_as_it_was(text: str) -> None:
    [read] = parsed(file_of(entry(description=text, summary=f"{text}\n{text}")))
    assert read["DESCRIPTION"] == text
    assert read["SUMMARY"] == f"{text}\n{text}"


def test_lines_are_folded_by_octets_and_no_character_is_cut() -> None:
    text = "ø✈" * 200
    written = file_of(entry(location=text))
    assert max(len(line.encode()) for line in written.split("\r\n")) <= 75
    assert parsed(written)[0]["LOCATION"] == text


def test_a_text_begins_no_property_of_its_own() -> None:
    evil = "Lisbon\r\nATTACH:https://evil.example/\r\nEND:VEVENT"
    written = file_of(entry(location=evil))
    assert [line for line in written.split("\r\n") if line.startswith(("ATTACH", "END:VEVENT"))] == ["END:VEVENT"]


@pytest.mark.django_db
class TestOfABooking:
    def test_each_flight_has_an_entry_at_its_instant(self, journey: Journey) -> None:
        journey.flies([OVER_THE_DATE_LINE, BACK_OVER_IT])
        journey.is_ticketed()
        letter = journey.letter()
        entries = calendar_of(letter)
        assert [(one["DTSTART"], one["DTEND"]) for one in entries] == [
            ("20270430T114000Z", "20270501T011000Z"),
            ("20270510T065500Z", "20270510T193000Z"),
            ("20270511T130000Z", "20270511T223000Z"),
        ]
        assert all(one["DTSTART"] < one["DTEND"] for one in entries)
        assert len({one["UID"] for one in entries}) == 3
        assert "Sat 1 May" not in letter.body, "by Los Angeles' clocks it is still Friday"
        assert "18:10" in letter.body
        assert "(+2 days)" in page_of(letter)

    def test_of_an_hour_that_comes_twice_the_letter_says_which(self, journey: Journey) -> None:
        journey.flies([CLOCKS_GO_BACK])
        journey.is_ticketed()
        letter = journey.letter()
        assert "Sun 31 October 2027, 02:30" in letter.body
        assert "Europe/Amsterdam, UTC+01:00" in letter.body
        assert "America/New_York, UTC-04:00" in letter.body
        [one] = calendar_of(letter)
        assert (one["DTSTART"], one["DTEND"]) == ("20271031T013000Z", "20271031T093000Z")
        assert "02:30 (Europe/Amsterdam, UTC+01:00)" in one["DESCRIPTION"]

    def test_the_file_is_attached_as_a_calendar(self, journey: Journey) -> None:
        journey.is_ticketed()
        message = journey.letter().message()
        [part] = [part for part in message.walk() if part.get_filename() == "trip.ics"]
        assert (part.get_content_type(), part.get_param("method")) == ("text/calendar", "PUBLISH")
        payload = part.get_payload(decode=True)
        assert isinstance(payload, bytes)
        assert parsed(payload.decode())[0]["METHOD"] == "PUBLISH"

    def test_a_change_is_a_newer_word_about_the_same_entries(self, journey: Journey) -> None:
        journey.is_ticketed()
        [first] = calendar_of(journey.letter())
        journey.is_accepted(journey.change(Severity.MINOR, later=timedelta(minutes=10)), by="movmo")
        [second] = calendar_of(journey.letters()[-1])
        assert second["UID"] == first["UID"]
        assert (first["SEQUENCE"], second["SEQUENCE"]) == ("1", "2")
        assert second["DTSTART"] > first["DTSTART"]

    def test_a_flight_that_a_change_does_away_with_is_taken_out(self, journey: Journey) -> None:
        journey.flies([BACK_OVER_IT])
        journey.is_ticketed()
        first = calendar_of(journey.letter())
        change = journey.change(Severity.MAJOR)
        change.after = [OVER_THE_DATE_LINE]
        change.save()
        journey.is_accepted(change, by="traveler")
        second = calendar_of(journey.letters()[-1])
        assert [one["UID"] for one in second] == [one["UID"] for one in first]
        assert [one["STATUS"] for one in second] == ["CONFIRMED", "CANCELLED"]

    def test_a_cancellation_takes_every_flight_out(self, journey: Journey) -> None:
        journey.flies([BACK_OVER_IT])
        journey.is_ticketed()
        first = calendar_of(journey.letter())
        journey.is_cancelled(by="airline", refund=None)
        last = calendar_of(journey.letters()[-1])
        assert [one["UID"] for one in last] == [one["UID"] for one in first]
        assert {one["METHOD"] for one in last} == {"CANCEL"}
        assert {one["STATUS"] for one in last} == {"CANCELLED"}
        assert all(int(one["SEQUENCE"]) > int(first[0]["SEQUENCE"]) for one in last)

    def test_nothing_uncertain_gets_into_a_calendar(self, journey: Journey) -> None:
        journey.is_held(None)
        assert journey.letter().attachments == []
        journey.goes(State.LAPSED)
        assert journey.letters()[-1].attachments == []
