"""Reads of bookings. Another traveler's is not found, nor what this call's key does not reach."""

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from django.db.models import F, Q

from bookings.booking import steps
from bookings.booking.amendment.queries import in_the_hands_of_callers, under_way
from bookings.booking.models import Booking
from bookings.booking.ordering import chosen_of
from bookings.booking.owing import held_money
from bookings.booking.schedule_change import queries as schedule_changes
from bookings.booking.schemas import (
    BookingList,
    BookingSummary,
    BookingView,
    CancellationView,
    FailureView,
    PaymentView,
    SearchBookings,
)
from bookings.booking.states import OPEN, OVER, UNDER_WAY, UNPAID, State
from bookings.catalogue import modes
from bookings.offer import presentation
from bookings.offer.schemas import MoneyView
from bookings.providers.types import PassengerType
from movmo.kit import cursor
from movmo.kit.compiled import CompiledGet
from movmo.kit.errors import NotFound, revive
from movmo.kit.money import Money
from movmo.operations.context import Context

_LONGEST_WAITING = F("lease_until").asc(nulls_first=True)
_BY_ID_AND_OWNER = CompiledGet(Booking, "id", "user")


def owned(ctx: Context, booking_id: UUID) -> Booking:
    """Raises NotFound."""
    booking = _BY_ID_AND_OWNER(booking_id, ctx.traveler_id)
    if booking is None or not modes.reaches(ctx.caller, booking.provider):
        raise NotFound("booking")
    return booking


def page(ctx: Context, request: SearchBookings) -> BookingList:
    """The traveler's bookings, newest first."""
    rows = Booking.objects.filter(modes.reached_by(ctx.caller), user_id=ctx.traveler_id).order_by("-id")
    if request.status:
        rows = rows.filter(state=request.status)
    if request.cursor:
        rows = rows.filter(id__lt=cursor.decode_id(request.cursor))
    found = rows.defer("passengers", "documents")[: request.limit + 1]
    shown, next_cursor = cursor.page(list(found), request.limit, lambda booking: [str(booking.id)])
    return BookingList(data=[BookingSummary(**summary_of(booking)) for booking in shown], next_cursor=next_cursor)


def view(booking: Booking) -> BookingView:
    amendment = under_way(booking) if booking.is_amended else None
    return BookingView(
        **summary_of(booking),
        record_locators=booking.record_locators,
        ticketing=_ticketing(booking),
        documents=booking.documents,
        payment=_payment(booking),
        offer_id=booking.offer_id,
        mode=booking.mode,
        payment_required_by=booking.payment_required_by,
        passengers=booking.people,
        slices=booking.itinerary,
        services=presentation.chosen_services(chosen_of(booking)),
        schedule_changes=schedule_changes.views(booking) if booking.is_amended else [],
        failure=_failure(booking),
        cancellation=cancellation_of(booking),
        under_way=amendment.kind if amendment else None,
        updated_at=booking.updated_at,
    )


def summary_of(booking: Booking) -> dict[str, Any]:
    slices = booking.itinerary
    return {
        "booking_id": booking.id,
        "status": booking.state,
        "record_locator": booking.locator or None,
        "provider": booking.provider,
        "route": " ".join(f"{leg['origin']['iata_code']}-{leg['destination']['iata_code']}" for leg in slices),
        "departing_at": slices[0]["segments"][0]["departing"]["local"],
        "total": MoneyView.of(booking.total),
        "created_at": booking.created_at,
    }


def _payment(booking: Booking) -> PaymentView | None:
    card = booking.payment_method
    if card is None:
        return None
    return PaymentView(
        payment_method_id=card.id,
        brand=card.brand,
        last4=card.last4,
        status=booking.payment_status,
        challenge_url=booking.challenge_url or None,
    )


def pays_with(payment_method_id: UUID) -> bool:
    """Whether a booking under way pays with the card, or money is still held on it."""
    undecided = Q(state__in=UNDER_WAY) | held_money()
    return Booking.objects.filter(undecided, payment_method_id=payment_method_id).exists()


def to_give_back(*, limit: int, now: datetime | None = None) -> list[Booking]:
    """Those first that have waited longest; `now` leaves out those whose bank was asked only just before."""
    rows = Booking.objects.filter(held_money(), steps.free(now) if now else Q())
    return list(rows.select_related("offer", "payment_method").order_by(_LONGEST_WAITING, "id")[:limit])


def _ticketing(booking: Booking) -> Literal["ticketed", "reserved_not_ticketed", "not_booked"]:
    """Confirmed is not ticketed: that takes a document for each passenger with a seat."""
    if not booking.order_id or booking.state in OVER:
        return "not_booked"
    seated = {person["slot_id"] for person in booking.people if person["type"] != PassengerType.INFANT}
    ticketed = {document["slot_id"] for document in booking.documents}
    return "ticketed" if seated <= ticketed else "reserved_not_ticketed"


def _failure(booking: Booking) -> FailureView | None:
    if not booking.failure_code:
        return None
    failure = revive(booking.failure_code, booking.failure_facts)
    return FailureView(code=failure.code, message=failure.text)


def cancellation_of(booking: Booking) -> CancellationView | None:
    if booking.state != State.CANCELLED:
        return None
    return CancellationView(
        cancelled_by=booking.cancelled_by or "airline",
        refund=_money(booking.refund_minor, booking),
        penalty=_money(booking.penalty_minor, booking),
        refund_to=booking.refund_to or None,
    )


def _money(minor: int | None, booking: Booking) -> MoneyView | None:
    return None if minor is None else MoneyView.of(Money(minor, booking.currency))


def open_bookings(*, now: datetime, limit: int, untouched_since: datetime) -> list[Booking]:
    """Undecided bookings that nobody holds, those first that have waited longest: none can starve another.

    Without those of which nothing was sent and that were touched after `untouched_since`: their callers are at it.
    """
    amended = in_the_hands_of_callers(touched_after=untouched_since).values("booking")
    recent = Q(state__in=UNPAID, updated_at__gt=untouched_since) | Q(pk__in=amended)
    rows = (
        Booking.objects.filter(steps.free(now), ~recent, state__in=OPEN)
        .select_related("offer", "payment_method")
        .order_by(_LONGEST_WAITING, "id")
    )
    return list(rows[:limit])
