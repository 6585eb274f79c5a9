"""Saved passengers, declared."""

from bookings.passenger import queries, services
from bookings.passenger.names import NameInvalid
from bookings.passenger.schemas import CreatePassenger, ListPassengers, PassengerList, PassengerView
from movmo.kit.cursor import CursorInvalid
from movmo.operations.context import Context
from movmo.operations.spec import GET, POST, Credentials, Effect, Idempotency, operation


@operation(
    "get_passengers_profile",
    rest=GET("/v1/users/{user_id}/passengers"),
    needs=Credentials.KEY_AND_USER,
    scopes=("passengers:read",),
    effect=Effect.READ,
    errors=(CursorInvalid,),
)
def get_passengers_profile(ctx: Context, request: ListPassengers) -> PassengerList:
    """List the traveler's saved passengers

    Use it before mapping people to an offer, to reuse a saved passenger instead of making a second one. Give the
    trip's departure_date to see whether each person travels as an adult (ADT), child (CHD) or infant (INF).
    Next: update_passenger puts a passenger on an offer's slot.
    """
    return queries.page(ctx, request)


@operation(
    "create_passenger_profile",
    rest=POST("/v1/users/{user_id}/passengers"),
    needs=Credentials.KEY_AND_USER,
    scopes=("passengers:write",),
    effect=Effect.WRITE,
    idempotency=Idempotency.REQUIRED,
    errors=(NameInvalid,),
)
def create_passenger_profile(ctx: Context, request: CreatePassenger) -> PassengerView:
    """Save a passenger for the traveler

    Names must be exactly as in the travel document; the answer tells how the ticket will spell them. Look with
    get_passengers_profile first, so that nobody is saved twice. Next: update_passenger.
    """
    return services.save(ctx, request)
