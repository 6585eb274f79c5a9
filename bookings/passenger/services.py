"""Writes of saved passengers."""

from bookings.passenger import names, queries
from bookings.passenger.models import Passenger
from bookings.passenger.schemas import CreatePassenger, PassengerView
from movmo.kit.errors import InvalidArguments
from movmo.operations.context import Context


def save(ctx: Context, request: CreatePassenger) -> PassengerView:
    """Raises NameInvalid, or InvalidArguments for a birth date to come."""
    if request.birth_date > ctx.now.date():
        raise InvalidArguments({"/birth_date": "The birth date lies in the future."})
    names.as_ticketed(request.given_name, field="given_name")
    names.as_ticketed(request.family_name, field="family_name")
    passenger = Passenger.objects.create(
        id=ctx.resource_id,
        user_id=ctx.traveler_id,
        given_name=request.given_name,
        family_name=request.family_name,
        birth_date=request.birth_date,
        gender=request.gender,
        email=request.email or "",
        phone_number=request.phone_number or "",
        created_at=ctx.now,
    )
    return queries.view(passenger, on=ctx.now.date())
