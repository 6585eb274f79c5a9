"""What staff paste, and which bookings it is about: a booking id, a PNR, a ticket's number, an order id, an e-mail.

Whole values only, and each by an index of its own: a search is a few statements that touch a few rows, however many
bookings there are.
"""

import re
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.contrib.auth import get_user_model
from django.db.models import Q

from bookings.booking.document.models import BookingDocument
from bookings.booking.models import Booking
from bookings.booking.record_locator import queries as locators
from movmo.operations.admin import as_uuid

PNR = re.compile(r"[A-Za-z0-9]{5,13}")
TICKET = re.compile(r"(\d{3})[- ]?(\d{10})")
"""13 digits: an airline's prefix, and the number. People write a dash between them."""
MOST = 20


@dataclass(frozen=True, slots=True)
class Found:
    """A booking, and why it was found."""

    booking: Booking
    by: str


def matching(term: str) -> Q:
    """The rows of bookings that the term is about."""
    known = as_uuid(term)
    if known is not None:
        return Q(pk=known) | Q(order_id__in=[term, str(known)])
    if "@" in term:
        users = get_user_model().objects.filter(email=term.lower()).values_list("pk", flat=True)
        return Q(user__in=list(users))
    if ticket := TICKET.fullmatch(term):
        return Q(pk__in=_with_document("".join(ticket.groups())))
    found = Q(order_id=term)
    if PNR.fullmatch(term):
        found |= Q(record_locator=term.upper()) | Q(pk__in=locators.bookings_with([term.upper()], most=MOST))
    return found


def find(term: str) -> list[Found]:
    """The newest bookings that the term is about, MOST of them."""
    term = term.strip()
    if not term or "\0" in term:
        return []
    rows = Booking.objects.filter(matching(term)).order_by("-id").only("id", "state", "record_locators", "itinerary")
    return [Found(booking, _why(term, booking)) for booking in rows[:MOST]]


def _with_document(number: str) -> list[UUID]:
    documents = BookingDocument.objects.filter(number=number).order_by("-booking_id")
    return list(documents.values_list("booking_id", flat=True).distinct()[:MOST])


def _why(term: str, booking: Booking) -> str:
    ways: dict[str, Any] = {
        "e-mail": "@" in term,
        "ticket": TICKET.fullmatch(term),
        "booking id": as_uuid(term) == booking.pk,
        "PNR": term.upper() in booking.record_locators,
    }
    return next((way for way, is_so in ways.items() if is_so), "order id")
