"""Writes of saved passengers."""

from datetime import date
from typing import Any
from uuid import UUID

from bookings.passenger import names, queries
from bookings.passenger.identity_document.models import IdentityDocument
from bookings.passenger.models import Passenger
from bookings.passenger.schemas import (
    CreatePassenger,
    NamePassenger,
    PassengerDeleted,
    PassengerView,
    ReplacePassenger,
)
from movmo.kit.errors import InvalidArguments
from movmo.operations.approval import mandates
from movmo.operations.context import Context

WHO = ("given_name", "family_name", "birth_date")


def save(ctx: Context, request: CreatePassenger) -> PassengerView:
    """Raises NameInvalid, or InvalidArguments for a birth date to come."""
    passenger = Passenger(
        id=ctx.resource_id, user_id=ctx.traveler_id, created_at=ctx.now, **_fields(request, today=ctx.now.date())
    )
    passenger.save(force_insert=True)
    return queries.view(passenger, on=ctx.now.date())


def replace(ctx: Context, request: ReplacePassenger) -> PassengerView:
    """Every field anew. What is booked already stays as it was booked. Raises as `save`, or NotFound.

    What an agent may spend for this passenger without asking, it may for the person who was meant: else it would make
    somebody else of them first.
    """
    fields = _fields(request, today=ctx.now.date())
    passenger = _held(ctx, request.passenger_id)
    if any(getattr(passenger, name) != fields[name] for name in WHO):
        mandates.revoke_all_for(passenger.pk, by=ctx.caller, user_id=ctx.traveler_id, now=ctx.now)
    for name, value in fields.items():
        setattr(passenger, name, value)
    passenger.save(update_fields=list(fields))
    return queries.view(passenger, on=ctx.now.date())


def delete(ctx: Context, request: NamePassenger) -> PassengerDeleted:
    """Gone from lists and for new bookings; in bookings made, the person stays, with the document they were made with.

    The documents go: nothing would ever show them again, nor could anybody delete them. Raises NotFound.
    """
    passenger = _held(ctx, request.passenger_id)
    IdentityDocument.objects.filter(passenger=passenger).delete()
    passenger.deleted_at = ctx.now
    passenger.save(update_fields=["deleted_at"])
    return PassengerDeleted(passenger_id=passenger.id)


def _held(ctx: Context, passenger_id: UUID) -> Passenger:
    """The passenger, and the row: of a replacement and a deletion at once, the second sees what the first did.

    Updating a row to what it is holds it on both databases until the transaction ends. Raises NotFound.
    """
    Passenger.objects.filter(pk=passenger_id, user_id=ctx.traveler_id, deleted_at=None).update(deleted_at=None)
    return queries.saved(user_id=ctx.traveler_id, passenger_id=passenger_id)


def _fields(request: CreatePassenger | ReplacePassenger, *, today: date) -> dict[str, Any]:
    """The columns of a person. Raises NameInvalid, or InvalidArguments for a birth date to come."""
    check_birth_date(request.birth_date, today=today)
    names.check(request.given_name, field="given_name")
    names.check(request.family_name, field="family_name")
    return {
        "given_name": request.given_name,
        "family_name": request.family_name,
        "birth_date": request.birth_date,
        "gender": request.gender,
        "nationality": request.nationality or "",
        "email": request.email or "",
        "phone_number": request.phone_number or "",
        "loyalty_programmes": [programme.model_dump() for programme in request.loyalty_programmes],
    }


def check_birth_date(birth_date: date, *, today: date) -> None:
    """Raises InvalidArguments for one to come."""
    if birth_date > today:
        raise InvalidArguments({"/birth_date": "The birth date lies in the future."})
