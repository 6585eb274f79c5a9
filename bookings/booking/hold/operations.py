"""Holds, declared."""

from bookings.booking.amendment.refusals import (
    AirlineRefused,
    AirlineUnavailable,
    AlreadyCancelled,
    BookingBusy,
    HoldLapsed,
)
from bookings.booking.amendment.services import advance
from bookings.booking.cards import CardNotForProvider
from bookings.booking.failures import CardGone, PaymentDeclined, PaymentUnanswered, PriceChanged
from bookings.booking.hold import proposing, services
from bookings.booking.hold.schemas import ConfirmHold
from bookings.booking.hold.services import NotHeld
from bookings.booking.operations import RESOURCE
from bookings.catalogue.modes import ProviderNotForKey
from bookings.payment_method.services import CardExpired
from movmo.kit.errors import NotFound
from movmo.kit.money import AmountInvalid
from movmo.operations.context import Context
from movmo.operations.spec import POST, Credentials, Effect, Idempotency, operation


@operation(
    "confirm_hold",
    rest=POST("/v1/users/{user_id}/bookings/{booking_id}/confirmation"),
    needs=Credentials.KEY_AND_USER,
    scopes=("bookings:write",),
    effect=Effect.IRREVERSIBLE,
    open_world=True,
    idempotency=Idempotency.REQUIRED,
    cost=10,
    resource=RESOURCE,
    advance=advance,
    propose=proposing.of_confirmation,
    errors=(
        NotFound,
        ProviderNotForKey,
        NotHeld,
        HoldLapsed,
        AlreadyCancelled,
        BookingBusy,
        PriceChanged,
        AmountInvalid,
        CardExpired,
        CardNotForProvider,
        PaymentDeclined,
        CardGone,
        PaymentUnanswered,
        AirlineRefused,
        AirlineUnavailable,
    ),
)
def confirm_hold(ctx: Context, request: ConfirmHold) -> None:
    """Pay for a held booking, so that it is confirmed and ticketed

    Spends the traveler's money: show them the total and when it has to be paid (`payment_required_by`), and confirm
    only on their word. Not for a booking that was made with mode `instant`. After a refusal the booking is held as
    before, unless its time is over. While the answer's status is `confirming` or `requires_action` it is not decided.
    Next: get_booking.
    """
    services.confirm(ctx, request)
