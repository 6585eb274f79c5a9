"""The weakest key: record locator, surname and date. Airlines use locators again, so that it takes all three.

People in bookings are encrypted, each with a key of their own, and cannot be joined on: candidates are found by their
locator and compared one by one. Of a line no name is kept but its keyed digest, and that only where no other key is.
"""

# Table names, columns and words in these statements are constants of ours.
# ruff: noqa: S608

from collections.abc import Iterator, Sequence
from contextlib import suppress
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from anyascii import anyascii
from django.db import connection
from django.db.backends.utils import CursorWrapper
from django.db.models import Q

from bookings.booking.document.models import BookingDocument
from bookings.booking.models import Booking
from bookings.booking.record_locator import queries as locators_of
from bookings.reconciliation import ours
from bookings.reconciliation.lines import Staging
from bookings.reconciliation.models import Statement
from bookings.reconciliation.states import Tier
from movmo.operations.lookup import fingerprint

BATCH = 500
READ = ("id", "record_locator", "surname_digest", "issued_on", "departure_on", "currency", "gross_minor")
APART = timedelta(days=1)
"""Days of issue differ where clocks do."""
Line = dict[str, Any]


def digest(surname: str) -> str:
    """The same however it is spelled: accents and what follows a slash, as on a ticket, do not count."""
    letters = "".join(letter for letter in anyascii(surname.partition("/")[0]).upper() if letter.isalpha())
    return fingerprint(f"surname:{letters}").hex()[:32] if letters else ""


def keep_digests(cursor: CursorWrapper, statement: Statement, staging: Staging) -> None:
    """Of the lines that have nothing stronger."""
    if "surname" not in staging.layout.texts:
        return
    staged = (
        f"SELECT line, surname FROM ({staging.as_ours}) AS n WHERE surname <> '' AND order_id = '' "
        "AND client_reference = '' AND ticket_number = '' AND record_locator <> ''"
    )
    for some in _by_batches(staged):
        cursor.executemany(
            "UPDATE reconciliation_line SET surname_digest = %s WHERE id = %s",
            [(digest(surname), statement.first_line_id + line) for line, surname in some],
        )


def _by_batches(select: str) -> Iterator[list[tuple[Any, ...]]]:
    """By a cursor of the database's own: there may be as many rows as the file has lines."""
    with connection.chunked_cursor() as reading:
        reading.execute(select, [])
        while some := reading.fetchmany(BATCH):
            yield some


def by_record_locator(cursor: CursorWrapper, statement: Statement) -> None:
    """Into reconciliation_held, what is left and has a locator. Two bookings that fit make the line ambiguous."""
    left = (
        f"SELECT {', '.join(READ)} FROM reconciliation_left l WHERE record_locator <> '' "
        "AND NOT EXISTS (SELECT 1 FROM reconciliation_held h WHERE h.id = l.id)"
    )
    for rows in _by_batches(left):
        some = [dict(zip(READ, row, strict=True)) for row in rows]
        held = list(_held(statement, some))
        cursor.executemany(
            "INSERT INTO reconciliation_held (id, booking_id, tier, n) VALUES (%s, %s, %s, %s)",
            [(line, ours.key(booking), Tier.RECORD_LOCATOR.value, n) for line, booking, n in held],
        )


def _held(statement: Statement, left: Sequence[Line]) -> Iterator[tuple[int, UUID, int]]:
    documents = _candidates(statement, {line["record_locator"] for line in left})
    for line in left:
        fitting = {one.booking_id for one in documents if _fits(line, one)}
        if fitting:
            yield line["id"], min(fitting), len(fitting)


def _candidates(statement: Statement, locators: set[str]) -> list[BookingDocument]:
    known = Q(record_locator__in=locators) | Q(booking__in=locators_of.bookings_with(locators))
    rows = BookingDocument.objects.filter(known, provider=statement.provider)
    if statement.partner_id:
        rows = rows.filter(booking__partner_id=statement.partner_id)
    return list(rows.select_related("booking"))


def _fits(line: Line, document: BookingDocument) -> bool:
    if line["record_locator"] not in document.booking.record_locators or not _same_day(line, document):
        return False
    if line["surname_digest"]:
        people = document.booking.people
        names = [person[name] for person in people for name in ("family_name", "name_as_ticketed") if person.get(name)]
        return line["surname_digest"] in map(digest, names)
    amount = (document.amount_minor, document.currency)
    return amount == (abs(line["gross_minor"]), line["currency"])


def _same_day(line: Line, document: BookingDocument) -> bool:
    issued, departure = _day(line["issued_on"]), _day(line["departure_on"])
    if issued is not None:
        return abs(issued - document.issued_on) <= APART
    return departure is not None and departure in _departures(document.booking)


def _day(value: date | str | None) -> date | None:
    """Temporary tables of SQLite have no dates."""
    return date.fromisoformat(value) if isinstance(value, str) else value


def _departures(booking: Booking) -> Iterator[date]:
    """The day on which each slice leaves: a PNR may be of one slice alone."""
    for slice_ in booking.itinerary:
        with suppress(KeyError, IndexError):
            yield date.fromisoformat(slice_["segments"][0]["departing"]["local"][:10])
