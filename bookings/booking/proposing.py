"""What a person is shown before an agent books for them: told by the rows that the call has just written."""

from typing import Any

from bookings.booking import steps
from bookings.booking.models import Booking
from bookings.booking.ordering import chosen_of
from bookings.booking.schemas import CreateBooking, Mode
from bookings.catalogue import modes
from bookings.offer import flights
from bookings.offer.ancillaries import ChosenService
from bookings.passenger import queries as passengers
from bookings.payment_method.words import card_in_words
from bookings.providers.types import Condition
from movmo.kit.money import Money
from movmo.kit.text import one_line
from movmo.operations.approval.proposal import Fact, Person, Price, Proposal
from movmo.operations.context import Context

TYPES = {"ADT": "", "CHD": "child", "INF": "infant on a lap", "INS": "infant"}
LONGEST_NAME = 100
PAID_BY_MOVMO = Fact(label="Paid by", text="the account that Movmo has with the airline")


def of_new_booking(ctx: Context, request: CreateBooking) -> Proposal:
    booking = steps.reload(ctx.resource_id)
    is_hold = request.mode is Mode.HOLD
    return proposal(
        booking,
        verb="Hold" if is_hold else "Book",
        price=Price(minor=booking.total_minor, currency=booking.currency, is_charged=not is_hold),
        facts=[*(_service(one) for one in chosen_of(booking)), *_conditions(booking)],
    )


def proposal(booking: Booking, *, verb: str, price: Price | None = None, facts: list[Fact] | None = None) -> Proposal:
    """Of a booking: its trip, its people, and what pays where something is spent."""
    slices = flights.read(booking.itinerary)
    card = booking.payment_method
    return Proposal(
        title=f"{verb} {trip(booking)}",
        journeys=flights.in_words(slices),
        people=[person(one) for one in booking.people],
        price=price,
        card=card_in_words(card) if price and card else "",
        facts=[
            *([locator(booking)] if booking.record_locators else []),
            *([PAID_BY_MOVMO] if price and price.is_charged and not card else []),
            *(facts or []),
        ],
        is_live=not modes.is_sandbox(booking.provider),
    )


def trip(booking: Booking) -> str:
    """ "Amsterdam to Lisbon on Tue 19 January 2027, and back"."""
    slices = flights.read(booking.itinerary)
    first, last = slices[0], slices[-1]
    day = flights.moment(first.segments[0].departing)["day"]
    if len(slices) == 2 and last.destination.iata_code == first.origin.iata_code:
        return f"{flights.route(first)} on {day}, and back"
    more = f", and {len(slices) - 1} more" if len(slices) > 1 else ""
    return f"{flights.route(first)} on {day}{more}"


def person(frozen: dict[str, Any]) -> Person:
    return Person(
        passenger_id=frozen["passenger_id"],
        name=passengers.shown(frozen["name_as_ticketed"]),
        type=TYPES.get(frozen["type"], ""),
        birth_date=frozen["birth_date"],
    )


def locator(booking: Booking) -> Fact:
    return Fact(label="Record locator", text=", ".join(one_line(one) for one in booking.record_locators))


def _service(one: ChosenService) -> Fact:
    flown = ", ".join(str(number) for number in one.segments)
    what = f"seat {one.designator}" if one.designator else f"{one.quantity} × {one.type}"
    return Fact(label="With", text=one_line(f"{what} on flight {flown}, {one.total}", longest=LONGEST_NAME))


def _conditions(booking: Booking) -> list[Fact]:
    told = booking.offer.content.conditions
    return [
        Fact(label="Refundable", text=_allowed(told.refundable)),
        Fact(label="Changeable", text=_allowed(told.changeable)),
    ]


def _allowed(condition: Condition) -> str:
    if condition.allowed is None:
        return "the airline does not say"
    if not condition.allowed:
        return "no"
    if condition.penalty_minor is None or condition.penalty_currency is None:
        return "yes"
    return f"yes, for {Money(condition.penalty_minor, condition.penalty_currency)}"
