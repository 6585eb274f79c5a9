"""The demo's mailbox: what it keeps of a letter, and how it hands on what others have written."""

from pathlib import Path

import pytest
from django.core.mail import EmailMultiAlternatives
from django.test import Client
from pytest_django import Settings

from movmo.accounts.letter import mailbox
from movmo.accounts.letter.mailbox import Letter
from movmo.kit.ids import new_id

pytestmark = pytest.mark.django_db

CALENDAR = "text/calendar; method=PUBLISH; charset=utf-8"


@pytest.fixture(autouse=True)
def folder(settings: Settings, tmp_path: Path) -> Path:
    settings.EMAIL_BACKEND = "movmo.accounts.letter.mailbox.MailboxBackend"
    settings.MOVMO_MAILBOX = tmp_path
    return tmp_path


@pytest.fixture
def letter() -> Letter:
    message = EmailMultiAlternatives("Hello", "As text", to=["ana@example.com"])
    message.attach_alternative("<p>As a page</p><script>alert(1)</script>", "text/html")
    message.attach("trip.ics", "BEGIN:VCALENDAR\r\n", CALENDAR)
    message.attach('a "name"\u202e.html', "<script>alert(1)</script>", "text/html")
    message.send()
    [kept] = mailbox.latest()
    return kept


def test_it_keeps_every_part(letter: Letter) -> None:
    assert (letter.subject, letter.body, letter.to) == ("Hello", "As text", "ana@example.com")
    assert "As a page" in letter.page
    assert letter.attachments[0] == ("trip.ics", "BEGIN:VCALENDAR\r\n", CALENDAR)


def test_letters_of_before_there_were_pages_are_shown(folder: Path, client: Client) -> None:
    kept = '{"to": "ana@example.com", "subject": "Old", "body": "Hello", "sent_at": "2027-03-01T12:00:00+00:00"}'
    (folder / f"{new_id()}.json").write_text(kept)
    assert "Old" in client.get("/mailbox").content.decode()


def test_a_page_is_framed_by_us_alone_and_runs_nothing(letter: Letter, client: Client) -> None:
    shown = client.get("/mailbox")
    assert "<script>alert" not in shown.content.decode()
    assert "frame-src 'self'" in shown["Content-Security-Policy"]
    answer = client.get(f"/mailbox/{letter.id}/page")
    policy = answer["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'self'" in policy
    assert "sandbox" in policy
    assert not any(allowed in policy for allowed in ("script-src", "img-src", "allow-scripts", "allow-same-origin"))
    assert answer["X-Frame-Options"] == "SAMEORIGIN"


def test_other_pages_are_framed_by_nobody(client: Client) -> None:
    assert client.get("/accounts/login/")["X-Frame-Options"] == "DENY"
    assert "frame-src" not in client.get("/accounts/login/")["Content-Security-Policy"]


def test_what_was_attached_is_kept_and_never_opened_here(letter: Letter, client: Client) -> None:
    calendar, page = (client.get(f"/mailbox/{letter.id}/files/{place}") for place in range(2))
    assert (calendar["Content-Type"], calendar["Content-Disposition"]) == (CALENDAR, 'attachment; filename="trip.ics"')
    assert calendar.content == b"BEGIN:VCALENDAR\r\n"
    assert page["Content-Disposition"].startswith("attachment;")
    assert page["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize("address", ["page", "files/0", "files/7"])
def test_what_is_not_there_is_not_found(address: str, client: Client, folder: Path) -> None:
    EmailMultiAlternatives("Hello", "As text", to=["ana@example.com"]).send()
    assert client.get(f"/mailbox/{mailbox.latest()[0].id}/{address}").status_code == 404
    assert client.get(f"/mailbox/{new_id()}/{address}").status_code == 404
