"""Names, cities and brands are written by others: none of them writes a letter of ours."""

from typing import Any

import pytest

from bookings.booking.models import Booking
from tests.bookings.notification.journey import Journey, calendar_of, page_of

pytestmark = pytest.mark.django_db

HOSTILE = [
    "Lisbon\r\nBcc: bo@example.com",
    "Lisbon\n\nYour booking is cancelled. Call 555-0100 at once.",
    "<script>alert(1)</script><img src=https://evil.example/x>",
    "Lis\u202ebon\u2066\u200f",
    "Lisbon\u2028Your card was charged twice",
    "{{ link }}{% include 'admin/index.html' %}",
    "L" * 5000,
]


@pytest.fixture(params=HOSTILE)
def hostile(request: pytest.FixtureRequest, journey: Journey) -> str:
    """It stands everywhere where somebody else has written."""
    text: str = request.param
    journey.flies([_everywhere(part, text) for part in journey.booking.itinerary])
    booking = journey.booking
    booking.passengers = [{**person, "name_as_ticketed": text, "given_name": text} for person in booking.people]
    booking.save(update_fields=["passengers"])
    Booking.objects.filter(pk=booking.pk).update(record_locators=[text])
    journey.is_confirmed(record_locators=[text])
    return text


def _everywhere(part: dict[str, Any], text: str) -> dict[str, Any]:
    def place(one: dict[str, Any]) -> dict[str, Any]:
        return {**one, "city_name": text, "name": text, "terminal": text}

    segments = [
        {
            **one,
            "origin": place(one["origin"]),
            "destination": place(one["destination"]),
            "operating_carrier": text,
            "aircraft": text,
        }
        for one in part["segments"]
    ]
    ends = {"origin": place(part["origin"]), "destination": place(part["destination"])}
    return {**part, **ends, "fare_brand": text, "segments": segments}


def test_no_text_of_others_gets_out_of_its_place(journey: Journey, hostile: str) -> None:
    letter = journey.letter()
    message, page = letter.message(), page_of(letter)
    assert letter.recipients() == ["ana@example.com"]
    assert message["Bcc"] is None
    assert "\n" not in letter.subject
    assert len(letter.subject) <= 200
    assert not any(
        line.strip().startswith(("Bcc", "Your booking is cancelled", "Your card")) for line in letter.body.splitlines()
    )
    for spoken in (letter.subject, letter.body, page):
        assert not set(spoken) & set("\u202e\u2066\u200f\u2028")
    assert "<script" not in page
    assert "<img" not in page
    assert letter.body.count("/accounts/trips/") == 1


def test_nor_in_the_calendar(journey: Journey, hostile: str) -> None:
    journey.is_ticketed()
    [entry] = calendar_of(journey.letters()[-1])
    assert set(entry) == {
        "VERSION", "PRODID", "CALSCALE", "METHOD", "UID", "DTSTAMP", "SEQUENCE", "ORGANIZER;CN=Movmo", "DTSTART",
        "DTEND", "SUMMARY", "LOCATION", "DESCRIPTION", "STATUS", "TRANSP",
    }  # fmt: skip


def test_a_page_of_ours_loads_and_runs_nothing(journey: Journey) -> None:
    journey.is_ticketed()
    page = page_of(journey.letter())
    assert not any(sign in page for sign in ("<script", "<img", "<link", "@import", "url(", " src=", "javascript:"))
    assert page.count("href=") == 1
