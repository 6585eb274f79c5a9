"""Money that a bank holds on a card, and that pays for nothing: it belongs to the cardholder."""

from datetime import timedelta
from uuid import UUID

from django.db.models import Exists, OuterRef, Q

from bookings.booking.amendment.models import Amendment
from bookings.booking.models import GIVEN_BACK, HELD_MONEY, Booking
from bookings.booking.schemas import Mode
from bookings.booking.states import State
from movmo.kit import clock

LAPSES = timedelta(days=31)
"""No card scheme lets an authorization that nobody captures stand longer."""


def held_money() -> Q:
    """Without a sale, and a card is still held. After LAPSES the bank has let go of it, whatever it was told."""
    since = clock.now() - LAPSES
    confirmed = Amendment.objects.filter(
        booking=OuterRef("pk"), kind=Amendment.Kind.CONFIRM_HOLD, state=Amendment.State.DONE
    )
    never_sold = Q(state=State.CANCELLED, mode=Mode.HOLD) & ~Exists(confirmed)
    return (Q(state__in=GIVEN_BACK) | never_sold) & Q(payment_status__in=HELD_MONEY, updated_at__gt=since)


def refused_payments(booking: Booking) -> list[UUID]:
    """The confirmations of a hold that came to nothing, as far as anybody knew; none once another has paid, or may."""
    payments = Amendment.objects.filter(booking=booking, kind=Amendment.Kind.CONFIRM_HOLD)
    if booking.mode != Mode.HOLD or payments.exclude(state=Amendment.State.REFUSED).exists():
        return []
    return list(payments.values_list("pk", flat=True))


def is_to_be_given_back(booking: Booking) -> bool:
    """Whether money is held on a card that pays for nothing."""
    is_held = booking.payment_status in HELD_MONEY
    return is_held and Booking.objects.filter(held_money(), pk=booking.pk).exists()
