"""What a person is shown before an agent pays for a hold."""

from bookings.booking import steps
from bookings.booking.hold.schemas import ConfirmHold
from bookings.booking.proposing import proposal
from movmo.operations.approval.proposal import Price, Proposal
from movmo.operations.context import Context


def of_confirmation(ctx: Context, request: ConfirmHold) -> Proposal:
    booking = steps.reload(request.booking_id)
    return proposal(booking, verb="Pay for", price=Price(minor=booking.total_minor, currency=booking.currency))
