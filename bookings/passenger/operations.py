"""Saved passengers, declared."""

from bookings.passenger import proposing, queries, services
from bookings.passenger.names import NameInvalid
from bookings.passenger.schemas import (
    CreatePassenger,
    GetPassenger,
    ListPassengers,
    NamePassenger,
    PassengerDeleted,
    PassengerList,
    PassengerView,
    ReplacePassenger,
)
from movmo.kit.cursor import CursorInvalid
from movmo.kit.errors import NotFound
from movmo.operations.context import Context
from movmo.operations.spec import DELETE, GET, POST, PUT, Credentials, Effect, Idempotency, operation

RESOURCE = "passengers://v1/{passenger_id}"


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
    Not for the account's owner: that is get_user_profile. Next: update_passenger puts a passenger on an offer's slot.
    """
    return queries.page(ctx, request)


@operation(
    "get_passenger",
    rest=GET("/v1/users/{user_id}/passengers/{passenger_id}"),
    needs=Credentials.KEY_AND_USER,
    scopes=("passengers:read",),
    effect=Effect.READ,
    resource=RESOURCE,
    errors=(NotFound,),
    tool=False,
    readable=True,
)
def get_passenger(ctx: Context, request: GetPassenger) -> PassengerView:
    """Read one saved passenger

    With `departure_date` the answer says how the person travels on that day: adult (ADT), child (CHD) or infant (INF).
    """
    return queries.read(ctx, request)


@operation(
    "create_passenger_profile",
    rest=POST("/v1/users/{user_id}/passengers"),
    needs=Credentials.KEY_AND_USER,
    scopes=("passengers:write",),
    effect=Effect.WRITE,
    idempotency=Idempotency.REQUIRED,
    resource=RESOURCE,
    errors=(NameInvalid,),
)
def create_passenger_profile(ctx: Context, request: CreatePassenger) -> PassengerView:
    """Save a passenger for the traveler

    Names must be exactly as in the travel document; the answer tells how the ticket will spell them. Not for
    somebody who is saved already: look with get_passengers_profile first. Next: update_passenger.
    """
    return services.save(ctx, request)


@operation(
    "update_passenger_profile",
    rest=PUT("/v1/users/{user_id}/passengers/{passenger_id}"),
    needs=Credentials.KEY_AND_USER,
    scopes=("passengers:write",),
    effect=Effect.WRITE,
    resource=RESOURCE,
    errors=(NotFound, NameInvalid),
)
def update_passenger_profile(ctx: Context, request: ReplacePassenger) -> PassengerView:
    """Replace a saved passenger's details

    Send every field, also those that stay as they are, with null or an empty list for what there is not. Read the
    present values with get_passengers_profile first. Not for bookings already made: they keep the person as booked, and
    an airline corrects them. Next: update_passenger.
    """
    return services.replace(ctx, request)


@operation(
    "delete_passenger_profile",
    rest=DELETE("/v1/users/{user_id}/passengers/{passenger_id}"),
    needs=Credentials.KEY_AND_USER,
    scopes=("passengers:write",),
    effect=Effect.IRREVERSIBLE,
    propose=proposing.of_deletion,
    errors=(NotFound,),
)
def delete_passenger_profile(ctx: Context, request: NamePassenger) -> PassengerDeleted:
    """Delete a saved passenger

    The person disappears from the traveler's list and cannot be put on offers any more. Bookings keep them. This
    cannot be undone: ask the traveler first. Not to change details: that is update_passenger_profile. Next:
    get_passengers_profile.
    """
    return services.delete(ctx, request)
