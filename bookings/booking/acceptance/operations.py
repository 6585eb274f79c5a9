"""Acceptances of schedule changes, declared."""

from bookings.booking.acceptance import proposing, services
from bookings.booking.acceptance.refusals import ScheduleChangeDecided, ScheduleChangeWithdrawn
from bookings.booking.acceptance.schemas import AcceptScheduleChange
from bookings.booking.amendment.refusals import (
    AirlineRefused,
    AirlineUnavailable,
    AlreadyCancelled,
    BookingBusy,
    HoldLapsed,
)
from bookings.booking.amendment.services import advance
from bookings.booking.operations import RESOURCE
from bookings.catalogue.modes import ProviderNotForKey
from movmo.kit.errors import NotFound
from movmo.operations.context import Context
from movmo.operations.spec import POST, Credentials, Effect, Idempotency, operation


@operation(
    "accept_schedule_change",
    rest=POST("/v1/users/{user_id}/bookings/{booking_id}/schedule-changes/{change_id}/acceptance"),
    needs=Credentials.KEY_AND_USER,
    scopes=("bookings:write",),
    effect=Effect.IRREVERSIBLE,
    open_world=True,
    idempotency=Idempotency.REQUIRED,
    cost=5,
    resource=RESOURCE,
    advance=advance,
    propose=proposing.of_acceptance,
    errors=(
        NotFound,
        ProviderNotForKey,
        ScheduleChangeWithdrawn,
        ScheduleChangeDecided,
        AlreadyCancelled,
        HoldLapsed,
        BookingBusy,
        AirlineRefused,
        AirlineUnavailable,
    ),
)
def accept_schedule_change(ctx: Context, request: AcceptScheduleChange) -> None:
    """Accept a new schedule that the airline has announced

    Only a change whose state is `waiting`; Movmo accepts minor ones by itself. Show the traveler its `before` and
    `after`, and accept only on their word: it cannot be undone. Not where it does not suit them: see
    quote_cancellation. While `under_way` is not empty the airline has not answered. Next: get_booking.
    """
    services.accept(ctx, request)
