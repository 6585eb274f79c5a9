"""What letters may tell of a booking, as it stands: plain values, and every text a single line.

Names, cities and the like were written by others, so a break in one of them could otherwise begin a sentence of ours.
"""

from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.urls import reverse

from bookings.booking.models import Booking
from bookings.booking.proposing import TYPES
from bookings.booking.schedule_change.models import ScheduleChange
from bookings.booking.states import State
from bookings.cancellation.words import refund_to
from bookings.catalogue import modes
from bookings.notification import letters
from bookings.notification.letters import Letter
from bookings.offer import flights
from bookings.offer.schemas import MomentView, SliceView
from bookings.payment_method.words import card_in_words
from movmo.kit.errors import revive
from movmo.kit.money import Money
from movmo.kit.text import one_line
from movmo.operations.context import Door
from movmo.operations.models import Event

TRIP = "traveler:trip"
HEADINGS = {"failed": "What was not booked", "lapsed": "What was held", "cancelled": "What is cancelled"}
# Travelers know airlines, not the providers that their partners know.
BY_AN_AIRLINE = {
    "provider_refused": "The airline refused the booking.",
    "provider_unavailable": "The airline could not be reached.",
}
LONGEST_NAME, LONGEST_REASON = 100, 300


def of(booking: Booking, letter: Letter, event: Event) -> dict[str, Any]:
    slices = flights.read(booking.itinerary)
    change = letters.change_of(event)
    return {
        "link": settings.ORIGIN + reverse(TRIP, args=[booking.pk]),
        "trip": flights.route(slices[0]),
        "on": flights.moment(slices[0].segments[0].departing)["day"],
        "is_sandbox": modes.is_sandbox(booking.provider),
        "locators": [one_line(locator) for locator in booking.record_locators],
        "itineraries": _itineraries(slices, letter, change),
        "people": _people(booking),
        "total": str(booking.total),
        "card": card_in_words(booking.payment_method) if booking.payment_method else "",
        "is_paid": booking.state in letters.SOLD,
        "pay_by": _at_origin(booking.payment_required_by, slices),
        "had_waited_for_tickets": letters.had_waited_for_tickets(booking),
        "payment_was_refused": event.payload.get("previous_status") in (State.CONFIRMING, State.REQUIRES_ACTION),
        "failure": _failure(booking),
        "is_minor": change is not None and change.severity == ScheduleChange.Severity.MINOR,
        "is_by_traveler": change is not None and change.decided_by == "traveler",
        **(_cancellation(booking) if booking.state == State.CANCELLED else {}),
    }


def _itineraries(slices: list[SliceView], letter: Letter, change: ScheduleChange | None) -> list[dict[str, Any]]:
    if change is not None and letter.name == "change_waits":
        after = flights.read(change.after)
        return [
            {"heading": "As you booked it", "slices": flights.in_words(slices)},
            {"heading": "As the airline wants it now", "slices": flights.in_words(after)},
        ]
    return [{"heading": HEADINGS.get(letter.name, "Your trip"), "slices": flights.in_words(slices)}]


def _people(booking: Booking) -> list[dict[str, Any]]:
    tickets: dict[str, list[str]] = {}
    for document in booking.documents:
        tickets.setdefault(document["slot_id"], []).append(one_line(document["number"]))
    return [
        {
            "name": one_line(person["name_as_ticketed"], longest=LONGEST_NAME),
            "type": TYPES.get(person["type"], ""),
            "tickets": tickets.get(person["slot_id"], []),
        }
        for person in booking.people
    ]


def _at_origin(at: datetime | None, slices: list[SliceView]) -> dict[str, str] | None:
    """An instant by the clocks of the city that the trip begins in."""
    if at is None:
        return None
    zone = slices[0].segments[0].departing.zone
    local = at.astimezone(ZoneInfo(zone)).replace(tzinfo=None)
    told = flights.moment(MomentView(local=local, zone=zone, utc=at.astimezone(UTC)))
    return {**told, "city": flights.city(slices[0].origin)}


def _failure(booking: Booking) -> str:
    if not booking.failure_code:
        return ""
    told = BY_AN_AIRLINE.get(booking.failure_code) or revive(booking.failure_code, booking.failure_facts).text
    return one_line(told, longest=LONGEST_REASON)


def _cancellation(booking: Booking) -> dict[str, Any]:
    """`refund` and `penalty` are empty where there is none, and while nobody has said what they are."""
    asked_for = booking.transitions.filter(after=State.CANCELLING).order_by("-id").first()
    return {
        "cancelled_by": booking.cancelled_by,
        "is_by_application": asked_for is not None and asked_for.via.startswith(Door.MCP),
        "was_sold": letters.was_sold(booking),
        "refund": _amount(booking.refund_minor, booking),
        "is_refund_known": booking.refund_minor is not None,
        "penalty": _amount(booking.penalty_minor, booking),
        "refund_to": refund_to(booking.refund_to),
    }


def _amount(minor: int | None, booking: Booking) -> str:
    return str(Money(minor, booking.currency)) if minor else ""
