"""Writes of holds: the first transaction of paying for one."""

from bookings.booking import cards, queries
from bookings.booking.actors import Actor
from bookings.booking.amendment.models import Amendment
from bookings.booking.amendment.refusals import BookingBusy, HoldLapsed, check_free
from bookings.booking.amendment.services import begin
from bookings.booking.failures import PriceChanged
from bookings.booking.hold import saga as saga  # registers what it asks
from bookings.booking.hold.schemas import ConfirmHold
from bookings.booking.models import HELD_MONEY, Booking
from bookings.booking.states import State
from movmo.kit.errors import DomainError, Kind
from movmo.kit.money import amount_at
from movmo.operations.context import Context


class NotHeld(DomainError):
    kind = Kind.CONFLICT
    code = "not_held"
    message = "The booking is not held: it is {status}."
    hint = "Only a booking whose status is `held` is to be paid for. get_booking shows this one."
    example = {"status": "ticketed"}


def confirm(ctx: Context, request: ConfirmHold) -> None:
    """T1: check the rules and take the booking to `confirming`. Called inside the claim's transaction."""
    booking = queries.owned(ctx, request.booking_id)
    _check_held(booking, ctx)
    with amount_at("/expected_total/amount"):
        expected = request.expected_total.money()
    if expected != booking.total:
        raise PriceChanged.between(expected, booking.total)
    card = cards.chosen(request.payment_method_id, user_id=ctx.traveler_id, provider=booking.provider, now=ctx.now)
    begin(
        booking,
        Amendment(id=ctx.resource_id, kind=Amendment.Kind.CONFIRM_HOLD, amount_minor=expected.minor),
        after=State.CONFIRMING,
        reason="the hold is to be paid for",
        by=Actor.of(ctx.caller),
        now=ctx.now,
        payment_method=card,
        payment_status="",
        payment_reference="",
        challenge_url="",
    )


def _check_held(booking: Booking, ctx: Context) -> None:
    check_free(booking)
    if booking.state != State.HELD:
        raise NotHeld(status=booking.state)
    if booking.payment_required_by and booking.payment_required_by <= ctx.now:
        raise HoldLapsed.of(booking)
    check_money_is_back(booking)


def check_money_is_back(booking: Booking) -> None:
    """Raises BookingBusy while an earlier card has still to get its money back: only then it may be forgotten."""
    if booking.state == State.HELD and booking.payment_status in HELD_MONEY:
        raise BookingBusy(reason="an earlier payment is being given back", status=booking.state)
